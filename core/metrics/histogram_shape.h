// HistogramShape: what all histograms of one family share, laid out for Observe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/metrics/instruments.h"
#include "core/metrics/native_index.h"
#include "core/metrics/turn_lock.h"

namespace sidelight::metrics {

// An exemplar in a cell: trace (two words), span, value, time. Trace words of zero: there is none.
inline constexpr size_t kExemplarWords = 5;

class HistogramShape {
 public:
  // The registry's lock, under which a cell grows. Outlives the shape.
  HistogramShape(HistogramOptions options, TurnLock& lock);

  const HistogramOptions& options() const { return options_; }
  bool has_native() const { return options_.native_schema != kNoNativeSchema; }
  size_t classic_size() const { return bound_count_ + 1; }
  // One per classic bucket; a few where there are no bounds to choose by.
  size_t exemplar_slots() const { return bound_count_ == 0 ? kRotatingExemplars : classic_size(); }
  bool exemplars_rotate() const { return bound_count_ == 0; }

  // The first bucket whose bound is not below v; NaN goes to +Inf's.
  size_t ClassicBucket(double v) const {
    if (bound_count_ > kCompareAll) return SearchBucket(v);
    // Comparing with all bounds, two pairs at a time, is faster than a search whose every branch is a guess.
    using Two = double __attribute__((vector_size(16), aligned(8), may_alias));
    using TwoMasks = int64_t __attribute__((vector_size(16)));
    const Two value = {v, v};
    TwoMasks even = {0, 0};  // minus one for each bound that v is not above
    TwoMasks odd = {0, 0};
    const double* const end = padded_.data() + padded_.size();
    for (const double* bound = padded_.data(); bound != end; bound += 4) {
      even += value <= *reinterpret_cast<const Two*>(bound);
      odd += value <= *reinterpret_cast<const Two*>(bound + 2);
    }
    const TwoMasks held = even + odd;
    const int64_t below = static_cast<int64_t>(padded_.size()) + held[0] + held[1];
    return below < static_cast<int64_t>(bound_count_) ? static_cast<size_t>(below) : bound_count_;
  }

  // Positive values above this and up to the largest double are the common case of the native form.
  double common_above() const { return common_above_; }
  const NativeIndexTable& native_index() const { return native_index_; }
  TurnLock& lock() const { return lock_; }

 private:
  static constexpr size_t kRotatingExemplars = 4;
  static constexpr size_t kCompareAll = 40;

  size_t SearchBucket(double v) const;

  const HistogramOptions options_;
  const size_t bound_count_;
  std::vector<double> padded_;  // the bounds, and +Inf until the number divides by four
  double common_above_;
  const NativeIndexTable& native_index_;
  TurnLock& lock_;
};

}  // namespace sidelight::metrics
