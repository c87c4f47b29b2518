#include "rules/promql/functions/function.h"

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "rules/promql/signature.h"

namespace sidelight::promql {
namespace {

// After so many samples a range function looks whether the query's time is up.
constexpr size_t kWorkAtOnce = 1 << 20;

tsl::robin_map<std::string_view, const Implementation*> MakeTable() {
  tsl::robin_map<std::string_view, const Implementation*> table;
  for (const auto family : {MathFunctions(), TimeFunctions(), ScalarFunctions(), LabelFunctions(),
                            SortFunctions(), AbsentFunctions(), InfoFunctions(), HistogramFunctions(),
                            OverTimeFunctions(), RateFunctions(), TrendFunctions()}) {
    for (const Implementation& implementation : family) table.emplace(implementation.name, &implementation);
  }
  return table;
}

Result<Grid> Finish(Evaluation& evaluation, Grid grid, const std::vector<bool>& keep) {
  grid.Keep(keep);
  if (Status distinct = evaluation.CheckDistinct(&grid); !distinct) return tl::unexpected(distinct.error());
  return grid;
}

Result<Grid> EvalMath(Evaluation& evaluation, const Call& call, MathFunction function) {
  Result<Grid> grid = evaluation.Eval(*call.args[0]);
  if (!grid) return grid;
  std::vector<bool> keep(grid->size());
  for (size_t row = 0; row < grid->size(); ++row) {
    for (size_t i = 0; i < grid->steps(); ++i) {
      if (grid->HasFloat(row, i)) {
        keep[row] = true;
        grid->SetFloat(row, i, function(grid->floats(row)[i]));
      } else {
        grid->Clear(row, i);
      }
    }
    evaluation.DropName(grid->row(row));
  }
  return Finish(evaluation, *std::move(grid), keep);
}

// The functions that know what to do with an anchored or a smoothed range.
Status CheckExtension(const Expr& range, std::string_view function) {
  const auto* const matrix = TryAs<MatrixSelector>(Unwrap(range));
  if (matrix == nullptr || matrix->selector->extension == VectorSelector::Extension::kNone) return {};
  constexpr std::array<std::string_view, 5> kAnchored = {"changes", "delta", "increase", "rate", "resets"};
  constexpr std::array<std::string_view, 3> kSmoothed = {"delta", "increase", "rate"};
  const bool anchored = matrix->selector->extension == VectorSelector::Extension::kAnchored;
  const std::span<const std::string_view> known =
      anchored ? std::span<const std::string_view>(kAnchored) : std::span<const std::string_view>(kSmoothed);
  if (std::find(known.begin(), known.end(), function) != known.end()) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{} modifier can only be used with: {} - not with {}",
                          anchored ? "anchored" : "smoothed", fmt::join(known, ", "), function));
}

// Names that are left where nobody looks at them save a set of labels for each row. Not where they show: in
// what is said about histograms; nor where rows may differ by what goes with the name.
bool NamesShow(const Grid& grid) {
  return grid.has_histograms() ||
         std::any_of(grid.rows().begin(), grid.rows().end(), [](const Grid::Row& row) {
           return !row.labels.Get("__type__").empty() || !row.labels.Get("__unit__").empty();
         });
}

Result<Grid> EvalRangeFunction(Evaluation& evaluation, const Call& call, const Implementation& implementation,
                               RangeFunction function) {
  const bool names_may_stay = std::exchange(evaluation.query().names_may_stay, false);
  const Expr* range = nullptr;
  std::vector<std::vector<double>> scalars;  // of each scalar argument: its value at each step
  for (const ExprPtr& arg : call.args) {
    if (arg->type == ValueType::kMatrix) {
      range = arg.get();
      continue;
    }
    Result<std::vector<double>> values = evaluation.EvalScalar(*arg);
    if (!values) return tl::unexpected(values.error());
    scalars.push_back(*std::move(values));
  }
  if (Status usable = CheckExtension(*range, implementation.name); !usable)
    return tl::unexpected(usable.error());

  const size_t steps = evaluation.steps().count;
  Grid grid(steps);
  std::vector<double> at_step(scalars.size());
  const FloatRowFunction float_row = implementation.float_row;
  const bool by_start = evaluation.query().options.start_timestamps;
  size_t work = 0;  // samples looked at since the time was
  Status visited = evaluation.EvalRange(*range, [&](RangeSeries& series) -> Status {
    const RangeCall context{evaluation, call, series.labels(), at_step};
    if (Status held = evaluation.ChargeRow(); !held) return held;
    const size_t row = grid.Add(series.labels(), series.drop_name());
    int64_t found = 0;
    const bool whole_row =
        float_row != nullptr && series.floats_alone() && !(by_start && series.has_starts());
    if (whole_row) found = float_row(context, series, grid.floats(row));
    for (size_t i = 0; i < steps && !whole_row; ++i) {
      const Window& window = series.At(i);
      work += 1 + window.times.size() + window.histograms.size();
      if (work > kWorkAtOnce) {
        work = 0;
        if (Status going = evaluation.Charge(0); !going) return going;
      }
      if (window.empty()) continue;
      for (size_t s = 0; s < scalars.size(); ++s) at_step[s] = scalars[s][i];
      Result<Cell> cell = function(context, window);
      if (!cell) return tl::unexpected(cell.error());
      if (cell->empty()) continue;
      found += Evaluation::Weight(cell->histogram.get());
      grid.Set(row, i, *std::move(cell));
    }
    if (found == 0) {
      grid.RemoveLast();
      return evaluation.ChargeFound(0);
    }
    if (!implementation.keeps_name && !names_may_stay) evaluation.DropName(grid.row(row));
    return evaluation.ChargeFound(found);
  });
  if (!visited) return tl::unexpected(visited.error());
  if (names_may_stay) {
    if (!NamesShow(grid)) return grid;
    for (Grid::Row& row : grid.rows()) evaluation.DropName(row);
  }
  if (Status distinct = evaluation.CheckDistinct(&grid); !distinct) return tl::unexpected(distinct.error());
  return grid;
}

}  // namespace

Position RangeCall::position() const {
  for (const ExprPtr& arg : call.args) {
    if (arg->type == ValueType::kMatrix) return arg->position;
  }
  return call.position;
}

std::string_view RangeCall::metric_name() const {
  return labels.Get("__name__");
}

const Implementation* FindImplementation(std::string_view name) {
  static const auto table = MakeTable();
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

Result<Grid> EvalCall(Evaluation& evaluation, const Call& call) {
  const Implementation* const implementation = FindImplementation(call.function->name);
  if (implementation == nullptr) {
    return Fail(
        ErrorCode::kInternal,
        fmt::format("the function {} is in the parser's table and in no family's", call.function->name));
  }
  if (const auto* const math = std::get_if<MathFunction>(&implementation->function)) {
    return EvalMath(evaluation, call, *math);
  }
  if (const auto* const range = std::get_if<RangeFunction>(&implementation->function)) {
    return EvalRangeFunction(evaluation, call, *implementation, *range);
  }
  return std::get<GridFunction>(implementation->function)(evaluation, call);
}

}  // namespace sidelight::promql
