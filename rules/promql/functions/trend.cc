// What a range of samples does over time: its slope, its changes, its resets.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/base/compensated_sum.h"
#include "rules/promql/functions/function.h"
#include "rules/promql/printer.h"
#include "rules/promql/start_time.h"

namespace sidelight::promql {
namespace {

void SayIgnored(const RangeCall& call, const Window& window) {
  if (window.histograms.empty()) return;
  call.evaluation.annotations().Info(
      call.position(),
      "ignored histograms in a range containing both floats and histograms for metric name " +
          Quote(call.metric_name()));
}

struct Line {
  double slope = 0;
  double intercept = 0;  // its value at the time asked for
};

// Least squares.
Line Regress(const Window& window, UnixMillis intercept_time) {
  const double first = window.values[0];
  if (std::all_of(window.values.begin(), window.values.end(), [&](double value) { return value == first; })) {
    if (std::isinf(first))
      return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
    return {0, first};
  }
  double x = 0, y = 0, xy = 0, xx = 0;
  double lost_x = 0, lost_y = 0, lost_xy = 0, lost_xx = 0;
  for (size_t i = 0; i < window.values.size(); ++i) {
    const double at = static_cast<double>(window.times[i] - intercept_time) / 1000;
    CompensatedAdd(at, &x, &lost_x);
    CompensatedAdd(window.values[i], &y, &lost_y);
    CompensatedAdd(at * window.values[i], &xy, &lost_xy);
    CompensatedAdd(at * at, &xx, &lost_xx);
  }
  x += lost_x;
  y += lost_y;
  xy += lost_xy;
  xx += lost_xx;
  const double n = static_cast<double>(window.values.size());
  const double covariance = xy - x * y / n;
  const double variance = xx - x * x / n;
  const double slope = covariance / variance;
  return {slope, y / n - slope * x / n};
}

Result<Cell> Deriv(const RangeCall& call, const Window& window) {
  if (window.times.size() < 2) return Cell();
  SayIgnored(call, window);
  return Cell{.value = Regress(window, window.times[0]).slope};
}

Result<Cell> PredictLinear(const RangeCall& call, const Window& window) {
  if (window.times.size() < 2) return Cell();
  SayIgnored(call, window);
  const Line line = Regress(window, window.time);
  return Cell{.value = line.slope * call.scalars[0] + line.intercept};
}

// Holt's linear method.
Result<Cell> DoubleExponentialSmoothing(const RangeCall& call, const Window& window) {
  const double smoothing = call.scalars[0];
  const double trend_factor = call.scalars[1];
  if (!(smoothing > 0 && smoothing < 1)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("invalid smoothing factor. Expected: 0 < sf < 1, got: {:f}", smoothing));
  }
  if (!(trend_factor > 0 && trend_factor < 1)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("invalid trend factor. Expected: 0 < tf < 1, got: {:f}", trend_factor));
  }
  if (window.times.size() < 2) return Cell();
  SayIgnored(call, window);
  double before = 0;
  double level = window.values[0];
  double trend = window.values[1] - window.values[0];
  for (size_t i = 1; i < window.values.size(); ++i) {
    if (i > 1) trend = trend_factor * (level - before) + (1 - trend_factor) * trend;
    before = std::exchange(level, smoothing * window.values[i] + (1 - smoothing) * (level + trend));
  }
  return Cell{.value = level};
}

// The samples of both kinds, one after the other.
class Merged {
 public:
  explicit Merged(const Window& window) : window_(window) {}

  struct Item {
    Stamp stamp;
    double value = 0;
    const FloatHistogram* histogram = nullptr;
  };
  // False at the end.
  bool Next(Item* item) {
    const bool more_floats = floats_ < window_.times.size();
    const bool more_histograms = histograms_ < window_.histogram_times.size();
    if (!more_floats && !more_histograms) return false;
    if (more_floats && (!more_histograms || window_.times[floats_] < window_.histogram_times[histograms_])) {
      *item = {StampOf(window_.times, window_.starts, floats_), window_.values[floats_], nullptr};
      ++floats_;
    } else {
      *item = {StampOf(window_.histogram_times, window_.histogram_starts, histograms_), 0,
               window_.histograms[histograms_].get()};
      ++histograms_;
    }
    return true;
  }

 private:
  const Window& window_;
  size_t floats_ = 0;
  size_t histograms_ = 0;
};

// How often something is so between two neighbours. With a neighbour before the range it takes a sample in
// it.
template <class Differ>
Cell CountBetween(const Window& window, Differ differ) {
  Merged samples(window);
  Merged::Item before;
  samples.Next(&before);
  Merged::Item now;
  double count = 0;
  bool within = before.stamp.time > window.start;
  while (samples.Next(&now)) {
    within = true;
    if (differ(before, now)) ++count;
    before = now;
  }
  if (!within) return {};
  return {.value = count};
}

Result<Cell> Changes(const RangeCall&, const Window& window) {
  return CountBetween(window, [](const Merged::Item& before, const Merged::Item& now) {
    if ((before.histogram == nullptr) != (now.histogram == nullptr)) return true;
    if (now.histogram != nullptr) return !now.histogram->Equals(*before.histogram);
    return before.value != now.value && !(std::isnan(before.value) && std::isnan(now.value));
  });
}

Result<Cell> Resets(const RangeCall& call, const Window& window) {
  const bool by_start = call.evaluation.query().options.start_timestamps;
  return CountBetween(window, [by_start](const Merged::Item& before, const Merged::Item& now) {
    if ((before.histogram == nullptr) != (now.histogram == nullptr)) return true;
    if (by_start && ResetByStart(before.stamp, now.stamp)) return true;
    if (now.histogram != nullptr) return now.histogram->DetectReset(*before.histogram);
    return now.value < before.value;
  });
}

constexpr std::array kFunctions = {
    Implementation{"changes", &Changes},
    Implementation{"deriv", &Deriv},
    Implementation{"double_exponential_smoothing", &DoubleExponentialSmoothing},
    Implementation{"predict_linear", &PredictLinear},
    Implementation{"resets", &Resets},
};

}  // namespace

std::span<const Implementation> TrendFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
