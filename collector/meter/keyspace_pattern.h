// KeyspacePattern: one entry of a tap's `keyspaces:`, such as "user:*".
//
// `*` stands for any bytes, none included, and `?` for any one byte; everything else for itself, byte by
// byte. A pattern covers the whole key.
//
// Immutable, so any thread may match. Matching allocates nothing, and takes at most size of key times size of
// pattern steps.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sidelight::meter {

class KeyspacePattern {
 public:
  static constexpr size_t kLongest = 128;

  // kInvalidArgument with a sentence that says what is wrong and what a pattern looks like.
  static Result<KeyspacePattern> Parse(std::string_view text);

  // As it was written: the value of cache_keyspace.
  const std::string& text() const { return text_; }

  bool Matches(std::string_view key) const {
    if (!key.starts_with(std::string_view(text_).substr(0, literal_))) return false;
    if (literal_ == text_.size()) return key.size() == literal_;
    if (open_end_) return true;
    return MatchesRest(key.substr(literal_));
  }

  friend bool operator==(const KeyspacePattern&, const KeyspacePattern&) = default;

 private:
  bool MatchesRest(std::string_view key) const;

  std::string text_;
  size_t literal_ = 0;     // bytes before the first wildcard
  bool open_end_ = false;  // a single `*` after them, and nothing else
};

}  // namespace sidelight::meter
