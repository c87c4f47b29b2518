// Histogram: the state of one histogram series at one moment, in both of its forms.
//
// The classic form counts by fixed upper bounds. The native form (Prometheus' native, OpenTelemetry's
// exponential histogram) counts by bounds that grow by the factor 2^(2^-schema): bucket i holds
// (2^((i-1)*2^-schema), 2^(i*2^-schema)], and everything of magnitude up to zero_threshold is in the zero
// bucket. Both forms describe the same observations: each sums to `count`.
//
// Counts are per bucket, not cumulative; the formats that want cumulative ones add up as they write.
// Source: https://prometheus.io/docs/specs/native_histograms/ .
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/model/exemplar.h"

namespace sidelight {

// Upper bounds, ascending, finite; the bucket above the last (+Inf) is implied. Shared by all series of a
// family.
using BucketBounds = std::shared_ptr<const std::vector<double>>;

struct ClassicBuckets {
  BucketBounds bounds;           // null: there is no classic form
  std::vector<uint64_t> counts;  // bounds->size() + 1; the last is +Inf's
};

// Runs of neighbouring native buckets, so that gaps cost nothing.
struct NativeSpan {
  int32_t offset = 0;   // of the first span: the index of its first bucket; of others: the gap before it
  uint32_t length = 0;  // buckets in this run

  friend bool operator==(const NativeSpan&, const NativeSpan&) = default;
};

struct NativeBuckets {
  std::vector<NativeSpan> spans;
  std::vector<uint64_t> counts;  // of all spans one after the other
};

inline constexpr int32_t kNoNativeSchema = INT32_MIN;

struct Histogram {
  uint64_t count = 0;
  double sum = 0;
  ClassicBuckets classic;

  int32_t schema = kNoNativeSchema;  // -4 to 8; kNoNativeSchema: there is no native form
  double zero_threshold = 0;
  uint64_t zero_count = 0;
  NativeBuckets positive;
  NativeBuckets negative;

  std::vector<Exemplar> exemplars;  // ascending by value, at most one for each classic bucket

  bool has_classic() const { return classic.bounds != nullptr; }
  bool has_native() const { return schema != kNoNativeSchema; }
};

// The upper bound of native bucket `index` under `schema`.
double NativeUpperBound(int32_t schema, int32_t index);

}  // namespace sidelight
