// What the samples of a range come to: *_over_time.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/base/float_text.h"
#include "rules/promql/accumulator.h"
#include "rules/promql/functions/function.h"
#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

// A function that knows floats alone leaves histograms out, and says so when there were both.
bool FloatsAlone(const RangeCall& call, const Window& window) {
  if (window.times.empty()) return false;
  if (!window.histograms.empty()) {
    call.evaluation.annotations().Info(
        call.position(),
        "ignored histograms in a range containing both floats and histograms for metric name " +
            Quote(call.metric_name()));
  }
  return true;
}

template <class Sum>
Result<Cell> Total(const RangeCall& call, const Window& window, HistogramSum::Kind kind) {
  Annotations& annotations = call.evaluation.annotations();
  if (!window.times.empty() && !window.histograms.empty()) {
    annotations.Warn(call.position(), "encountered a mix of histograms and floats for metric name " +
                                          Quote(call.metric_name()));
    return Cell();
  }
  if (window.histograms.empty()) {
    Sum sum;
    for (const double value : window.values) sum.Add(value);
    return Cell{.value = sum.value()};
  }
  HistogramSum sum(kind);
  for (const FloatHistogramPtr& histogram : window.histograms) {
    if (sum.Add(histogram)) continue;
    annotations.Warn(
        call.position(),
        "vector contains a mix of histograms with exponential and custom buckets schemas for metric "
        "name " +
            Quote(call.metric_name()));
    return Cell();
  }
  return Cell{.histogram = sum.Finish(call.position(), &annotations)};
}

Result<Cell> SumOverTime(const RangeCall& call, const Window& window) {
  return Total<FloatSum>(call, window, HistogramSum::Kind::kSum);
}
Result<Cell> AvgOverTime(const RangeCall& call, const Window& window) {
  return Total<FloatMean>(call, window, HistogramSum::Kind::kMean);
}

Result<Cell> CountOverTime(const RangeCall&, const Window& window) {
  return Cell{.value = static_cast<double>(window.times.size() + window.histograms.size())};
}
Result<Cell> PresentOverTime(const RangeCall&, const Window&) {
  return Cell{.value = 1};
}

bool FloatIsFirst(const Window& window) {
  if (window.times.empty() || window.histograms.empty()) return !window.times.empty();
  return window.times.front() < window.histogram_times.front();
}
bool FloatIsLast(const Window& window) {
  if (window.times.empty() || window.histograms.empty()) return !window.times.empty();
  return window.times.back() > window.histogram_times.back();
}

Result<Cell> FirstOverTime(const RangeCall&, const Window& window) {
  if (FloatIsFirst(window)) return Cell{.value = window.values.front()};
  return Cell{.histogram = window.histograms.front()};
}
Result<Cell> LastOverTime(const RangeCall&, const Window& window) {
  if (FloatIsLast(window)) return Cell{.value = window.values.back()};
  return Cell{.histogram = window.histograms.back()};
}
Result<Cell> TimeOfFirst(const RangeCall&, const Window& window) {
  return Cell{.value =
                  InSeconds(FloatIsFirst(window) ? window.times.front() : window.histogram_times.front())};
}
Result<Cell> TimeOfLast(const RangeCall&, const Window& window) {
  return Cell{.value = InSeconds(FloatIsLast(window) ? window.times.back() : window.histogram_times.back())};
}

// The place of the least or greatest float, of equals the last; NaN only when there is nothing else.
template <bool Greatest>
size_t Extreme(const Window& window) {
  size_t best = 0;
  for (size_t i = 1; i < window.values.size(); ++i) {
    const double value = window.values[i];
    const double so_far = window.values[best];
    if (std::isnan(so_far) || (Greatest ? value >= so_far : value <= so_far)) best = i;
  }
  return best;
}
template <bool Greatest>
Result<Cell> ExtremeOverTime(const RangeCall& call, const Window& window) {
  if (!FloatsAlone(call, window)) return Cell();
  return Cell{.value = window.values[Extreme<Greatest>(window)]};
}
template <bool Greatest>
Result<Cell> TimeOfExtreme(const RangeCall& call, const Window& window) {
  if (!FloatsAlone(call, window)) return Cell();
  return Cell{.value = InSeconds(window.times[Extreme<Greatest>(window)])};
}

Result<Cell> VarianceOverTime(const RangeCall& call, const Window& window) {
  if (!FloatsAlone(call, window)) return Cell();
  FloatVariance variance;
  for (const double value : window.values) variance.Add(value);
  return Cell{.value = variance.value()};
}
// Not the root of VarianceOverTime's cell: optimizers take the root before they look whether the cell is
// empty, and a root makes an ordinary NaN of the stale marker.
Result<Cell> DeviationOverTime(const RangeCall& call, const Window& window) {
  if (!FloatsAlone(call, window)) return Cell();
  FloatVariance variance;
  for (const double value : window.values) variance.Add(value);
  return Cell{.value = std::sqrt(variance.value())};
}

Result<Cell> QuantileOverTime(const RangeCall& call, const Window& window) {
  const double q = call.scalars[0];
  if (!FloatsAlone(call, window)) return Cell();
  if (!(q >= 0 && q <= 1)) {
    call.evaluation.annotations().Warn(call.call.args[0]->position,
                                       "quantile value should be between 0 and 1, got " + FloatText(q));
  }
  std::vector<double> values(window.values.begin(), window.values.end());
  return Cell{.value = Quantile(q, values)};
}

// Median absolute deviation.
Result<Cell> MadOverTime(const RangeCall& call, const Window& window) {
  if (!FloatsAlone(call, window)) return Cell();
  std::vector<double> values(window.values.begin(), window.values.end());
  if (const auto nan =
          std::find_if(values.begin(), values.end(), [](double value) { return std::isnan(value); });
      nan != values.end()) {
    return Cell{.value = *nan};
  }
  const double median = Quantile(0.5, values);
  for (double& value : values) value = std::fabs(value - median);
  return Cell{.value = Quantile(0.5, values)};
}

constexpr std::array kFunctions = {
    Implementation{"avg_over_time", &AvgOverTime},
    Implementation{"count_over_time", &CountOverTime},
    Implementation{"first_over_time", &FirstOverTime, true},
    Implementation{"last_over_time", &LastOverTime, true},
    Implementation{"mad_over_time", &MadOverTime},
    Implementation{"max_over_time", &ExtremeOverTime<true>},
    Implementation{"min_over_time", &ExtremeOverTime<false>},
    Implementation{"present_over_time", &PresentOverTime},
    Implementation{"quantile_over_time", &QuantileOverTime},
    Implementation{"stddev_over_time", &DeviationOverTime},
    Implementation{"stdvar_over_time", &VarianceOverTime},
    Implementation{"sum_over_time", &SumOverTime},
    Implementation{"ts_of_first_over_time", &TimeOfFirst},
    Implementation{"ts_of_last_over_time", &TimeOfLast},
    Implementation{"ts_of_max_over_time", &TimeOfExtreme<true>},
    Implementation{"ts_of_min_over_time", &TimeOfExtreme<false>},
};

}  // namespace

std::span<const Implementation> OverTimeFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
