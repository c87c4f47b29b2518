#include "collector/meter/keyspace_pattern.h"

#include <fmt/format.h>

#include <algorithm>

namespace sidelight::meter {
namespace {

constexpr std::string_view kHow =
    "a pattern looks like \"user:*\": `*` stands for any characters and `?` for any one";

tl::unexpected<Error> Refuse(std::string_view pattern, std::string_view why) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("\"{}\" is no keyspace pattern: {}; {}", pattern, why, kHow));
}

}  // namespace

Result<KeyspacePattern> KeyspacePattern::Parse(std::string_view text) {
  if (text.empty()) return Refuse(text, "it is empty");
  if (text.size() > kLongest) {
    return Refuse(text.substr(0, 20), fmt::format("it has {} bytes and may have {}", text.size(), kLongest));
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return Refuse("...", "it has a control character in it");
    if (c == '[' || c == ']' || c == '\\') {
      return Refuse(text,
                    fmt::format("sets and escapes are not known here, so it cannot have '{}' in it", c));
    }
  }
  KeyspacePattern pattern;
  pattern.text_ = text;
  pattern.literal_ = std::min(text.find_first_of("*?"), text.size());
  pattern.open_end_ = text.substr(pattern.literal_) == "*";
  return pattern;
}

bool KeyspacePattern::MatchesRest(std::string_view key) const {
  const std::string_view pattern = std::string_view(text_).substr(literal_);
  constexpr size_t kNone = std::string_view::npos;
  size_t at = 0;         // in key
  size_t next = 0;       // in pattern
  size_t star = kNone;   // the last `*`, which may take one byte more when the rest does not fit
  size_t star_from = 0;  // where in the key that one begins again
  while (at < key.size()) {
    if (next < pattern.size() && pattern[next] == '*') {
      star = next++;
      star_from = at;
    } else if (next < pattern.size() && (pattern[next] == '?' || pattern[next] == key[at])) {
      ++next;
      ++at;
    } else if (star != kNone) {
      next = star + 1;
      at = ++star_from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', next) == kNone;
}

}  // namespace sidelight::meter
