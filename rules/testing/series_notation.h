// The notation of a series with its samples: `http_requests_total{job="api"} 0+10x5 _ stale {{sum:1
// count:1}}`, one sample for each step. Prometheus' test files and promtool's unit tests write it.
//
//   5 -1.5 1e3 Inf NaN    one float                _ _xN       1, N steps without a sample
//   AxN A+BxN A-BxN       N+1 floats               stale       the stale marker
//   {{...}}               one histogram            {{...}}xN   N+1 times that one
//   {{...}}+{{...}}xN     N+1 histograms, the second one added (or subtracted) again and again
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"

namespace sidelight::promqltest {

// More steps than that in one line are refused.
inline constexpr size_t kMaxSequence = 1'000'000;

struct SequenceValue {
  bool omitted = false;
  double value = 0;
  FloatHistogramPtr histogram;  // null: a float
  bool hint_given = false;      // the histogram's counter_reset was written
};

// One sample, or none, for each step.
Result<std::vector<SequenceValue>> ParseSequence(std::string_view text);

struct WrittenSeries {
  Labels labels;  // the name as __name__
  std::vector<SequenceValue> values;
};
// Labels and samples.
Result<WrittenSeries> ParseSeries(std::string_view text);

// Takes so many off `*left`, the values that a whole file may still have; an error when there are not enough.
// A few bytes may stand for a million values.
Status TakeValues(size_t values, size_t* left);

// Start timestamps, of each sample relative to its time, in milliseconds; of each step one, or none:
// `_ _xN -30s 0 1ms DxN D+ExN D-ExN`.
Result<std::vector<std::optional<int64_t>>> ParseStartOffsets(std::string_view text);

}  // namespace sidelight::promqltest
