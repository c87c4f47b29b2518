// rate, increase and delta over anchored and smoothed ranges (experimental).
//
// Anchored: from the last sample at or before the range's start to the last one in it. Smoothed: from the
// value at the start to the value at the end, each on the line between the samples around it. What a counter
// lost in resets between the two is added. Nothing is extrapolated.
#pragma once

#include "rules/promql/functions/rate_annotations.h"

namespace sidelight::promql {

Result<Cell> ExtendedRate(const RangeCall& call, const Window& window, RateKind kind);

}  // namespace sidelight::promql
