// Durations in brackets and behind offset, with their arithmetic.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/basics/#range-vector-selectors and
// .../feature_flags/#promql-duration-arithmetic .
#include <algorithm>
#include <cmath>

#include "rules/promql/grammar.h"

namespace sidelight::promql {
namespace {

using Op = DurationExpr::Op;

constexpr int kPowerLevel = 2;

struct DurationOperator {
  Op op;
  int level;
};

std::optional<DurationOperator> OperatorOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAdd:
      return DurationOperator{Op::kAdd, 0};
    case TokenKind::kSub:
      return DurationOperator{Op::kSubtract, 0};
    case TokenKind::kMul:
      return DurationOperator{Op::kMultiply, 1};
    case TokenKind::kDiv:
      return DurationOperator{Op::kDivide, 1};
    case TokenKind::kMod:
      return DurationOperator{Op::kModulo, 1};
    case TokenKind::kPow:
      return DurationOperator{Op::kPower, kPowerLevel};
    default:
      return std::nullopt;
  }
}

// step, range, min_of and max_of, in any case of their letters.
struct DurationFunction {
  Op op;
  bool two_arguments;
};
std::optional<DurationFunction> FunctionOf(const Token& token) {
  if (token.kind == TokenKind::kStepWord) return DurationFunction{Op::kStep, false};
  if (token.kind == TokenKind::kRangeWord) return DurationFunction{Op::kRange, false};
  if (token.kind != TokenKind::kIdentifier) return std::nullopt;
  const auto is = [&](std::string_view name) {
    return std::equal(token.text.begin(), token.text.end(), name.begin(), name.end(),
                      [](char a, char b) { return a == b || (b != '_' && (a | 0x20) == b); });
  };
  if (is("min_of")) return DurationFunction{Op::kMin, true};
  if (is("max_of")) return DurationFunction{Op::kMax, true};
  return std::nullopt;
}

}  // namespace

bool Grammar::RangeDuration(DurationValue* duration) {
  return Settle(DurationSum(0), /*positive=*/true, duration);
}

// A single term: what stands behind it is arithmetic on the expression that has the offset.
bool Grammar::OffsetDuration(DurationValue* duration) {
  const Within offset(this, "offset", "number, duration, step(), or range()");
  if (!PeekIs(TokenKind::kSub) && !PeekIs(TokenKind::kAdd)) return Settle(DurationTerm(), false, duration);
  const Token sign = Take();
  if (PeekIs(TokenKind::kSub) || PeekIs(TokenKind::kAdd)) return Unexpected();
  DurationTree tree = DurationTerm();
  if (!tree) return false;
  const bool negative = sign.kind == TokenKind::kSub;
  const Position position{sign.position.start, tree.expr->position.end};
  if (tree.expr->op == Op::kNumber && !tree.expr->parenthesized) {
    if (negative) tree.expr->number = -tree.expr->number;
  } else {
    auto unary = std::make_unique<DurationExpr>();
    unary->op = negative ? Op::kNegate : Op::kPlus;
    unary->left = std::move(tree.expr);
    tree.expr = std::move(unary);
  }
  tree.expr->position = position;
  return Settle(std::move(tree), false, duration);
}

// A plain number becomes milliseconds; anything else stays as it is written.
bool Grammar::Settle(DurationTree tree, bool positive, DurationValue* duration) {
  if (!tree) return false;
  if (tree.expr->op != Op::kNumber || tree.expr->parenthesized) {
    duration->expr = std::move(tree.expr);
    return true;
  }
  constexpr double kNanosPerSecond = 1e9;
  constexpr int64_t kNanosPerMilli = 1'000'000;
  constexpr double kLimit = 9.2e18;  // nanoseconds, of which 64 bits hold no more
  const double nanos = std::round(tree.expr->number * kNanosPerSecond);
  if (!(std::abs(nanos) < kLimit)) return Fail(tree.expr->position, "duration out of range");
  duration->millis = static_cast<int64_t>(nanos) / kNanosPerMilli;
  if (positive && duration->millis <= 0) {
    return Fail(tree.expr->position, "duration must be greater than 0");
  }
  return true;
}

