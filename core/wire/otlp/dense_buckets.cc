#include "core/wire/otlp/dense_buckets.h"

#include <algorithm>

namespace sidelight::otlp {

DenseBuckets::DenseBuckets(const NativeBuckets& buckets, int merges) : buckets_(buckets), merges_(merges) {
  bool found = false;
  int64_t index = 0;
  for (const NativeSpan& span : buckets.spans) {
    index += span.offset;
    if (span.length == 0) continue;
    if (!found) first_ = (index - 1) >> merges;
    found = true;
    index += span.length;
    last_ = (index - 2) >> merges;
  }
  end_ = index;
}

int Merges(const Histogram& histogram) {
  int merges = 0;
  while (DenseBuckets(histogram.positive, merges).width() > kMostDenseBuckets ||
         DenseBuckets(histogram.negative, merges).width() > kMostDenseBuckets) {
    ++merges;
  }
  return merges;
}

}  // namespace sidelight::otlp
