// What each function does, by name. One file a family: math.cc, range.cc, rate.cc, histogram.cc, time.cc,
// labels.cc, sort.cc, info.cc, ...; each exports its part of the table, and function.cc joins them. A test
// holds the table against signature.h.
//
// Three kinds, from the plainest to the one that may do all:
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "rules/promql/evaluation.h"

namespace sidelight::promql {

// A function of one float: abs, ceil, sin. Histograms have no result, names are dropped.
using MathFunction = double (*)(double);

// What a range function gets besides the window: `rate(x[5m])`, `quantile_over_time(0.9, x[5m])`.
struct RangeCall {
  Evaluation& evaluation;
  const Call& call;
  const Labels& labels;             // of the series, name included, for annotations
  std::span<const double> scalars;  // the values of its scalar arguments at this step, in order
  // The position and the name (unquoted) that annotations want.
  Position position() const;  // of the range vector argument
  std::string_view metric_name() const;
};

// A function of the samples in one window, for each series and step. An empty cell: no result. An error ends
// the query. Names are dropped, unless Implementation::keeps_name.
using RangeFunction = Result<Cell> (*)(const RangeCall& call, const Window& window);

// The same for one series of floats alone (RangeSeries::floats_alone), at all steps at once: puts its results
// into `row`, one for each step, which holds the stale marker for "no result" before. How many it found. For
// functions that are asked for over many series and steps. Not called where start timestamps take part.
using FloatRowFunction = int64_t (*)(const RangeCall& call, RangeSeries& series, std::span<double> row);

// Evaluates its arguments itself.
using GridFunction = Result<Grid> (*)(Evaluation& evaluation, const Call& call);

struct Implementation {
  std::string_view name;
  std::variant<MathFunction, RangeFunction, GridFunction> function;
  bool keeps_name = false;               // of a RangeFunction
  FloatRowFunction float_row = nullptr;  // of a RangeFunction; null: it has none
};

// nullptr when there is none of that name.
const Implementation* FindImplementation(std::string_view name);
// Evaluates a call, whatever its function's kind.
Result<Grid> EvalCall(Evaluation& evaluation, const Call& call);

// The families.
std::span<const Implementation> MathFunctions();  // math.cc
std::span<const Implementation> TimeFunctions();  // time.cc: time, timestamp, hour, ..., start, end, step
std::span<const Implementation>
ScalarFunctions();  // scalar.cc: scalar, vector, clamp*, round, pi, min_of, ...
std::span<const Implementation> LabelFunctions();      // labels.cc: label_replace, label_join
std::span<const Implementation> SortFunctions();       // sort.cc
std::span<const Implementation> AbsentFunctions();     // absent.cc: absent, absent_over_time
std::span<const Implementation> InfoFunctions();       // info.cc
std::span<const Implementation> HistogramFunctions();  // histogram.cc: histogram_*
std::span<const Implementation> OverTimeFunctions();   // over_time.cc: *_over_time
std::span<const Implementation> RateFunctions();       // rate.cc: rate, increase, delta, irate, idelta
std::span<const Implementation> TrendFunctions();  // trend.cc: deriv, predict_linear, changes, resets, ...

}  // namespace sidelight::promql
