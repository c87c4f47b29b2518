// The stream of a chunk of native histograms: the layout of the buckets once, then for each sample what
// changed. docs/storage.md describes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/clock.h"
#include "core/model/float_histogram.h"
#include "core/storage/chunk.h"
#include "core/storage/queryable.h"
#include "core/storage/time_encoding.h"

namespace sidelight::storage {

// More buckets than anybody's histogram has; a layout beyond is refused.
inline constexpr size_t kMaxHistogramBuckets = 65536;

// Buckets at the same places, so that two can stand in one chunk.
bool SameLayout(const FloatHistogram& a, const FloatHistogram& b);

bool SameBounds(const BucketBounds& a, const BucketBounds& b);

// Whether the counter began anew between two histograms of one schema and zero threshold: the count, the zero
// bucket or any bucket fell. A bucket that is missing counts as empty. The histograms' own marks do not
// count.
bool CountsFell(const FloatHistogram& previous, const FloatHistogram& next);

// Some count is not a whole number.
bool HasFractions(const FloatHistogram& histogram);

class HistogramEncoder {
 public:
  // A new stream for histograms that are laid out like this one; `fractional` as in ChunkTraits. Appends the
  // layout to `out`.
  void Begin(UnixMillis first_time, const FloatHistogram& layout, bool fractional, std::string* out);
  // Appends what the sample adds. Nothing is added for a steady one.
  void Append(UnixMillis time, FloatHistogramPtr histogram, UnixMillis start, std::string* out);
  void AppendStale(UnixMillis time, UnixMillis start, std::string* out);

  // The last one appended that is no stale marker; null before the first.
  const FloatHistogramPtr& last() const { return last_; }

 private:
  void PutTime(UnixMillis time, UnixMillis start, std::string* out);
  void PutCounts(const FloatHistogram& histogram, std::string* out);

  TimeState time_;
  uint32_t run_ = 0;  // steady samples that have not been written
  bool fractional_ = false;
  bool first_ = true;
  FloatHistogramPtr last_;
};

// Appends the histograms of [from, to] to `out`, with the marks that docs/storage.md describes. False when
// the bytes are no stream; what was read until there is kept.
bool DecodeHistograms(std::span<const uint8_t> bytes, uint32_t samples, const ChunkTraits& traits,
                      UnixMillis first_time, UnixMillis from, UnixMillis to, Samples* out);

}  // namespace sidelight::storage
