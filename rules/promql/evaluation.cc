#include "rules/promql/evaluation.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "rules/promql/aggregation.h"
#include "rules/promql/binary.h"
#include "rules/promql/functions/function.h"
#include "rules/promql/grouping.h"
#include "rules/promql/selectors.h"

namespace sidelight::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Error TooManySamples() {
  return {ErrorCode::kLimit, "query processing would load too many samples into memory in query execution"};
}

Grid Constant(double value, size_t steps) {
  Grid grid(steps);
  grid.Add({});
  std::fill(grid.floats(0).begin(), grid.floats(0).end(), value);
  return grid;
}

Grid Repeat(Grid once, size_t steps) {
  Grid grid(steps);
  grid.Reserve(once.size());
  for (size_t row = 0; row < once.size(); ++row) {
    const Cell cell = once.cell(row, 0);
    grid.Add(std::move(once.row(row).labels), once.row(row).drop_name);
    for (size_t i = 0; i < steps; ++i) grid.Set(row, i, cell);
  }
  return grid;
}

Result<Grid> Negate(Evaluation& evaluation, const Unary& unary) {
  Result<Grid> grid = evaluation.Eval(*unary.expr);
  if (!grid || !unary.negate) return grid;
  for (size_t row = 0; row < grid->size(); ++row) {
    for (size_t i = 0; i < grid->steps(); ++i) {
      if (const FloatHistogramPtr& histogram = grid->histogram(row, i); histogram != nullptr) {
        auto negative = std::make_shared<FloatHistogram>(*histogram);
        negative->Multiply(-1);
        grid->SetHistogram(row, i, std::move(negative));
      } else if (grid->HasFloat(row, i)) {
        grid->SetFloat(row, i, -grid->floats(row)[i]);
      }
    }
    if (unary.type == ValueType::kVector) evaluation.DropName(grid->row(row));
  }
  if (Status distinct = evaluation.CheckDistinct(&*grid); !distinct) return tl::unexpected(distinct.error());
  return grid;
}

// In seconds.
double Reckon(const DurationExpr& expr, const Query& query) {
  const auto left = [&] { return Reckon(*expr.left, query); };
  const auto right = [&] { return Reckon(*expr.right, query); };
  switch (expr.op) {
    case DurationExpr::Op::kNumber:
      return expr.number;
    case DurationExpr::Op::kNegate:
      return -left();
    case DurationExpr::Op::kPlus:
      return left();
    case DurationExpr::Op::kAdd:
      return left() + right();
    case DurationExpr::Op::kSubtract:
      return left() - right();
    case DurationExpr::Op::kMultiply:
      return left() * right();
    case DurationExpr::Op::kDivide:
      return left() / right();
    case DurationExpr::Op::kModulo:
      return std::fmod(left(), right());
    case DurationExpr::Op::kPower:
      return std::pow(left(), right());
    case DurationExpr::Op::kStep:
      return static_cast<double>(query.interval) / 1000;
    case DurationExpr::Op::kRange:
      return static_cast<double>(query.end - query.start) / 1000;
    case DurationExpr::Op::kMin:
      return std::min(left(), right());
    case DurationExpr::Op::kMax:
      return std::max(left(), right());
  }
  return kNan;
}

}  // namespace

Result<Grid> Evaluation::Eval(const Expr& expr) {
  // Of so many steps not even one row may be held, whatever there is to find.
  if (steps_.count > query_.options.max_samples) return tl::unexpected(TooManySamples());
  if (expr.type == ValueType::kScalar) {
    if (Status held = Charge(static_cast<int64_t>(steps_.count)); !held) return tl::unexpected(held.error());
  }
  if (expr.kind == Expr::Kind::kNumber) return Constant(As<NumberLiteral>(expr).value, steps_.count);
  if (expr.step_invariant && steps_.count > 1) {
    Evaluation once(&query_, {.start = steps_.start, .interval = steps_.interval, .count = 1});
    Result<Grid> grid = once.Eval(expr);
    if (!grid) return grid;
    if (Status held = Charge(static_cast<int64_t>(grid->size() * (steps_.count - 1))); !held) {
      return tl::unexpected(held.error());
    }
    return Repeat(*std::move(grid), steps_.count);
  }
  return EvalNode(expr);
}

Result<Grid> Evaluation::EvalNode(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kParen:
      return Eval(*As<Paren>(expr).expr);
    case Expr::Kind::kUnary:
      return Negate(*this, As<Unary>(expr));
    case Expr::Kind::kBinary:
      return EvalBinary(*this, As<Binary>(expr));
    case Expr::Kind::kAggregate:
      return EvalAggregate(*this, As<Aggregate>(expr));
    case Expr::Kind::kCall:
      return EvalCall(*this, As<Call>(expr));
    case Expr::Kind::kVectorSelector:
      return EvalSelector(*this, As<VectorSelector>(expr));
    case Expr::Kind::kNumber:
    case Expr::Kind::kString:
    case Expr::Kind::kMatrixSelector:
    case Expr::Kind::kSubquery:
      break;
  }
  return Fail(ErrorCode::kInternal, "the type checker let a value pass where it cannot stand");
}

