// Where the buckets of a FloatHistogram lie.
#include <algorithm>
#include <limits>

#include "core/model/float_histogram.h"

namespace sidelight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

double BucketUpperBound(const FloatHistogram& histogram, int32_t index) {
  if (!histogram.custom_buckets()) return NativeUpperBound(histogram.schema, index);
  if (index < 0) return -kInfinity;
  const std::vector<double>* const bounds = histogram.custom_values.get();
  if (bounds == nullptr || static_cast<size_t>(index) >= bounds->size()) return kInfinity;
  return (*bounds)[static_cast<size_t>(index)];
}

std::vector<HistogramBucket> FloatHistogram::Buckets() const {
  std::vector<HistogramBucket> out;
  out.reserve(positive.size() + negative.size() + 1);
  int32_t index = 0;
  size_t next = 0;
  for (const NativeSpan& span : negative_spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < negative.size(); ++i, ++index) {
      out.push_back({.lower = -NativeUpperBound(schema, index),
                     .upper = -NativeUpperBound(schema, index - 1),
                     .lower_inclusive = true,
                     .upper_inclusive = false,
                     .count = negative[next++],
                     .index = index});
    }
  }
  std::reverse(out.begin(), out.end());
  if (zero_count != 0) {
    out.push_back({.lower = -zero_threshold,
                   .upper = zero_threshold,
                   .lower_inclusive = true,
                   .upper_inclusive = true,
                   .count = zero_count});
  }
  index = 0;
  next = 0;
  for (const NativeSpan& span : positive_spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < positive.size(); ++i, ++index) {
      out.push_back({.lower = BucketUpperBound(*this, index - 1),
                     .upper = BucketUpperBound(*this, index),
                     .lower_inclusive = custom_buckets() && index == 0,
                     .upper_inclusive = true,
                     .count = positive[next++],
                     .index = index});
    }
  }
  return out;
}

}  // namespace sidelight
