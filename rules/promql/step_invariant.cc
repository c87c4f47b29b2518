#include <algorithm>
#include <array>
#include <string_view>

#include "rules/promql/signature.h"
#include "rules/promql/type_check.h"

namespace sidelight::promql {
namespace {

// Sorted. What they answer depends on the time at which they are asked, whatever their arguments are.
constexpr auto kTimeDependent = std::to_array<std::string_view>({
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "end",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
    "year",
});

bool IsInvariant(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kNumber:
    case Expr::Kind::kString:
      return true;
    case Expr::Kind::kVectorSelector: {
      const auto& selector = As<VectorSelector>(expr);
      return selector.label_selector || selector.at.kind != AtModifier::Kind::kNone;
    }
    case Expr::Kind::kMatrixSelector:
      return As<MatrixSelector>(expr).selector->at.kind != AtModifier::Kind::kNone;
    case Expr::Kind::kSubquery:
      // Without `@` the number of its steps in the range may differ, though all of them have one value.
      return As<Subquery>(expr).at.kind != AtModifier::Kind::kNone;
    case Expr::Kind::kCall:
      if (std::binary_search(kTimeDependent.begin(), kTimeDependent.end(), As<Call>(expr).function->name)) {
        return false;
      }
      break;
    default:
      break;
  }
  const std::vector<const Expr*> parts = Children(expr);
  return std::all_of(parts.begin(), parts.end(), [](const Expr* part) { return part->step_invariant; });
}

}  // namespace

void MarkStepInvariant(Expr& expr) {
  for (Expr* part : Children(expr)) MarkStepInvariant(*part);
  expr.step_invariant = IsInvariant(expr);
}

}  // namespace sidelight::promql
