// DenseBuckets: the native buckets of a histogram as OTLP lays them out: one list without gaps, and each
// index one lower, because Prometheus' bucket i ends at base^i and OTLP's begins there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/model/histogram.h"

namespace sidelight::otlp {

// A list is at most this long. Where a histogram's observations lie further apart, neighbours are merged.
inline constexpr int64_t kMostDenseBuckets = 2048;

// How many halvings of the resolution it takes for both sides to fit; the scale is `schema` less that.
int Merges(const Histogram& histogram);

class DenseBuckets {
 public:
  DenseBuckets(const NativeBuckets& buckets, int merges);

  bool empty() const { return first_ > last_; }
  int32_t offset() const { return static_cast<int32_t>(first_); }

  // Calls `each(count)` for every bucket, the last first.
  template <class Each>
  void ForEachBackward(const Each& each) const;
  // The same, the first first.
  template <class Each>
  void ForEach(const Each& each) const;

 private:
  friend int Merges(const Histogram& histogram);
  int64_t width() const { return last_ - first_ + 1; }

  const NativeBuckets& buckets_;
  const int merges_;
  int64_t first_ = 0;  // index of the first and of the last bucket, in OTLP's counting
  int64_t last_ = -1;
  int64_t end_ = 0;  // Prometheus' index behind the last bucket
};

template <class Each>
void DenseBuckets::ForEachBackward(const Each& each) const {
  if (empty()) return;
  int64_t index = end_;
  int64_t open = last_;
  uint64_t count = 0;
  size_t next = buckets_.counts.size();
  for (size_t s = buckets_.spans.size(); s-- > 0;) {
    const NativeSpan& span = buckets_.spans[s];
    for (uint32_t i = 0; i < span.length; ++i) {
      const int64_t at = (--index - 1) >> merges_;
      for (; open > at; --open, count = 0) each(count);
      count += buckets_.counts[--next];
    }
    index -= span.offset;
  }
  each(count);
}

template <class Each>
void DenseBuckets::ForEach(const Each& each) const {
  if (empty()) return;
  int64_t index = 0;
  int64_t open = first_;
  uint64_t count = 0;
  size_t next = 0;
  for (const NativeSpan& span : buckets_.spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index) {
      const int64_t at = (index - 1) >> merges_;
      for (; open < at; ++open, count = 0) each(count);
      count += buckets_.counts[next++];
    }
  }
  each(count);
}

}  // namespace sidelight::otlp
