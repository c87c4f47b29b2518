#include "collector/protocols/http1/detect.h"

#include <algorithm>

#include "collector/protocols/http1/methods.h"

namespace sidelight::http1 {
namespace {

bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool IsAlpha(char c) {
  return IsLower(c) || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
// tchar of RFC 9110, section 5.6.2
bool IsToken(char c) {
  return IsAlpha(c) || IsDigit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsMethod(std::string_view token) {
  return KnownMethods::FromEnvironment().Canonical(token) != kOtherMethod ||
         std::none_of(token.begin(), token.end(), IsLower);
}

// Of the four forms of a target (RFC 9112, section 3.2), by how it begins.
Likeness TargetLikeness(std::string_view method, std::string_view target, bool whole) {
  if (target.empty()) return whole ? Likeness::kNo : Likeness::kMaybe;
  if (target[0] == '/' || target == "*") return Likeness::kYes;
  if (method == "CONNECT") return Likeness::kYes;
  if (!IsAlpha(target[0])) return Likeness::kNo;
  size_t scheme = 0;
  while (scheme < target.size() && (IsAlpha(target[scheme]) || IsDigit(target[scheme]))) ++scheme;
  constexpr std::string_view kBehindScheme = "://";
  const std::string_view behind = target.substr(scheme, kBehindScheme.size());
  if (behind == kBehindScheme) return Likeness::kYes;
  return kBehindScheme.starts_with(behind) && !whole ? Likeness::kMaybe : Likeness::kNo;
}

}  // namespace

Likeness LikenessOf(std::string_view prefix) {
  const bool full = prefix.size() >= kMaxPrefix;
  // Empty lines before a request are passed over.
  prefix.remove_prefix(std::min(prefix.find_first_not_of("\r\n"), prefix.size()));

  if (prefix.empty()) return Likeness::kMaybe;
  if (!IsAlpha(prefix[0])) return Likeness::kNo;
  size_t length = 0;
  while (length < prefix.size() && IsToken(prefix[length])) ++length;
  if (length == prefix.size()) return Likeness::kMaybe;
  const std::string_view method = prefix.substr(0, length);
  if (prefix[length] != ' ' || !IsMethod(method)) return Likeness::kNo;

  prefix.remove_prefix(length + 1);
  const size_t end = prefix.find_first_of(" \r\n");
  const bool whole = end != std::string_view::npos;
  const Likeness target = TargetLikeness(method, prefix.substr(0, end), whole);
  if (target == Likeness::kNo) return Likeness::kNo;
  if (!whole) return full ? target : Likeness::kMaybe;

  constexpr std::string_view kVersion = " HTTP/1";
  const std::string_view version = prefix.substr(end, kVersion.size());
  if (!kVersion.starts_with(version)) return Likeness::kNo;
  // Whose line is cut by the limit of what is kept has said enough.
  return version == kVersion || full ? Likeness::kYes : Likeness::kMaybe;
}

}  // namespace sidelight::http1
