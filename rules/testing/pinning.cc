#include "rules/testing/pinning.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "rules/promql/signature.h"
#include "rules/promql/type_check.h"

namespace sidelight::promqltest {
namespace {

using promql::As;
using promql::AtModifier;
using promql::Expr;

constexpr auto kTimeFunctions = std::to_array<std::string_view>({
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "hour",
    "minute",
    "month",
    "year",
    "predict_linear",
    "time",
    "timestamp",
    "start",
    "end",
    "range",
    "step",
});

void Pin(UnixMillis time, AtModifier* at) {
  if (at->kind == AtModifier::Kind::kNone) *at = {.kind = AtModifier::Kind::kTime, .time = time};
}

void PinSelectors(UnixMillis time, Expr* expr) {
  switch (expr->kind) {
    case Expr::Kind::kVectorSelector:
      return Pin(time, &As<promql::VectorSelector>(*expr).at);
    case Expr::Kind::kMatrixSelector:
      return Pin(time, &As<promql::MatrixSelector>(*expr).selector->at);
    case Expr::Kind::kSubquery:
      return Pin(time, &As<promql::Subquery>(*expr).at);
    default:
      for (Expr* part : promql::Children(*expr)) PinSelectors(time, part);
  }
}

}  // namespace

bool CallsTimeFunction(const Expr& expr) {
  if (expr.kind == Expr::Kind::kCall) {
    const std::string_view name = As<promql::Call>(expr).function->name;
    if (std::find(kTimeFunctions.begin(), kTimeFunctions.end(), name) != kTimeFunctions.end()) return true;
  }
  const std::vector<const Expr*> parts = promql::Children(expr);
  return std::any_of(parts.begin(), parts.end(), [](const Expr* part) { return CallsTimeFunction(*part); });
}

void PinTimes(UnixMillis time, Expr* expr) {
  PinSelectors(time, expr);
  promql::MarkStepInvariant(*expr);
}

}  // namespace sidelight::promqltest
