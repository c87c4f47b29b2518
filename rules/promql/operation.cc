#include "rules/promql/operation.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <memory>
#include <utility>

namespace sidelight::promql {

double FloatOperation(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::kAdd:
      return left + right;
    case BinaryOp::kSub:
      return left - right;
    case BinaryOp::kMul:
      return left * right;
    case BinaryOp::kDiv:
      return left / right;
    case BinaryOp::kMod:
      return std::fmod(left, right);
    case BinaryOp::kPow:
      return std::pow(left, right);
    case BinaryOp::kAtan2:
      return std::atan2(left, right);
    case BinaryOp::kEqual:
      return left == right ? 1 : 0;
    case BinaryOp::kNotEqual:
      return left != right ? 1 : 0;
    case BinaryOp::kLess:
      return left < right ? 1 : 0;
    case BinaryOp::kLessOrEqual:
      return left <= right ? 1 : 0;
    case BinaryOp::kGreater:
      return left > right ? 1 : 0;
    case BinaryOp::kGreaterOrEqual:
      return left >= right ? 1 : 0;
    case BinaryOp::kTrimUpper:
    case BinaryOp::kTrimLower:
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
    case BinaryOp::kUnless:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

Operation::Outcome Operation::Apply(const Cell& left, const Cell& right) const {
  const bool trims = op_ == BinaryOp::kTrimUpper || op_ == BinaryOp::kTrimLower;
  if (left.histogram == nullptr && right.histogram == nullptr) {
    if (trims) return Incompatible(left, right);
    const double value = FloatOperation(op_, left.value, right.value);
    if (!IsComparison(op_)) return {.cell = {.value = value}};
    return value != 0 ? Outcome{.cell = left} : Outcome{.held = false};
  }
  if (left.histogram != nullptr && right.histogram != nullptr) {
    return BothHistograms(*left.histogram, left.histogram, *right.histogram);
  }
  const bool divides = op_ == BinaryOp::kDiv || trims;
  if (op_ != BinaryOp::kMul && (left.histogram == nullptr || !divides)) return Incompatible(left, right);
  const bool histogram_left = left.histogram != nullptr;
  auto result = std::make_shared<FloatHistogram>(histogram_left ? *left.histogram : *right.histogram);
  const double by = histogram_left ? right.value : left.value;
  switch (op_) {
    case BinaryOp::kMul:
      result->Multiply(by);
      break;
    case BinaryOp::kDiv:
      result->Divide(by);
      break;
    case BinaryOp::kTrimUpper:
      result->TrimAbove(by);
      break;
    default:
      result->TrimBelow(by);
      break;
  }
  return {.cell = {.histogram = std::move(result)}};
}

Operation::Outcome Operation::BothHistograms(const FloatHistogram& left, const FloatHistogramPtr& left_value,
                                             const FloatHistogram& right) const {
  switch (op_) {
    case BinaryOp::kEqual:
    case BinaryOp::kNotEqual:
      if (left.Equals(right) == (op_ == BinaryOp::kEqual)) return {.cell = {.histogram = left_value}};
      return {.held = false};
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      break;
    default:
      return Incompatible({.histogram = left_value}, {.histogram = left_value});
  }
  const bool add = op_ == BinaryOp::kAdd;
  auto result = std::make_shared<FloatHistogram>(left);
  const Result<FloatHistogram::Combined> combined = add ? result->Add(right) : result->Subtract(right);
  if (!combined) {
    annotations_.Warn(position_, fmt::format("incompatible bucket layout encountered for binary operator {}",
                                             BinaryOpName(op_)));
    return {.meant = false};
  }
  const std::string_view word = add ? "addition" : "subtraction";
  if (combined->counter_reset_conflict) {
    annotations_.Warn(position_, fmt::format("conflicting counter resets during histogram {}", word));
  }
  if (combined->bounds_reconciled) {
    annotations_.Info(position_, fmt::format("mismatched custom buckets were reconciled during {}", word));
  }
  // What is left after a subtraction may well fall.
  if (!add) result->counter_reset = CounterReset::kGauge;
  result->Compact();
  return {.cell = {.histogram = std::move(result)}};
}

Operation::Outcome Operation::Incompatible(const Cell& left, const Cell& right) const {
  const auto kind = [](const Cell& cell) { return cell.histogram == nullptr ? "float" : "histogram"; };
  annotations_.Info(position_,
                    fmt::format("incompatible sample types encountered for binary operator \"{}\": {} {} {}",
                                BinaryOpName(op_), kind(left), BinaryOpName(op_), kind(right)));
  return {.meant = false};
}

}  // namespace sidelight::promql
