// Functions between scalars and vectors, and of a vector with scalars beside it.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "rules/promql/functions/function.h"

namespace sidelight::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The lesser, or the greater: an infinity that decides it does so against NaN too, as in Go's math.Min and
// math.Max; else NaN when either is.
double Least(double a, double b) {
  if (a == -kInfinity || b == -kInfinity) return -kInfinity;
  return std::isnan(a) || std::isnan(b) ? kNan : std::min(a, b);
}
double Greatest(double a, double b) {
  if (a == kInfinity || b == kInfinity) return kInfinity;
  return std::isnan(a) || std::isnan(b) ? kNan : std::max(a, b);
}

Grid ScalarGrid(const std::vector<double>& values) {
  Grid grid(values.size());
  grid.Add({});
  for (size_t i = 0; i < values.size(); ++i) grid.SetFloat(0, i, values[i]);
  return grid;
}

Result<Grid> ScalarOf(Evaluation& evaluation, const Call& call) {
  const Result<Grid> vector = evaluation.Eval(*call.args[0]);
  if (!vector) return vector;
  std::vector<double> values(vector->steps(), kNan);
  for (size_t i = 0; i < values.size(); ++i) {
    size_t floats = 0;
    for (size_t row = 0; row < vector->size(); ++row) {
      if (!vector->HasFloat(row, i)) continue;
      values[i] = vector->floats(row)[i];
      if (++floats > 1) break;
    }
    if (floats != 1) values[i] = kNan;
  }
  return ScalarGrid(values);
}

Result<Grid> VectorOf(Evaluation& evaluation, const Call& call) {
  return evaluation.Eval(*call.args[0]);
}

Result<Grid> Pi(Evaluation& evaluation, const Call&) {
  return ScalarGrid(std::vector<double>(evaluation.steps().count, std::numbers::pi));
}

template <double (*Choose)(double, double)>
Result<Grid> OfTwo(Evaluation& evaluation, const Call& call) {
  Result<std::vector<double>> left = evaluation.EvalScalar(*call.args[0]);
  if (!left) return tl::unexpected(left.error());
  const Result<std::vector<double>> right = evaluation.EvalScalar(*call.args[1]);
  if (!right) return tl::unexpected(right.error());
  for (size_t i = 0; i < left->size(); ++i) (*left)[i] = Choose((*left)[i], (*right)[i]);
  return ScalarGrid(*left);
}

// The first argument's floats, changed with the scalars behind it. change(value, scalars at the step) gives
// the stale marker for "no result".
template <class Change>
Result<Grid> WithScalars(Evaluation& evaluation, const Call& call, Change change) {
  Result<Grid> grid = evaluation.Eval(*call.args[0]);
  if (!grid) return grid;
  std::vector<std::vector<double>> scalars;
  for (size_t a = 1; a < call.args.size(); ++a) {
    Result<std::vector<double>> values = evaluation.EvalScalar(*call.args[a]);
    if (!values) return tl::unexpected(values.error());
    scalars.push_back(*std::move(values));
  }
  std::vector<bool> keep(grid->size());
  std::vector<double> at_step(scalars.size());
  for (size_t row = 0; row < grid->size(); ++row) {
    for (size_t i = 0; i < grid->steps(); ++i) {
      for (size_t s = 0; s < scalars.size(); ++s) at_step[s] = scalars[s][i];
      const double value = grid->HasFloat(row, i) ? change(grid->floats(row)[i], at_step) : StaleNan();
      grid->SetFloat(row, i, value);
      keep[row] = keep[row] || !IsStale(value);
    }
    evaluation.DropName(grid->row(row));
  }
  grid->Keep(keep);
  if (Status distinct = evaluation.CheckDistinct(&*grid); !distinct) return tl::unexpected(distinct.error());
  return grid;
}

Result<Grid> Clamp(Evaluation& evaluation, const Call& call) {
  return WithScalars(evaluation, call, [](double value, const std::vector<double>& bounds) {
    if (bounds[1] < bounds[0]) return StaleNan();
    return Greatest(bounds[0], Least(bounds[1], value));
  });
}
Result<Grid> ClampMax(Evaluation& evaluation, const Call& call) {
  return WithScalars(evaluation, call,
                     [](double value, const std::vector<double>& bound) { return Least(bound[0], value); });
}
Result<Grid> ClampMin(Evaluation& evaluation, const Call& call) {
  return WithScalars(evaluation, call, [](double value, const std::vector<double>& bound) {
    return Greatest(bound[0], value);
  });
}

Result<Grid> Round(Evaluation& evaluation, const Call& call) {
  return WithScalars(evaluation, call, [](double value, const std::vector<double>& nearest) {
    // By the inverse, as 0.1 itself is no float.
    const double inverse = 1 / (nearest.empty() ? 1 : nearest[0]);
    return std::floor(value * inverse + 0.5) / inverse;
  });
}

constexpr std::array kFunctions = {
    Implementation{"clamp", &Clamp},          Implementation{"clamp_max", &ClampMax},
    Implementation{"clamp_min", &ClampMin},   Implementation{"max_of", &OfTwo<&Greatest>},
    Implementation{"min_of", &OfTwo<&Least>}, Implementation{"pi", &Pi},
    Implementation{"round", &Round},          Implementation{"scalar", &ScalarOf},
    Implementation{"vector", &VectorOf},
};

}  // namespace

std::span<const Implementation> ScalarFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
