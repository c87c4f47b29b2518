#include "rules/evaluation/history.h"

#include <algorithm>

#include "rules/promql/signature.h"

namespace sidelight::rules {
namespace {

using promql::BinaryOp;
using promql::Expr;

using std::chrono::milliseconds;

class Walk {
 public:
  Walk(Duration lookback, Duration default_step)
      : lookback_(std::chrono::duration_cast<milliseconds>(lookback)),
        default_step_(std::chrono::duration_cast<milliseconds>(default_step)) {}

  // `back`: how far before the evaluation this part is evaluated at the earliest.
  void Visit(const Expr& expr, milliseconds back) {
    if (const auto* selector = promql::TryAs<promql::VectorSelector>(expr)) {
      Need(back + Millis(selector->offset) + lookback_);
    } else if (const auto* matrix = promql::TryAs<promql::MatrixSelector>(expr)) {
      Need(back + Millis(matrix->selector->offset) + Millis(matrix->range));
    } else if (const auto* subquery = promql::TryAs<promql::Subquery>(expr)) {
      const milliseconds step = subquery->has_step ? Millis(subquery->step) : default_step_;
      Visit(*subquery->expr, back + Millis(subquery->offset) + Millis(subquery->range) + step);
    } else {
      for (const Expr* const child : promql::Children(expr)) Visit(*child, back);
    }
    true_of_absence_ |= TrueOfAbsence(expr);
  }

  // Ranges in each other come to more milliseconds than a Duration holds.
  Reach reach() const {
    constexpr auto kMost = std::chrono::duration_cast<milliseconds>(Duration::max());
    return {.back = std::min(back_, kMost), .true_of_absence = true_of_absence_};
  }

 private:
  static milliseconds Millis(const promql::DurationValue& value) { return milliseconds(value.millis); }
  void Need(milliseconds back) { back_ = std::max(back_, back); }

  // Whether its value grows with the samples that there are.
  static bool AddsUp(const Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kMatrixSelector:
      case Expr::Kind::kSubquery:
        return true;
      case Expr::Kind::kAggregate: {
        const promql::AggregateOp op = promql::As<promql::Aggregate>(expr).op;
        if (op == promql::AggregateOp::kSum || op == promql::AggregateOp::kCount) return true;
        break;
      }
      case Expr::Kind::kCall:
        // `or vector(0)`: a value for what is not there.
        if (promql::As<promql::Call>(expr).function->name == "vector") return true;
        break;
      default:
        break;
    }
    const std::vector<const Expr*> children = promql::Children(expr);
    return std::any_of(children.begin(), children.end(), [](const Expr* child) { return AddsUp(*child); });
  }

  static bool TrueOfAbsence(const Expr& expr) {
    if (const auto* call = promql::TryAs<promql::Call>(expr))
      return call->function->name.starts_with("absent");
    const auto* binary = promql::TryAs<promql::Binary>(expr);
    if (binary == nullptr) return false;
    switch (binary->op) {
      case BinaryOp::kUnless:
        return true;
      case BinaryOp::kLess:
      case BinaryOp::kLessOrEqual:
        return AddsUp(*binary->left);
      case BinaryOp::kGreater:
      case BinaryOp::kGreaterOrEqual:
        return AddsUp(*binary->right);
      case BinaryOp::kEqual:
      case BinaryOp::kNotEqual:
        return AddsUp(*binary->left) || AddsUp(*binary->right);
      default:
        return false;
    }
  }

  const milliseconds lookback_;
  const milliseconds default_step_;
  milliseconds back_{};
  bool true_of_absence_ = false;
};

}  // namespace

Reach ReachOf(const Expr& expr, Duration lookback, Duration default_subquery_step) {
  Walk walk(lookback, default_subquery_step);
  walk.Visit(expr, milliseconds::zero());
  return walk.reach();
}

}  // namespace sidelight::rules