Result<std::vector<double>> Evaluation::EvalScalar(const Expr& expr) {
  const Result<Grid> grid = Eval(expr);
  if (!grid) return tl::unexpected(grid.error());
  std::vector<double> values(steps_.count, kNan);
  for (size_t i = 0; i < steps_.count && grid->size() > 0; ++i) {
    if (grid->HasFloat(0, i)) values[i] = grid->floats(0)[i];
  }
  return values;
}

Result<std::string_view> Evaluation::EvalString(const Expr& expr) {
  const StringLiteral* const literal = TryAs<StringLiteral>(Unwrap(expr));
  if (literal == nullptr)
    return Fail(ErrorCode::kInternal, "the type checker let something else pass for a string");
  return literal->value;
}

Status Evaluation::EvalRange(const Expr& expr, const std::function<Status(RangeSeries& series)>& visit) {
  const Expr& bare = Unwrap(expr);
  if (const auto* const matrix = TryAs<MatrixSelector>(bare))
    return EvalMatrixSelector(*this, *matrix, visit);
  if (const auto* const subquery = TryAs<Subquery>(bare)) return EvalSubquery(*this, *subquery, visit);
  return Fail(ErrorCode::kInternal, "the type checker let something else pass for a range vector");
}

Result<int64_t> Evaluation::Resolve(const DurationValue& duration) const {
  if (duration.expr == nullptr) return duration.millis;
  const double millis = Reckon(*duration.expr, query_) * 1000;
  constexpr double kLimit =
      9.2e12;  // milliseconds, about 290 years, the most that Prometheus' durations hold
  if (!std::isfinite(millis) || std::fabs(millis) > kLimit) {
    return Fail(ErrorCode::kInvalidArgument, "duration out of range");
  }
  return static_cast<int64_t>(std::round(millis));
}

Result<UnixMillis> Evaluation::Shift(const AtModifier& at, const DurationValue& offset,
                                     UnixMillis time) const {
  const Result<int64_t> back = Resolve(offset);
  if (!back) return tl::unexpected(back.error());
  switch (at.kind) {
    case AtModifier::Kind::kNone:
      break;
    case AtModifier::Kind::kTime:
      time = at.time;
      break;
    case AtModifier::Kind::kStart:
      time = query_.start;
      break;
    case AtModifier::Kind::kEnd:
      time = query_.end;
      break;
  }
  return std::clamp<UnixMillis>(time, -kTimeLimit, kTimeLimit) - *back;
}

Status Evaluation::Charge(int64_t samples) {
  // Unsigned arithmetic wraps as it should; more is never given back than was held.
  query_.samples_held += static_cast<uint64_t>(samples);
  if (samples > 0 && query_.samples_held > query_.options.max_samples) {
    return tl::unexpected(TooManySamples());
  }
  // The clock costs as much as a few samples do. A charge of nothing asks for the look alone.
  constexpr uint64_t kBetweenLooks = 1024;
  if (samples < 0) return {};
  query_.charged_since_look += static_cast<uint64_t>(samples);
  if (samples > 0 && query_.charged_since_look < kBetweenLooks) return {};
  query_.charged_since_look = 0;
  if (query_.cancellation != nullptr && query_.cancellation->cancelled()) {
    return Fail(ErrorCode::kTimeout, "query was canceled in expression evaluation");
  }
  if (query_.clock.Now() >= query_.deadline) {
    return Fail(ErrorCode::kTimeout, "query timed out in expression evaluation");
  }
  return {};
}

int64_t Evaluation::HistogramWeight(const FloatHistogram& histogram) {
  constexpr size_t kBytesPerSample = 16;  // a float with its time
  const size_t bytes =
      sizeof(FloatHistogram) + (histogram.positive.size() + histogram.negative.size()) * sizeof(double) +
      (histogram.positive_spans.size() + histogram.negative_spans.size()) * sizeof(NativeSpan);
  return static_cast<int64_t>(bytes / kBytesPerSample);
}

void Evaluation::DropName(Grid::Row& row) const {
  if (query_.options.delayed_name_removal) {
    row.drop_name = true;
  } else {
    row.labels = WithoutName(row.labels);
  }
}

Status Evaluation::CheckDistinct(Grid* grid) const {
  if (query_.options.delayed_name_removal) return {};
  return MergeDuplicates(grid);
}

Status MergeDuplicates(Grid* grid) {
  tsl::robin_map<Labels, size_t, LabelsHash> first;
  first.reserve(grid->size());
  std::vector<bool> keep(grid->size(), true);
  bool merged = false;
  for (size_t row = 0; row < grid->size(); ++row) {
    const auto [found, added] = first.try_emplace(grid->row(row).labels, row);
    if (added) continue;
    for (size_t i = 0; i < grid->steps(); ++i) {
      if (!grid->Has(row, i)) continue;
      if (grid->Has(found->second, i)) {
        return Fail(ErrorCode::kInvalidArgument, "vector cannot contain metrics with the same labelset");
      }
      grid->Set(found->second, i, grid->cell(row, i));
    }
    keep[row] = false;
    merged = true;
  }
  if (merged) grid->Keep(keep);
  return {};
}

}  // namespace sidelight::promql
