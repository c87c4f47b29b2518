// What may stand behind a binary operator: bool, on, ignoring, group_left, group_right, fill; and the lists
// of labels, which aggregations have too.
#include "core/base/utf8.h"
#include "rules/promql/grammar.h"
#include "rules/promql/printer.h"

namespace sidelight::promql {

bool Grammar::BinaryModifiers(Binary* binary) {
  VectorMatching& matching = binary->matching.emplace();
  if (IsSetOperator(binary->op)) matching.cardinality = VectorMatching::Cardinality::kManyToMany;
  binary->return_bool = TakeIf(TokenKind::kBool);
  if (PeekIs(TokenKind::kOn) || PeekIs(TokenKind::kIgnoring)) {
    matching.on = Take().kind == TokenKind::kOn;
    if (!GroupingLabels(&matching.labels)) return false;
    if (PeekIs(TokenKind::kGroupLeft) || PeekIs(TokenKind::kGroupRight)) {
      const bool left = Take().kind == TokenKind::kGroupLeft;
      matching.cardinality =
          left ? VectorMatching::Cardinality::kManyToOne : VectorMatching::Cardinality::kOneToMany;
      if (PeekIs(TokenKind::kLeftParen) && !GroupingLabels(&matching.include)) return false;
    }
  }
  return FillModifiers(&matching);
}

// They are words that may name a metric too, unless a parenthesis follows.
bool Grammar::FillModifiers(VectorMatching* matching) {
  while (PeekIs(TokenKind::kLeftParen, 1)) {
    const TokenKind kind = Peek().kind;
    const bool left = kind == TokenKind::kFill || kind == TokenKind::kFillLeft;
    const bool right = kind == TokenKind::kFill || kind == TokenKind::kFillRight;
    if (!left && !right) break;
    const bool again = (left && matching->fill_left) || (right && matching->fill_right);
    if (again) return Unexpected();
    const Token word = Take();
    if (!options_.experimental) {
      return Fail(word.position, "binop fill modifiers are experimental and not enabled");
    }
    Take();
    const bool negative = PeekIs(TokenKind::kSub);
    if (negative || PeekIs(TokenKind::kAdd)) Take();
    if (!PeekIs(TokenKind::kNumber) && !PeekIs(TokenKind::kDuration)) return Unexpected("fill", "number");
    const std::optional<double> value = NumberValue(Take());
    if (!value || !Expect(TokenKind::kRightParen, "fill", "\")\"")) return false;
    if (left) matching->fill_left = negative ? -*value : *value;
    if (right) matching->fill_right = negative ? -*value : *value;
  }
  return true;
}

bool Grammar::GroupingLabels(std::vector<std::string>* labels) {
  constexpr std::string_view kWhere = "grouping opts";
  if (!Expect(TokenKind::kLeftParen, kWhere, "\"(\"")) return false;
  while (!TakeIf(TokenKind::kRightParen)) {
    if (!IsLabelName(Peek().kind) && !PeekIs(TokenKind::kString)) return Unexpected(kWhere, "label");
    Token token = Take();
    std::string name = token.kind == TokenKind::kString ? std::move(token.value) : std::string(token.text);
    if (name.empty() || !IsValidUtf8(name)) {
      return Fail(token.position, "invalid label name for grouping: " + Quote(name));
    }
    labels->push_back(std::move(name));
    if (!PeekIs(TokenKind::kRightParen) && !Expect(TokenKind::kComma, kWhere, "\",\" or \")\"")) return false;
  }
  return true;
}

}  // namespace sidelight::promql
