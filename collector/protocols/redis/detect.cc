#include "collector/protocols/redis/detect.h"

#include <algorithm>

#include "collector/protocols/redis/commands.h"

namespace sidelight::redis {
namespace {

// "*2\r\n$": the count of a command's words is at least 1 and at most as long as that of the largest.
Likeness ArrayLikeness(std::string_view prefix) {
  constexpr size_t kMaxDigits = 10;
  size_t at = 1;
  while (at < prefix.size() && at <= kMaxDigits && prefix[at] >= '0' && prefix[at] <= '9') ++at;
  if (at > 1 && prefix[1] == '0') return Likeness::kNo;
  constexpr std::string_view kBehindCount = "\r\n$";
  const std::string_view behind = prefix.substr(at, kBehindCount.size());
  if (behind.empty()) return Likeness::kMaybe;
  if (at == 1 || !kBehindCount.starts_with(behind)) return Likeness::kNo;
  return behind == kBehindCount ? Likeness::kYes : Likeness::kMaybe;
}

Likeness InlineLikeness(std::string_view prefix) {
  const size_t end = prefix.find_first_of(" \r\n");
  const std::string_view word = prefix.substr(0, end);
  if (word.empty() || word.size() > kMaxName) return Likeness::kNo;
  if (end == std::string_view::npos) return Likeness::kMaybe;
  return &FindCommand(word) != &Commands().front() ? Likeness::kYes : Likeness::kNo;
}

}  // namespace

Likeness LikenessOf(std::string_view prefix) {
  // Empty lines before a command are passed over.
  prefix.remove_prefix(std::min(prefix.find_first_not_of("\r\n"), prefix.size()));
  if (prefix.empty()) return Likeness::kMaybe;
  if (prefix[0] == '*') return ArrayLikeness(prefix);
  const auto may_be_in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  return may_be_in_name(prefix[0]) ? InlineLikeness(prefix) : Likeness::kNo;
}

}  // namespace sidelight::redis
