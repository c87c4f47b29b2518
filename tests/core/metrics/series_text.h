// What the tests of this room read out of a Snapshot, as values and short texts that a failing message shows
// well.
#pragma once

#include <map>
#include <numeric>
#include <string>

#include "core/model/snapshot.h"

namespace sidelight {

inline const MetricFamily* FindFamily(const Snapshot& snapshot, std::string_view name) {
  for (const MetricFamily& family : snapshot.families) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

inline const Metric* FindMetric(const Snapshot& snapshot, std::string_view name, const Labels& labels) {
  const MetricFamily* const family = FindFamily(snapshot, name);
  if (family == nullptr) return nullptr;
  for (const Metric& metric : family->metrics) {
    if (metric.labels == labels) return &metric;
  }
  return nullptr;
}

// Index -> count of the buckets that hold something.
inline std::map<int32_t, uint64_t> ToMap(const NativeBuckets& buckets) {
  std::map<int32_t, uint64_t> out;
  size_t at = 0;
  int32_t index = 0;
  for (const NativeSpan& span : buckets.spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index, ++at) {
      if (buckets.counts.at(at) != 0) out[index] = buckets.counts.at(at);
    }
  }
  return out;
}

inline uint64_t Sum(const std::vector<uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

inline uint64_t NativeSum(const Histogram& h) {
  return h.zero_count + Sum(h.positive.counts) + Sum(h.negative.counts);
}

// "a=1 b=stale" for a family's series, by the value of their label `label`.
inline std::string Values(const MetricFamily* family, std::string_view label) {
  if (family == nullptr) return "absent";
  std::string out;
  for (const Metric& metric : family->metrics) {
    if (!out.empty()) out += ' ';
    out += metric.labels.Get(label);
    out += metric.stale ? "=stale" : "=" + std::to_string(static_cast<int64_t>(metric.value));
  }
  return out;
}

}  // namespace sidelight
