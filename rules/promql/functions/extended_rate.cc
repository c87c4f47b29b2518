#include "rules/promql/functions/extended_rate.h"

#include <memory>
#include <optional>
#include <utility>

#include "rules/promql/interpolation.h"

namespace sidelight::promql {
namespace {

// Where the samples lie with regard to the range.
struct Layout {
  size_t first_within = 0;  // index of the first sample behind the range's start
  size_t end_within = 0;    // behind the last sample in the range
  bool has_before = false;
  bool has_after = false;

  bool any_within() const { return first_within < end_within; }
};

Layout Lay(std::span<const UnixMillis> times, const Window& window) {
  Layout layout;
  layout.has_before = times.front() <= window.start;
  layout.has_after = times.back() > window.end;
  layout.first_within = layout.has_before ? 1 : 0;
  layout.end_within = times.size() - (layout.has_after ? 1 : 0);
  return layout;
}

double Fraction(std::span<const UnixMillis> times, size_t before, UnixMillis at) {
  return static_cast<double>(at - times[before]) / static_cast<double>(times[before + 1] - times[before]);
}

// What a counter lost in resets between the values at both ends: calls `add(i)` for each sample i that the
// next one begins anew after. Where the left value was interpolated, it counts from zero already if there was
// a reset before the next sample.
template <class IsReset, class Add>
void AddResets(std::span<const UnixMillis> times, const Layout& layout, const Window& window,
               bool left_between, IsReset is_reset, Add add) {
  // The sample after the range takes part when the right value lies on the line to it.
  const bool right_between = layout.has_after && times[layout.end_within - 1] < window.end;
  const size_t end = layout.end_within + (right_between ? 1 : 0);
  for (size_t i = left_between ? 1 : 0; i + 1 < end; ++i) {
    if (is_reset(i + 1)) add(i);
  }
}

// Whether the left end lies strictly between two samples, so that its value was interpolated.
bool LeftBetween(std::span<const UnixMillis> times, const Layout& layout, const Window& window) {
  return window.extension == VectorSelector::Extension::kSmoothed && layout.has_before &&
         times[0] < window.start && times.size() > 1;
}

bool HasResult(const Layout& layout, const Window& window) {
  if (layout.any_within()) return true;
  return window.extension == VectorSelector::Extension::kSmoothed && layout.has_before && layout.has_after;
}

double PerSecond(const Window& window, RateKind kind) {
  return kind == RateKind::kRate ? 1000 / static_cast<double>(window.end - window.start) : 1;
}

Result<Cell> OfFloats(const Window& window, RateKind kind) {
  const Layout layout = Lay(window.times, window);
  if (!HasResult(layout, window)) return Cell();
  const bool counter = IsCounter(kind);
  const std::span<const double> values = window.values;
  const bool left_between = LeftBetween(window.times, layout, window);
  double left = values[0];
  if (left_between)
    left = Interpolate(values[0], values[1], Fraction(window.times, 0, window.start), counter);
  const size_t last = layout.end_within - 1;  // with nothing within: the sample before
  double right = values[last];
  // Anchored windows have no sample after their end.
  if (layout.has_after && window.times[last] < window.end) {
    right = Interpolate(values[last], values[last + 1], Fraction(window.times, last, window.end), counter);
  }
  double growth = right - left;
  if (counter) {
    AddResets(
        window.times, layout, window, left_between, [&](size_t i) { return values[i] < values[i - 1]; },
        [&](size_t i) { growth += values[i]; });
  }
  return Cell{.value = growth * PerSecond(window, kind)};
}

Result<Cell> OfHistograms(const RangeCall& call, const Window& window, RateKind kind) {
  const Layout layout = Lay(window.histogram_times, window);
  if (!HasResult(layout, window)) return Cell();
  const bool counter = IsCounter(kind);
  const std::span<const FloatHistogramPtr> histograms = window.histograms;
  const bool left_between = LeftBetween(window.histogram_times, layout, window);
  for (const FloatHistogramPtr& histogram : histograms) {
    if (histogram->custom_buckets() == histograms.front()->custom_buckets()) continue;
    SayMixedLayouts(call);
    return Cell();
  }
  SayHistogramType(call, histograms, kind);
  FloatHistogramPtr left = histograms[0];
  if (left_between) {
    left = Interpolate(*histograms[0], *histograms[1], Fraction(window.histogram_times, 0, window.start),
                       counter);
  }
  const size_t last = layout.end_within - 1;
  FloatHistogramPtr right = histograms[last];
  if (layout.has_after && window.histogram_times[last] < window.end) {
    right = Interpolate(*histograms[last], *histograms[last + 1],
                        Fraction(window.histogram_times, last, window.end), counter);
  }
  auto growth = std::make_shared<FloatHistogram>(*right);
  bool reconciled = growth->Subtract(*left)->bounds_reconciled;
  if (counter) {
    AddResets(
        window.histogram_times, layout, window, left_between,
        [&](size_t i) { return histograms[i]->DetectReset(*histograms[i - 1]); },
        [&](size_t i) { reconciled = growth->Add(*histograms[i])->bounds_reconciled || reconciled; });
  }
  if (reconciled) SayReconciled(call);
  growth->counter_reset = CounterReset::kGauge;
  growth->Multiply(PerSecond(window, kind));
  growth->Compact();
  return Cell{.histogram = std::move(growth)};
}

}  // namespace

Result<Cell> ExtendedRate(const RangeCall& call, const Window& window, RateKind kind) {
  if (!window.times.empty() && !window.histogram_times.empty()) {
    SayMixedKinds(call);
    return Cell();
  }
  if (window.times.empty()) return OfHistograms(call, window, kind);
  if (IsCounter(kind)) SayNoCounterName(call);
  return OfFloats(window, kind);
}

}  // namespace sidelight::promql