Grammar::DurationTree Grammar::DurationSum(int lowest_level) {
  const Deeper deeper(this);
  if (deeper.TooDeep()) {
    FailTooDeep(Peek().position);
    return {};
  }
  DurationTree left = DurationTerm();
  while (left) {
    const std::optional<DurationOperator> next = OperatorOf(Peek().kind);
    if (!next || next->level < lowest_level) break;
    Take();
    DurationTree right = DurationSum(next->op == Op::kPower ? next->level : next->level + 1);
    if (!right) return {};
    const bool zero = right.expr->op == Op::kNumber && right.expr->number == 0;
    if (zero && next->op == Op::kDivide) Fail(right.expr->position, "division by zero");
    if (zero && next->op == Op::kModulo) Fail(right.expr->position, "modulo by zero");
    if (error_) return {};
    auto sum = std::make_unique<DurationExpr>();
    sum->op = next->op;
    sum->position = {left.expr->position.start, right.expr->position.end};
    sum->left = std::move(left.expr);
    sum->right = std::move(right.expr);
    left.expr = std::move(sum);
    left.height = std::max(left.height, right.height) + 1;
    if (left.height > options_.max_depth) {
      FailTooDeep(left.expr->position);
      return {};
    }
  }
  return left;
}

Grammar::DurationTree Grammar::DurationTerm() {
  const TokenKind kind = Peek().kind;
  if (kind == TokenKind::kNumber || kind == TokenKind::kDuration) return DurationNumber();
  if (kind == TokenKind::kLeftParen) {
    const uint32_t start = Take().position.start;
    DurationTree tree = DurationSum(0);
    if (!tree || !Expect(TokenKind::kRightParen)) return {};
    tree.expr->parenthesized = true;
    tree.expr->position = {start, last_end_};
    return tree;
  }
  if (kind == TokenKind::kAdd || kind == TokenKind::kSub) {
    const Token sign = Take();
    DurationTree tree = DurationSum(kPowerLevel);
    if (!tree) return {};
    const Position position{sign.position.start, tree.expr->position.end};
    const bool negative = kind == TokenKind::kSub;
    if (tree.expr->op == Op::kNumber && !tree.expr->parenthesized) {
      if (negative) tree.expr->number = -tree.expr->number;
    } else {
      auto unary = std::make_unique<DurationExpr>();
      unary->op = negative ? Op::kNegate : Op::kPlus;
      unary->left = std::move(tree.expr);
      tree = {std::move(unary), tree.height + 1};
    }
    tree.expr->position = position;
    return tree;
  }
  if (const std::optional<DurationFunction> function = FunctionOf(Peek())) {
    return DurationCall(function->op, function->two_arguments);
  }
  Unexpected();
  return {};
}

Grammar::DurationTree Grammar::DurationCall(Op op, bool two_arguments) {
  auto call = std::make_unique<DurationExpr>();
  call->op = op;
  const uint32_t start = Take().position.start;
  if (!Expect(TokenKind::kLeftParen)) return {};
  size_t height = 0;
  if (two_arguments) {
    DurationTree first = DurationSum(0);
    if (!first || !Expect(TokenKind::kComma)) return {};
    DurationTree second = DurationSum(0);
    if (!second) return {};
    call->left = std::move(first.expr);
    call->right = std::move(second.expr);
    height = std::max(first.height, second.height);
  }
  if (!Expect(TokenKind::kRightParen)) return {};
  call->position = {start, last_end_};
  return {std::move(call), height + 1};
}

Grammar::DurationTree Grammar::DurationNumber() {
  const Token token = Take();
  const std::optional<double> seconds = NumberValue(token);
  if (!seconds) return {};
  auto number = std::make_unique<DurationExpr>();
  number->number = *seconds;
  number->duration = token.kind == TokenKind::kDuration;
  number->position = token.position;
  return {std::move(number), 1};
}

}  // namespace sidelight::promql
