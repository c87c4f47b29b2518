#include "rules/promql/token.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rules/promql/printer.h"
#include "rules/promql/quoting.h"

namespace sidelight::promql {
namespace {

using Keyword = std::pair<std::string_view, TokenKind>;

// Sorted by the word.
constexpr auto kKeywords = std::to_array<Keyword>({
    {"anchored", TokenKind::kAnchored},
    {"and", TokenKind::kAnd},
    {"atan2", TokenKind::kAtan2},
    {"avg", TokenKind::kAvg},
    {"bool", TokenKind::kBool},
    {"bottomk", TokenKind::kBottomk},
    {"by", TokenKind::kBy},
    {"count", TokenKind::kCount},
    {"count_values", TokenKind::kCountValues},
    {"end", TokenKind::kEndWord},
    {"fill", TokenKind::kFill},
    {"fill_left", TokenKind::kFillLeft},
    {"fill_right", TokenKind::kFillRight},
    {"group", TokenKind::kGroup},
    {"group_left", TokenKind::kGroupLeft},
    {"group_right", TokenKind::kGroupRight},
    {"ignoring", TokenKind::kIgnoring},
    {"inf", TokenKind::kNumber},
    {"limit_ratio", TokenKind::kLimitRatio},
    {"limitk", TokenKind::kLimitk},
    {"max", TokenKind::kMax},
    {"min", TokenKind::kMin},
    {"nan", TokenKind::kNumber},
    {"offset", TokenKind::kOffset},
    {"on", TokenKind::kOn},
    {"or", TokenKind::kOr},
    {"quantile", TokenKind::kQuantile},
    {"range", TokenKind::kRangeWord},
    {"smoothed", TokenKind::kSmoothed},
    {"start", TokenKind::kStartWord},
    {"stddev", TokenKind::kStddev},
    {"stdvar", TokenKind::kStdvar},
    {"step", TokenKind::kStepWord},
    {"sum", TokenKind::kSum},
    {"topk", TokenKind::kTopk},
    {"unless", TokenKind::kUnless},
    {"without", TokenKind::kWithout},
});

constexpr size_t kLongestKeyword = 12;
constexpr size_t kShownText = 10;

std::string Bracketed(std::string_view what, std::string_view text) {
  std::string out = "<";
  return out.append(what).append(text) += '>';
}

// Numbers and strings: the start of a long one is enough.
std::string Shown(std::string_view text) {
  if (text.size() <= kShownText) return Quote(text);
  return Quote(Utf8Prefix(text, kShownText)) + "...";
}

}  // namespace

TokenKind KeywordKind(std::string_view word) {
  if (word.size() > kLongestKeyword) return TokenKind::kIdentifier;
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  const auto* const found =
      std::lower_bound(kKeywords.begin(), kKeywords.end(), lower,
                       [](const Keyword& keyword, const std::string& key) { return keyword.first < key; });
  return found != kKeywords.end() && found->first == lower ? found->second : TokenKind::kIdentifier;
}

bool IsMetricName(TokenKind kind) {
  switch (kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kMetricIdentifier:
    case TokenKind::kAnd:
    case TokenKind::kOr:
    case TokenKind::kUnless:
    case TokenKind::kOffset:
    case TokenKind::kBy:
    case TokenKind::kWithout:
      return true;
    default:
      return IsAggregateOp(kind) || kind >= TokenKind::kAnchored;
  }
}

bool IsLabelName(TokenKind kind) {
  return IsMetricName(kind) || kind == TokenKind::kAtan2 || kind >= TokenKind::kOffset;
}

std::string Describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEnd:
      return "end of input";
    case TokenKind::kIdentifier:
      return "identifier " + Quote(token.text);
    case TokenKind::kMetricIdentifier:
      return "metric identifier " + Quote(token.text);
    case TokenKind::kNumber:
      return "number " + Shown(token.text);
    case TokenKind::kDuration:
      return "duration " + Shown(token.text);
    case TokenKind::kString:
      return "string " + Shown(token.text);
    default:
      break;
  }
  if (IsBinaryOp(token.kind) || token.kind == TokenKind::kAt || token.kind == TokenKind::kRegexMatch ||
      token.kind == TokenKind::kRegexNotMatch) {
    return Bracketed("op:", token.text);
  }
  if (IsAggregateOp(token.kind)) return Bracketed("aggr:", token.text);
  if (token.kind >= TokenKind::kOffset && token.kind <= TokenKind::kFillRight) {
    return Bracketed("", token.text);
  }
  return Quote(token.text);
}

}  // namespace sidelight::promql
