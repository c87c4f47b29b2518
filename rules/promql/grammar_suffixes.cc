// What may stand behind an expression: [range], [range:step], offset, @, anchored, smoothed.
#include <fmt/format.h>

#include <cmath>

#include "rules/promql/grammar.h"

namespace sidelight::promql {
namespace {

constexpr std::string_view kDurationStart = "number, duration, step(), or range()";
constexpr std::string_view kPreceded =
    " must be preceded by an instant vector selector or range vector selector or a subquery";

// The modifiers of what may have some; null members where it may not.
struct Modifiers {
  DurationValue* offset = nullptr;
  AtModifier* at = nullptr;
};

Modifiers ModifiersOf(Expr* expr) {
  switch (expr->kind) {
    case Expr::Kind::kVectorSelector: {
      auto& selector = As<VectorSelector>(*expr);
      return {&selector.offset, &selector.at};
    }
    case Expr::Kind::kMatrixSelector: {
      VectorSelector& selector = *As<MatrixSelector>(*expr).selector;
      return {&selector.offset, &selector.at};
    }
    case Expr::Kind::kSubquery: {
      auto& subquery = As<Subquery>(*expr);
      return {&subquery.offset, &subquery.at};
    }
    default:
      return {};
  }
}

bool IsSet(const DurationValue& duration) {
  return duration.millis != 0 || duration.expr != nullptr;
}

}  // namespace

Grammar::Tree Grammar::Brackets(Tree tree) {
  const Token bracket = Take();
  DurationValue range;
  {
    const Within brackets(this, "subquery or range selector", kDurationStart);
    if (!RangeDuration(&range)) return {};
  }
  if (TakeIf(TokenKind::kRightBracket)) return RangeOf(std::move(tree), std::move(range), bracket.position);
  if (!Expect(TokenKind::kColon, "subquery or range selector", "\":\" or \"]\"")) return {};

  auto subquery = std::make_unique<Subquery>();
  subquery->type = ValueType::kMatrix;
  subquery->range = std::move(range);
  if (!PeekIs(TokenKind::kRightBracket)) {
    const Within step(this, "subquery selector", "number, duration, step(), range(), or \"]\"");
    if (!RangeDuration(&subquery->step)) return {};
    subquery->has_step = true;
  }
  if (!Expect(TokenKind::kRightBracket, "subquery selector", "\"]\"")) return {};
  const Position position{tree.expr->position.start, last_end_};
  subquery->expr = std::move(tree.expr);
  return Finish(std::move(subquery), position, tree.height + 1);
}

Grammar::Tree Grammar::RangeOf(Tree tree, DurationValue range, Position bracket) {
  const Position position{tree.expr->position.start, last_end_};
  if (tree.expr->kind != Expr::Kind::kVectorSelector) {
    Fail(bracket, "ranges only allowed for vector selectors");
    return {};
  }
  const auto& selector = As<VectorSelector>(*tree.expr);
  if (IsSet(selector.offset)) {
    Fail(bracket, "no offset modifiers allowed before range");
    return {};
  }
  if (selector.at.kind != AtModifier::Kind::kNone) {
    Fail(bracket, "no @ modifiers allowed before range");
    return {};
  }
  auto matrix = std::make_unique<MatrixSelector>();
  matrix->type = ValueType::kMatrix;
  matrix->selector.reset(static_cast<VectorSelector*>(tree.expr.release()));
  matrix->range = std::move(range);
  return Finish(std::move(matrix), position, 2);
}

bool Grammar::Offset(Expr* expr) {
  Take();
  DurationValue offset;
  if (!OffsetDuration(&offset)) return false;
  const Modifiers modifiers = ModifiersOf(expr);
  if (modifiers.offset == nullptr) {
    return Fail(expr->position, std::string("offset modifier").append(kPreceded));
  }
  if (IsSet(*modifiers.offset)) return Fail(expr->position, "offset may not be set multiple times");
  *modifiers.offset = std::move(offset);
  return true;
}

bool Grammar::At(Expr* expr) {
  Take();
  AtModifier at;
  if (!AtTime(expr, &at)) return false;
  const Modifiers modifiers = ModifiersOf(expr);
  if (modifiers.at == nullptr) return Fail(expr->position, std::string("@ modifier").append(kPreceded));
  if (modifiers.at->kind != AtModifier::Kind::kNone) {
    return Fail(expr->position, "@ <timestamp> may not be set multiple times");
  }
  *modifiers.at = at;
  return true;
}

bool Grammar::AtTime(Expr* expr, AtModifier* at) {
  const auto unexpected = [this] { return Unexpected("@", "timestamp"); };
  if (PeekIs(TokenKind::kStartWord) || PeekIs(TokenKind::kEndWord)) {
    at->kind = Take().kind == TokenKind::kStartWord ? AtModifier::Kind::kStart : AtModifier::Kind::kEnd;
    if (!PeekIs(TokenKind::kLeftParen) || !PeekIs(TokenKind::kRightParen, 1)) {
      TakeIf(TokenKind::kLeftParen);
      return unexpected();
    }
    Take();
    Take();
    return true;
  }
  const bool negative = PeekIs(TokenKind::kSub);
  if (negative || PeekIs(TokenKind::kAdd)) Take();
  if (!PeekIs(TokenKind::kNumber) && !PeekIs(TokenKind::kDuration)) return unexpected();
  const std::optional<double> seconds = NumberValue(Take());
  if (!seconds) return false;
  const double time = negative ? -*seconds : *seconds;
  constexpr double kLimit = 9.2e15;  // seconds, so that its milliseconds fit
  if (!(std::abs(time) < kLimit)) {
    const std::string text = std::isnan(time)   ? "NaN"
                             : std::isinf(time) ? (time > 0 ? "+Inf" : "-Inf")
                                                : fmt::format("{:f}", time);
    return Fail(expr->position, "timestamp out of bounds for @ modifier: " + text);
  }
  at->kind = AtModifier::Kind::kTime;
  at->time = std::llround(time * 1000);
  return true;
}

bool Grammar::Extend(Expr* expr) {
  const Token word = Take();
  const bool anchored = word.kind == TokenKind::kAnchored;
  const std::string name = anchored ? "anchored" : "smoothed";
  if (!options_.experimental) {
    return Fail(expr->position, name + " modifier is experimental and not enabled");
  }
  if (expr->kind == Expr::Kind::kSubquery) {
    return Fail(expr->position, name + " modifier is not supported for subqueries");
  }
  if (expr->kind != Expr::Kind::kVectorSelector && expr->kind != Expr::Kind::kMatrixSelector) {
    return Fail(expr->position, name + " modifier must be preceded by a vector selector or a range selector");
  }
  VectorSelector& selector = expr->kind == Expr::Kind::kVectorSelector ? As<VectorSelector>(*expr)
                                                                       : *As<MatrixSelector>(*expr).selector;
  const VectorSelector::Extension wanted =
      anchored ? VectorSelector::Extension::kAnchored : VectorSelector::Extension::kSmoothed;
  if (selector.extension != VectorSelector::Extension::kNone && selector.extension != wanted) {
    return Fail(expr->position, "anchored and smoothed modifiers cannot be used together");
  }
  selector.extension = wanted;
  return true;
}

}  // namespace sidelight::promql
