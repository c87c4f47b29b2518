// Selectors, and the labels of one series.
#include <algorithm>

#include "core/base/utf8.h"
#include "rules/promql/grammar.h"
#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

constexpr std::string_view kMetricName = "__name__";
constexpr std::string_view kMatching = "label matching";
constexpr std::string_view kLabelSet = "label set";

// Instructions, of some 16 bytes, that all regular expressions of a text may take together; and what the
// smallest one counts for, with all that belongs to it.
constexpr size_t kMaxRegexSize = 1'000'000;
constexpr size_t kMinRegexSize = 64;

std::optional<Matcher::Type> MatcherTypeOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAssign:
      return Matcher::Type::kEqual;
    case TokenKind::kNotEqual:
      return Matcher::Type::kNotEqual;
    case TokenKind::kRegexMatch:
      return Matcher::Type::kRegex;
    case TokenKind::kRegexNotMatch:
      return Matcher::Type::kNotRegex;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::unique_ptr<VectorSelector> Grammar::Selector() {
  auto selector = std::make_unique<VectorSelector>();
  selector->type = ValueType::kVector;
  selector->position.start = Peek().position.start;
  if (!PeekIs(TokenKind::kLeftBrace)) {
    const Token name = Take();
    if (!NameMatcher(selector.get(), name, std::string(name.text))) return nullptr;
  }
  if (TakeIf(TokenKind::kLeftBrace) && !LabelMatchers(selector.get())) return nullptr;
  selector->position.end = last_end_;
  return selector;
}

// `a="b", "c d"=~"e"}`
bool Grammar::LabelMatchers(VectorSelector* selector) {
  while (!TakeIf(TokenKind::kRightBrace)) {
    if (!LabelMatcher(selector)) return false;
    if (!PeekIs(TokenKind::kRightBrace) && !Expect(TokenKind::kComma, kMatching, "\",\" or \"}\"")) {
      return false;
    }
  }
  return true;
}

bool Grammar::NameMatcher(VectorSelector* selector, const Token& token, std::string name) {
  if (!selector->name.empty()) {
    return Fail({selector->position.start, token.position.end},
                "metric name must not be set twice: " + Quote(selector->name) + " or " + Quote(name));
  }
  Result<Matcher> matcher = Matcher::Make(Matcher::Type::kEqual, std::string(kMetricName), name);
  if (!matcher) return Fail(token.position, matcher.error().message);
  selector->matchers.insert(selector->matchers.begin(), std::move(*matcher));
  selector->name = std::move(name);
  return true;
}

bool Grammar::LabelMatcher(VectorSelector* selector) {
  if (!PeekIs(TokenKind::kIdentifier) && !PeekIs(TokenKind::kString)) {
    return Unexpected(kMatching, "identifier or \"}\"");
  }
  Token label = Take();
  const bool quoted = label.kind == TokenKind::kString;
  std::string name = quoted ? std::move(label.value) : std::string(label.text);
  if (!IsValidUtf8(name)) return Fail(label.position, "invalid metric name or label name " + Quote(name));
  const std::optional<Matcher::Type> type = MatcherTypeOf(Peek().kind);
  if (!type) {
    const bool ends = PeekIs(TokenKind::kComma) || PeekIs(TokenKind::kRightBrace);
    if (quoted && ends) return NameMatcher(selector, label, std::move(name));
    return Unexpected(kMatching, "label matching operator");
  }
  if (name.empty()) return Fail(label.position, "invalid metric name or label name " + Quote(name));
  Take();
  if (!PeekIs(TokenKind::kString)) return Unexpected(kMatching, "string");
  Token value = Take();
  Result<Matcher> matcher = Matcher::Make(*type, std::move(name), std::move(value.value));
  if (!matcher) {
    return Fail({label.position.start, value.position.end},
                "error parsing regexp: " + matcher.error().message);
  }
  if (*type == Matcher::Type::kRegex || *type == Matcher::Type::kNotRegex) {
    regex_size_ += std::max(matcher->program_size(), kMinRegexSize);
    if (regex_size_ > kMaxRegexSize) {
      return Fail({label.position.start, value.position.end},
                  "the regular expressions up to here are too large, all of them together",
                  ErrorCode::kLimit);
    }
  }
  selector->matchers.push_back(std::move(*matcher));
  return true;
}

std::optional<Labels> Grammar::Metric(size_t* end) {
  std::vector<std::pair<std::string, std::string>> labels;
  if (IsMetricName(Peek().kind)) {
    labels.emplace_back(kMetricName, Take().text);
  } else if (!PeekIs(TokenKind::kLeftBrace)) {
    Unexpected();
    return std::nullopt;
  }
  // Two braces are a histogram's, which may follow in a list of samples.
  const size_t brace = text_.find_first_not_of(" \t\n\r", last_end_);
  const bool braces = brace != std::string_view::npos && text_[brace] == '{' &&
                      !(last_end_ > 0 && text_.substr(brace).starts_with("{{"));
  if (braces) {
    Take();
    while (!TakeIf(TokenKind::kRightBrace)) {
      if (!MetricLabel(&labels)) return std::nullopt;
      if (PeekIs(TokenKind::kRightBrace)) continue;
      if (!Expect(TokenKind::kComma, kLabelSet, "\",\" or \"}\"")) return std::nullopt;
    }
  }
  *end = last_end_;
  std::vector<Label> views;
  for (const auto& [name, value] : labels) views.push_back({name, value});
  return Labels(views);
}

bool Grammar::MetricLabel(std::vector<std::pair<std::string, std::string>>* labels) {
  if (!PeekIs(TokenKind::kIdentifier) && !PeekIs(TokenKind::kString)) {
    return Unexpected(kLabelSet, "identifier or \"}\"");
  }
  Token label = Take();
  const bool quoted = label.kind == TokenKind::kString;
  std::string name = quoted ? std::move(label.value) : std::string(label.text);
  if (name.empty() || !IsValidUtf8(name)) {
    return Fail(label.position, "invalid metric name or label name " + Quote(name));
  }
  if (quoted && !PeekIs(TokenKind::kAssign)) {
    labels->emplace_back(kMetricName, std::move(name));
    return true;
  }
  if (!Expect(TokenKind::kAssign, kLabelSet, "\"=\"")) return false;
  if (!PeekIs(TokenKind::kString)) return Unexpected(kLabelSet, "string");
  Token value = Take();
  if (!IsValidUtf8(value.value)) {
    return Fail(value.position, "invalid label value " + Quote(value.value));
  }
  labels->emplace_back(std::move(name), std::move(value.value));
  return true;
}

}  // namespace sidelight::promql
