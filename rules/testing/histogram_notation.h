// The notation of a native histogram: `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`. Prometheus' test files,
// promtool's unit tests and FloatHistogram::ToTestText write it.
//
//   schema                 -4 ... 8, or -53: custom buckets
//   sum count              never derived from the buckets
//   z_bucket z_bucket_w    count and threshold of the zero bucket
//   offset buckets         index of the first positive bucket, counts of it and of those behind it
//   n_offset n_buckets     the same for negative observations
//   custom_values          upper bounds of schema -53
//   counter_reset_hint     unknown, reset, not_reset, gauge
//
// Each key at most once, in any order; what is left out is zero or empty.
#pragma once

#include <string_view>

#include "core/base/error.h"
#include "core/model/float_histogram.h"

namespace sidelight::promqltest {

struct WrittenHistogram {
  FloatHistogram histogram;
  bool hint_given = false;  // counter_reset_hint was among the keys
};

// Takes the histogram that the text begins with (its `{{` included) off it. The error says what is wrong, not
// where. Whether it is sound as a sample is not checked: results of subtractions are written, too.
Result<WrittenHistogram> TakeHistogram(std::string_view* text);

}  // namespace sidelight::promqltest
