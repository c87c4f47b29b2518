// Window: the samples of one series that a range vector gives to a function at one step; and RangeSeries,
// which slides it from step to step.
#pragma once

#include <span>
#include <vector>

#include "core/base/clock.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "core/storage/queryable.h"
#include "rules/promql/ast.h"
#include "rules/promql/grid.h"

namespace sidelight::promql {

// Samples in (start, end], by kind, in order of time; stale markers are left out. Of an anchored selector the
// last sample at or before start, as far back as the lookback goes, comes first too; of a smoothed one that
// and the first sample after end, as far ahead.
struct Window {
  std::span<const UnixMillis> times;
  std::span<const double> values;
  std::span<const UnixMillis> starts;  // start timestamps; empty when there are none
  std::span<const UnixMillis> histogram_times;
  std::span<const FloatHistogramPtr> histograms;
  std::span<const UnixMillis> histogram_starts;

  UnixMillis time = 0;   // of the step: when the expression is evaluated
  UnixMillis start = 0;  // of the range, the `@` and the offset applied
  UnixMillis end = 0;
  VectorSelector::Extension extension = VectorSelector::Extension::kNone;

  bool empty() const { return times.empty() && histogram_times.empty(); }
};

// One series of a range vector, to be read from its first step to its last.
class RangeSeries {
 public:
  // `samples` has no stale markers and outlives it. The window of step i ends at ends(i) = first_end +
  // i * end_interval, and is `range` long.
  RangeSeries(const Labels& labels, bool drop_name, const storage::Samples& samples, const Steps& steps,
              UnixMillis first_end, int64_t end_interval, int64_t range, int64_t lookback,
              VectorSelector::Extension extension);

  const Labels& labels() const { return labels_; }
  bool drop_name() const { return drop_name_; }  // of a subquery's rows
  // The window of that step; steps are asked for in ascending order. Valid until the next call.
  const Window& At(size_t step);

  // Whether there is nothing but floats within the ranges: no histograms, and no neighbours asked for.
  bool floats_alone() const {
    return samples_.histogram_times.empty() && window_.extension == VectorSelector::Extension::kNone;
  }
  // Whether any of its floats has a start timestamp.
  bool has_starts() const { return !samples_.starts.empty(); }
  // Of a series of floats alone: all of them, and which of them, [first, last), are in the window of a step.
  // To be used instead of At, for functions that go over many windows.
  std::span<const UnixMillis> times() const { return samples_.times; }
  std::span<const double> values() const { return samples_.values; }
  struct Slice {
    size_t first;
    size_t last;
    UnixMillis start;
    UnixMillis end;
  };
  Slice FloatsAt(size_t step) {
    const UnixMillis end = first_end_ + static_cast<int64_t>(step) * end_interval_;
    const UnixMillis start = end - range_;
    Advance(samples_.times, start, end, &first_float_, &last_float_);
    return {first_float_, last_float_, start, end};
  }

 private:
  // Moves [first, last) on to the samples in (start, end].
  static void Advance(const std::vector<UnixMillis>& times, UnixMillis start, UnixMillis end, size_t* first,
                      size_t* last) {
    while (*first < times.size() && times[*first] <= start) ++*first;
    if (!times.empty() && times.back() <= end) {
      *last = times.size();
      return;
    }
    if (*last < *first) *last = *first;
    while (*last < times.size() && times[*last] <= end) ++*last;
  }

  const Labels& labels_;
  const bool drop_name_;
  const storage::Samples& samples_;
  const Steps steps_;
  const UnixMillis first_end_;
  const int64_t end_interval_;
  const int64_t range_;
  const int64_t lookback_;
  // Where the last window began and ended, to go on from.
  size_t first_float_ = 0;
  size_t last_float_ = 0;
  size_t first_histogram_ = 0;
  size_t last_histogram_ = 0;
  Window window_;
};

}  // namespace sidelight::promql
