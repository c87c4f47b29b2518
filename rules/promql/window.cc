#include "rules/promql/window.h"

namespace sidelight::promql {
namespace {

// The samples in a window, [first, last), with the neighbours that an extended selector wants.
struct Extended {
  size_t first;
  size_t last;
};
Extended Extend(const std::vector<UnixMillis>& times, size_t first, size_t last, UnixMillis start,
                UnixMillis end, int64_t lookback, VectorSelector::Extension extension) {
  if (extension == VectorSelector::Extension::kNone) return {first, last};
  if (first > 0 && times[first - 1] > start - lookback) --first;
  if (extension == VectorSelector::Extension::kSmoothed && last < times.size() &&
      times[last] <= end + lookback) {
    ++last;
  }
  return {first, last};
}

template <class T>
std::span<const T> Part(const std::vector<T>& whole, const Extended& range) {
  if (whole.empty()) return {};
  return std::span<const T>(whole).subspan(range.first, range.last - range.first);
}

}  // namespace

RangeSeries::RangeSeries(const Labels& labels, bool drop_name, const storage::Samples& samples,
                         const Steps& steps, UnixMillis first_end, int64_t end_interval, int64_t range,
                         int64_t lookback, VectorSelector::Extension extension)
    : labels_(labels),
      drop_name_(drop_name),
      samples_(samples),
      steps_(steps),
      first_end_(first_end),
      end_interval_(end_interval),
      range_(range),
      lookback_(lookback) {
  window_.extension = extension;
}

const Window& RangeSeries::At(size_t step) {
  window_.time = steps_.At(step);
  window_.end = first_end_ + static_cast<int64_t>(step) * end_interval_;
  window_.start = window_.end - range_;
  Advance(samples_.times, window_.start, window_.end, &first_float_, &last_float_);
  Advance(samples_.histogram_times, window_.start, window_.end, &first_histogram_, &last_histogram_);
  Extended floats = Extend(samples_.times, first_float_, last_float_, window_.start, window_.end, lookback_,
                           window_.extension);
  Extended histograms = Extend(samples_.histogram_times, first_histogram_, last_histogram_, window_.start,
                               window_.end, lookback_, window_.extension);
  // Of both kinds only the nearest sample is the neighbour.
  if (floats.first < first_float_ && histograms.first < first_histogram_) {
    if (samples_.times[floats.first] > samples_.histogram_times[histograms.first]) {
      ++histograms.first;
    } else {
      ++floats.first;
    }
  }
  if (floats.last > last_float_ && histograms.last > last_histogram_) {
    if (samples_.times[last_float_] < samples_.histogram_times[last_histogram_]) {
      --histograms.last;
    } else {
      --floats.last;
    }
  }
  window_.times = Part(samples_.times, floats);
  window_.values = Part(samples_.values, floats);
  window_.starts = Part(samples_.starts, floats);
  window_.histogram_times = Part(samples_.histogram_times, histograms);
  window_.histograms = Part(samples_.histograms, histograms);
  window_.histogram_starts = Part(samples_.histogram_starts, histograms);
  return window_;
}

}  // namespace sidelight::promql
