// What rate, increase, delta, irate and idelta say about the samples that they were given.
#pragma once

#include <span>

#include "rules/promql/functions/function.h"

namespace sidelight::promql {

enum class RateKind { kRate, kIncrease, kDelta };
constexpr bool IsCounter(RateKind kind) {
  return kind != RateKind::kDelta;
}

// Floats and histograms in one range.
void SayMixedKinds(const RangeCall& call);
// Exponential and custom buckets in one range.
void SayMixedLayouts(const RangeCall& call);
// Custom buckets whose bounds differ were brought to those that they share.
void SayReconciled(const RangeCall& call);
// The name of a metric of floats is none of a counter.
void SayNoCounterName(const RangeCall& call);
// A gauge under rate or increase; under delta, a first or last sample that is none.
void SayHistogramType(const RangeCall& call, std::span<const FloatHistogramPtr> histograms, RateKind kind);

}  // namespace sidelight::promql
