// Words: the values of one label of one tap, as far as they come from outside: the first `limit` of them,
// then
// "_OTHER"; so that whatever a client makes up, the series of a tap stay bounded.
//
// Thread-safe. Slow: ask once for each kind of exchange.
#pragma once

#include <tsl/robin_set.h>

#include <mutex>
#include <string>
#include <string_view>

namespace sidelight::meter {

class Words {
 public:
  explicit Words(size_t limit) : limit_(limit) {}

  // The word itself, or "_OTHER" for one too many and for what is no UTF-8. "" is always itself.
  std::string_view Admit(std::string_view word);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
  };

  const size_t limit_;
  std::mutex mutex_;
  tsl::robin_set<std::string, Hash, std::equal_to<>> words_;
};

}  // namespace sidelight::meter
