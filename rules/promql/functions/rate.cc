// How fast samples grow: rate, increase and delta over a range, irate and idelta over its last two samples.
//
// rate and its kind take the samples in the range and extrapolate to its ends; of anchored and smoothed
// ranges they have the values at the ends, and extrapolate nothing (extended_rate.cc). Source:
// https://prometheus.io/docs/prometheus/latest/querying/functions/#rate .
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rules/promql/functions/extended_rate.h"
#include "rules/promql/functions/function.h"
#include "rules/promql/functions/rate_annotations.h"
#include "rules/promql/start_time.h"

namespace sidelight::promql {
namespace {

// What the samples say, before it is extrapolated.
struct Growth {
  double value = 0;                           // of floats
  std::shared_ptr<FloatHistogram> histogram;  // of histograms
  double first = 0;                           // the counter's value (count) at the first sample
  double total = 0;                           // by how much it grew
  Stamp first_stamp;
  UnixMillis last_time = 0;
  size_t samples = 0;
};

// Checks what start timestamps there are, for annotations.
void CheckStarts(const RangeCall& call, std::span<const UnixMillis> times,
                 std::span<const UnixMillis> starts) {
  for (size_t i = 1; i < times.size() && !starts.empty(); ++i) {
    if (!OverlapsByStart(StampOf(times, starts, i - 1), StampOf(times, starts, i))) continue;
    call.evaluation.annotations().WarnStartTimeOverlap(call.position(), call.metric_name());
    return;
  }
}

Growth FloatGrowth(const Window& window, RateKind kind, bool by_start) {
  Growth growth{.value = window.values.back() - window.values.front(),
                .histogram = nullptr,
                .first = window.values.front(),
                .first_stamp = StampOf(window.times, window.starts, 0),
                .last_time = window.times.back(),
                .samples = window.times.size()};
  if (IsCounter(kind)) {
    for (size_t i = 1; i < window.values.size(); ++i) {
      const bool reset = window.values[i] < window.values[i - 1] ||
                         (by_start && ResetByStart(StampOf(window.times, window.starts, i - 1),
                                                   StampOf(window.times, window.starts, i)));
      if (reset) growth.value += window.values[i - 1];
    }
  }
  growth.total = growth.value;
  return growth;
}

// Nothing where histograms of both bucket layouts meet; said so.
std::optional<Growth> HistogramGrowth(const RangeCall& call, const Window& window, RateKind kind,
                                      bool by_start) {
  const std::span<const FloatHistogramPtr> histograms = window.histograms;
  SayHistogramType(call, histograms, kind);
  Growth growth{.first = histograms.front()->count,
                .first_stamp = StampOf(window.histogram_times, window.histogram_starts, 0),
                .last_time = window.histogram_times.back(),
                .samples = histograms.size()};
  const auto reset = [&](size_t i) {
    return histograms[i]->DetectReset(*histograms[i - 1]) ||
           (by_start && ResetByStart(StampOf(window.histogram_times, window.histogram_starts, i - 1),
                                     StampOf(window.histogram_times, window.histogram_starts, i)));
  };
  growth.histogram = std::make_shared<FloatHistogram>(*histograms.back());
  FloatHistogram& result = *growth.histogram;
  // Of a first sample that is followed by a reset nothing is left, so that its layout does not matter.
  const bool first_counts = histograms.size() == 1 || !IsCounter(kind) || !reset(1);
  const size_t from = first_counts ? 0 : 1;
  for (size_t i = from; i < histograms.size(); ++i) {
    if (histograms[i]->custom_buckets() == result.custom_buckets()) continue;
    SayMixedLayouts(call);
    return std::nullopt;
  }
  // The coarsest layout that came along is the result's.
  for (size_t i = from; i < histograms.size() && !result.custom_buckets(); ++i) {
    result.ReduceResolution(histograms[i]->schema);
  }
  bool reconciled = false;
  if (first_counts) reconciled = result.Subtract(*histograms.front())->bounds_reconciled;
  if (IsCounter(kind)) {
    for (size_t i = 1; i < histograms.size(); ++i) {
      if (!reset(i) || (i == 1 && !first_counts)) continue;
      reconciled = result.Add(*histograms[i - 1])->bounds_reconciled || reconciled;
    }
  }
  if (reconciled) SayReconciled(call);
  growth.total = result.count;
  return growth;
}

// What extrapolation has to know of the samples in a window.
struct Observed {
  UnixMillis range_start;
  UnixMillis range_end;
  UnixMillis first_time;
  UnixMillis last_time;
  size_t samples;
  double first;      // the counter's value at the first sample
  double total;      // by how much it grew
  UnixMillis began;  // within the range, with zero; 0: not known
};

// By what factor the growth between the samples becomes the growth over the whole range.
template <RateKind Kind>
inline double Extrapolation(const Observed& seen) {
  const auto seconds = [](int64_t millis) { return static_cast<double>(millis) / 1000; };
  const double sampled = seconds(seen.last_time - seen.first_time);
  double to_start = seconds(seen.first_time - seen.range_start);
  double to_end = seconds(seen.range_end - seen.last_time);
  const double average = seen.samples > 1 ? sampled / static_cast<double>(seen.samples - 1) : 0;
  // Samples end somewhat within the range all the time; by more than this the series itself begins or ends
  // there.
  const double threshold = average * 1.1;
  if (to_start >= threshold) to_start = average / 2;
  // No counter was below zero before its first sample.
  if (IsCounter(Kind) && seen.total > 0 && seen.first >= 0) {
    to_start = std::min(to_start, sampled * (seen.first / seen.total));
  }
  if (to_end >= threshold) to_end = average / 2;
  double observed = sampled;
  if (seen.began != 0) {
    observed = seconds(seen.last_time - seen.began);
    to_start = 0;
  }
  double factor = (observed + to_start + to_end) / observed;
  if (Kind == RateKind::kRate) factor /= seconds(seen.range_end - seen.range_start);
  return factor;
}

template <RateKind Kind>
double Extrapolation(const Window& window, const Growth& growth, bool began_within) {
  return Extrapolation<Kind>({.range_start = window.start,
                              .range_end = window.end,
                              .first_time = growth.first_stamp.time,
                              .last_time = growth.last_time,
                              .samples = growth.samples,
                              .first = growth.first,
                              .total = growth.total,
                              .began = began_within ? growth.first_stamp.start : 0});
}

template <RateKind Kind>
Result<Cell> Rate(const RangeCall& call, const Window& window) {
  if (window.extension != VectorSelector::Extension::kNone) return ExtendedRate(call, window, Kind);
  if (!window.times.empty() && !window.histograms.empty()) {
    SayMixedKinds(call);
    return Cell();
  }
  const bool floats = !window.times.empty();
  const bool by_start = IsCounter(Kind) && call.evaluation.query().options.start_timestamps;
  const std::span<const UnixMillis> times = floats ? window.times : window.histogram_times;
  const std::span<const UnixMillis> starts = floats ? window.starts : window.histogram_starts;
  const bool began_within = by_start && BeganWithin(StampOf(times, starts, 0), window.start);
  if (times.size() < 2 && !began_within) return Cell();
  if (by_start) CheckStarts(call, times, starts);

  if (floats) {
    if (IsCounter(Kind)) SayNoCounterName(call);
    Growth growth = FloatGrowth(window, Kind, by_start);
    const double factor = Extrapolation<Kind>(window, growth, began_within);
    if (began_within) growth.value += growth.first;
    return Cell{.value = growth.value * factor};
  }
  std::optional<Growth> growth = HistogramGrowth(call, window, Kind, by_start);
  if (!growth) return Cell();
  const double factor = Extrapolation<Kind>(window, *growth, began_within);
  if (began_within) (void)growth->histogram->Add(*window.histograms.front());
  growth->histogram->counter_reset = CounterReset::kGauge;
  growth->histogram->Multiply(factor);
  growth->histogram->Compact();
  return Cell{.histogram = std::move(growth->histogram)};
}

// What Rate does, without what floats alone cannot have.
template <RateKind Kind>
int64_t RateRow(const RangeCall& call, RangeSeries& series, std::span<double> row) {
  const std::span<const UnixMillis> times = series.times();
  const std::span<const double> values = series.values();
  int64_t found = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const RangeSeries::Slice part = series.FloatsAt(i);
    if (part.last < part.first + 2) continue;
    const double first = values[part.first];
    double growth = values[part.last - 1] - first;
    // First whether there was a reset at all, which compares several at once.
    bool reset = false;
    for (size_t s = part.first + 1; s < part.last && IsCounter(Kind); ++s) reset |= values[s] < values[s - 1];
    for (size_t s = part.first + 1; s < part.last && reset; ++s) {
      if (values[s] < values[s - 1]) growth += values[s - 1];
    }
    row[i] = growth * Extrapolation<Kind>({.range_start = part.start,
                                           .range_end = part.end,
                                           .first_time = times[part.first],
                                           .last_time = times[part.last - 1],
                                           .samples = part.last - part.first,
                                           .first = first,
                                           .total = growth,
                                           .began = 0});
    ++found;
  }
  if (IsCounter(Kind) && found > 0) SayNoCounterName(call);
  return found;
}

// Of the last two samples, which must be of one kind.
template <bool Counter>
Result<Cell> Instant(const RangeCall& call, const Window& window) {
  const size_t floats = window.times.size();
  const size_t histograms = window.histograms.size();
  if (floats + histograms < 2) return Cell();
  const UnixMillis last_float = floats == 0 ? INT64_MIN : window.times.back();
  const UnixMillis last_histogram = histograms == 0 ? INT64_MIN : window.histogram_times.back();
  const bool by_start = Counter && call.evaluation.query().options.start_timestamps;
  if (last_float > last_histogram) {
    if (floats < 2 || window.times[floats - 2] < last_histogram) {
      SayMixedKinds(call);
      return Cell();
    }
    if (Counter) SayNoCounterName(call);
    const Stamp before = StampOf(window.times, window.starts, floats - 2);
    const Stamp now = StampOf(window.times, window.starts, floats - 1);
    double value = window.values[floats - 1];
    const bool reset =
        Counter && (value < window.values[floats - 2] || (by_start && ResetByStart(before, now)));
    if (!reset) value -= window.values[floats - 2];
    if (Counter) value /= static_cast<double>(now.time - before.time) / 1000;
    return Cell{.value = value};
  }
  if (histograms < 2 || window.histogram_times[histograms - 2] < last_float) {
    SayMixedKinds(call);
    return Cell();
  }
  const FloatHistogram& previous = *window.histograms[histograms - 2];
  const Stamp before = StampOf(window.histogram_times, window.histogram_starts, histograms - 2);
  const Stamp now = StampOf(window.histogram_times, window.histogram_starts, histograms - 1);
  SayHistogramType(call, window.histograms.subspan(histograms - 2),
                   Counter ? RateKind::kRate : RateKind::kDelta);
  auto result = std::make_shared<FloatHistogram>(*window.histograms[histograms - 1]);
  const bool reset = Counter && (result->DetectReset(previous) || (by_start && ResetByStart(before, now)));
  if (result->custom_buckets() != previous.custom_buckets()) {
    SayMixedLayouts(call);
    return Cell();
  }
  if (!reset && result->Subtract(previous)->bounds_reconciled) SayReconciled(call);
  result->counter_reset = CounterReset::kGauge;
  if (Counter) result->Multiply(1000 / static_cast<double>(now.time - before.time));
  result->Compact();
  return Cell{.histogram = std::move(result)};
}

constexpr std::array kFunctions = {
    Implementation{"delta", &Rate<RateKind::kDelta>, false, &RateRow<RateKind::kDelta>},
    Implementation{"idelta", &Instant<false>},
    Implementation{"increase", &Rate<RateKind::kIncrease>, false, &RateRow<RateKind::kIncrease>},
    Implementation{"irate", &Instant<true>},
    Implementation{"rate", &Rate<RateKind::kRate>, false, &RateRow<RateKind::kRate>},
};

}  // namespace

std::span<const Implementation> RateFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
