#include "collector/meter/route_pattern.h"

#include <fmt/format.h>

#include <algorithm>

namespace sidelight::meter {
namespace {

constexpr std::string_view kHow =
    "a pattern looks like \"/api/v1/orders/{id}\": it starts with '/', each segment is a literal or {name}, "
    "and "
    "the last one may be * or {name...}";

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 3986's pchar, without '*', which is a wildcard here.
bool IsLiteralByte(char c) {
  return IsAlnum(c) || std::string_view("-._~%!$&'()+,;=:@").find(c) != std::string_view::npos;
}

bool IsParameterName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return IsAlnum(c) || c == '_' || c == '-' || c == '.'; });
}

tl::unexpected<Error> Refuse(std::string_view pattern, std::string_view why) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("\"{}\" is no route pattern: {}; {}", pattern, why, kHow));
}

}  // namespace

Result<RoutePattern> RoutePattern::Parse(std::string_view text) {
  if (text.empty() || text.front() != '/') return Refuse(text, "it does not start with '/'");
  RoutePattern pattern;
  pattern.text_ = text;
  std::string_view rest = text.substr(1);
  bool after_rest = false;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (word.empty()) return Refuse(text, "it has an empty segment");
    if (after_rest) return Refuse(text, "only the last segment may stand for the rest of the path");
    if (pattern.segments_.size() == PathSegments::kMax) {
      return Refuse(text, fmt::format("it has more than {} segments", PathSegments::kMax));
    }
    Segment segment;
    if (word == "*") {
      segment.kind = Kind::kRest;
    } else if (word.front() == '{') {
      if (word.back() != '}') return Refuse(text, fmt::format("\"{}\" does not end with '}}'", word));
      std::string_view name = word.substr(1, word.size() - 2);
      segment.kind = Kind::kParameter;
      if (name.size() >= 3 && name.substr(name.size() - 3) == "...") {
        segment.kind = Kind::kRest;
        name.remove_suffix(3);
      }
      if (!IsParameterName(name)) {
        return Refuse(text,
                      fmt::format("\"{}\" needs a name of letters, digits and '_' in its braces", word));
      }
    } else if (word.front() == ':' && IsParameterName(word.substr(1))) {
      return Refuse(text, fmt::format("\"{}\" is written {{{}}} here", word, word.substr(1)));
    } else {
      const auto bad = std::find_if_not(word.begin(), word.end(), IsLiteralByte);
      if (bad != word.end()) {
        if (*bad == '?' || *bad == '#') return Refuse(text, "the query is no part of it");
        return Refuse(text, fmt::format("\"{}\" is neither a literal nor {{name}}", word));
      }
      segment.literal = PercentDecode(word);
    }
    after_rest = segment.kind == Kind::kRest;
    pattern.segments_.push_back(std::move(segment));
  }
  return pattern;
}

bool RoutePattern::Matches(const PathSegments& path) const {
  const auto segments = path.segments();
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].kind == Kind::kRest) return path.is_path();
    if (i == segments.size()) return false;
    if (segments_[i].kind == Kind::kLiteral && segments_[i].literal != segments[i]) return false;
  }
  return path.is_path() && !path.truncated() && segments.size() == segments_.size();
}

bool RoutePattern::SamePaths(const RoutePattern& other) const {
  return std::equal(
      segments_.begin(), segments_.end(), other.segments_.begin(), other.segments_.end(),
      [](const Segment& a, const Segment& b) { return a.kind == b.kind && a.literal == b.literal; });
}

bool RoutePattern::MoreSpecificThan(const RoutePattern& other) const {
  return std::lexicographical_compare(segments_.begin(), segments_.end(), other.segments_.begin(),
                                      other.segments_.end(),
                                      [](const Segment& a, const Segment& b) { return a.kind < b.kind; });
}

}  // namespace sidelight::meter
