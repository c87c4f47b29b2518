// TargetReader: takes the path out of a request target (RFC 9112 section 3.2), piece by piece as it arrives.
// The query, the fragment, and the scheme and authority of an absolute form are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sidelight::http1 {

class TargetReader {
 public:
  // A longer path is cut here, in bytes.
  static constexpr size_t kMaxPath = 1024;

  // A new request. `authority_form`: it is a CONNECT, whose target has no path.
  void Begin(bool authority_form);
  // The next piece of the target; its share of the path is appended to `out`.
  void Append(std::string_view piece, std::string& out);
  // The target is whole. An absolute form without a path names "/".
  void End(std::string& out);

  // Of the present target, what was appended.
  size_t length() const { return length_; }

 private:
  enum class State : uint8_t { kStart, kScheme, kAuthority, kPath, kDone };

  void Take(std::string_view path, std::string& out);

  State state_ = State::kDone;
  uint8_t slashes_ = 0;  // of the two between scheme and authority
  uint16_t length_ = 0;
};

}  // namespace sidelight::http1
