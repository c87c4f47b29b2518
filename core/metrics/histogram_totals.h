// HistogramTotals: a histogram as plain numbers; what cells are read into, added up in, and folded into when
// they are released. From there it becomes the model's Histogram.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/model/exemplar.h"
#include "core/model/histogram.h"

namespace sidelight::metrics {

class HistogramShape;

// The buckets that hold something span this, both ends included.
struct IndexRange {
  int32_t low = 0;
  int32_t high = 0;

  int64_t size() const { return int64_t{high} - low + 1; }
  void Include(int32_t index);
  IndexRange Coarser(int32_t shift) const;  // after merging 2^shift neighbours
};

// The native buckets of one sign, without gaps: counts[i] is that of bucket first + i.
struct DenseBuckets {
  int32_t first = 0;
  std::vector<uint64_t> counts;

  std::optional<IndexRange> Populated() const;
  void Downscale(int32_t shift);
  void Add(const DenseBuckets& other);
};

struct HistogramTotals {
  std::vector<uint64_t> classic;  // per bound, and +Inf's; sums to the count
  double sum = 0;
  int32_t schema = kNoNativeSchema;
  uint64_t zero = 0;
  uint64_t unbucketed = 0;  // counted, but in no native bucket
  DenseBuckets positive;
  DenseBuckets negative;
  std::array<uint64_t, 2> infinite{};  // positive, negative
  std::vector<Exemplar> exemplars;     // by slot; an invalid id: none. Empty: none at all

  // Adds another one of the same shape; where the schemas differ, both take the lower one.
  void Add(const HistogramTotals& other);
  std::shared_ptr<const sidelight::Histogram> ToModel(const HistogramShape& shape);
};

// By how many steps the schema must go down so that both ranges together take at most `max_buckets`. The
// coarsest schema ends it.
int32_t StepsToFit(std::optional<IndexRange> positive, std::optional<IndexRange> negative, int32_t schema,
                   uint32_t max_buckets);

}  // namespace sidelight::metrics
