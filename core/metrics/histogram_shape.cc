#include "core/metrics/histogram_shape.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

namespace sidelight::metrics {

HistogramShape::HistogramShape(HistogramOptions options, TurnLock& lock)
    : options_(std::move(options)),
      bound_count_(options_.bounds == nullptr ? 0 : options_.bounds->size()),
      native_index_(NativeIndexTable::Get()),
      lock_(lock) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (options_.bounds != nullptr) padded_ = *options_.bounds;
  assert(std::adjacent_find(padded_.begin(), padded_.end(), std::greater_equal<>()) == padded_.end());
  assert(std::all_of(padded_.begin(), padded_.end(), [](double b) { return std::isfinite(b); }));
  assert(!has_native() ||
         (options_.native_schema >= kCoarsestSchema && options_.native_schema <= kFinestSchema));
  assert(options_.zero_threshold >= 0 && options_.native_max_buckets >= 1);
  while (padded_.size() % 4 != 0) padded_.push_back(kInfinity);
  // Subnormal values take the slow way, and without a native form every value does.
  common_above_ = std::max(options_.zero_threshold, std::numeric_limits<double>::min());
  if (!has_native()) common_above_ = kInfinity;
}

size_t HistogramShape::SearchBucket(double v) const {
  if (std::isnan(v)) return bound_count_;
  const std::vector<double>& bounds = *options_.bounds;
  return static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), v) - bounds.begin());
}

}  // namespace sidelight::metrics
