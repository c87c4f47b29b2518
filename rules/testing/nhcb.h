// Classic histograms (`x_bucket{le="..."}`, `x_count`, `x_sum`) as native histograms with custom buckets, for
// `load_with_nhcb`.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "rules/testing/load_command.h"

namespace sidelight::promqltest {

struct ConvertedSeries {
  Labels labels;  // of the classic series, the name without its suffix, without `le`
  std::vector<std::pair<UnixMillis, FloatHistogramPtr>> histograms;  // in order of time
};

// One for each group of series of the same name and labels, at each time at which one of them has a float.
// What is no part of a classic histogram is passed over. kInvalidArgument when the buckets of a time do not
// ascend, or do not agree with the count.
Result<std::vector<ConvertedSeries>> ConvertToCustomBuckets(std::span<const LoadedSeries> series,
                                                            int64_t step);

}  // namespace sidelight::promqltest
