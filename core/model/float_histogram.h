// FloatHistogram: a native histogram as PromQL calculates with it: counts are floats and absolute, and
// subtraction may make them negative. What storage keeps and the engine returns; core/model/histogram.h is
// what the process measures, and converts into it.
//
// Two kinds of layout. Exponential, schema -4 to 8: bucket i of the positive side holds
// (2^((i-1)*2^-schema), 2^(i*2^-schema)], the negative side mirrors it, and everything of magnitude up to
// zero_threshold is in the zero bucket. Custom, schema -53: custom_values are the upper bounds, ascending and
// finite; there is one bucket more than bounds, the first begins at -Inf, all stand in the positive side with
// index 0 and up; there is no zero bucket.
//
// Source: https://prometheus.io/docs/specs/native_histograms/ .
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/model/histogram.h"

namespace sidelight {

enum class CounterReset : uint8_t { kUnknown, kReset, kNotReset, kGauge };

inline constexpr int32_t kCustomBucketsSchema = -53;

struct FloatHistogram;
using FloatHistogramPtr = std::shared_ptr<const FloatHistogram>;

// A bucket with its bounds; either end may be infinite.
struct HistogramBucket {
  double lower = 0;
  double upper = 0;
  bool lower_inclusive = false;
  bool upper_inclusive = true;
  double count = 0;
  int32_t index = 0;
};

struct FloatHistogram {
  CounterReset counter_reset = CounterReset::kUnknown;
  int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::vector<NativeSpan> positive_spans;
  std::vector<double> positive;  // of all spans one after the other
  std::vector<NativeSpan> negative_spans;
  std::vector<double> negative;
  BucketBounds custom_values;  // null unless the schema is kCustomBucketsSchema

  bool custom_buckets() const { return schema == kCustomBucketsSchema; }

  // What combining two of them had to do, for the annotations of the caller.
  struct Combined {
    bool counter_reset_conflict = false;  // one says "reset", the other "not reset"
    bool bounds_reconciled = false;       // custom bounds differed: only those that both have were kept
  };
  // This plus, or minus, the other, at the lower of their resolutions and the wider of their zero buckets.
  // kInvalidArgument, and nothing changed, when one has custom buckets and the other has not. With
  // `compensation`, a histogram that starts empty (zeros) and is kept between calls, the additions lose no
  // low-order bits (Kahan, Neumaier); what was saved is added at last with AddCompensation.
  Result<Combined> Add(const FloatHistogram& other, FloatHistogram* compensation = nullptr);
  Result<Combined> Subtract(const FloatHistogram& other);
  void AddCompensation(const FloatHistogram& compensation);
  void Multiply(double factor);
  void Divide(double divisor);

  // Joins spans that touch, drops buckets without observations and empty spans.
  void Compact();
  // To a coarser schema; target below the present one, both exponential.
  void ReduceResolution(int32_t target_schema);
  // Whether, between `previous` and this, the counter was reset: the count, the zero bucket or a bucket fell,
  // or the layout changed so that buckets of the previous one are lost. By this one's own mark when it has
  // one.
  bool DetectReset(const FloatHistogram& previous) const;
  // Keeps the observations at most (or at least) `bound`, and reckons the sum anew from bucket midpoints: the
  // trim operators `</` and `>/`.
  void TrimAbove(double bound);
  void TrimBelow(double bound);

  // Buckets with their bounds from the least to the greatest, the zero bucket between the sides when it has
  // observations; empty ones of a span included.
  std::vector<HistogramBucket> Buckets() const;

  // The same layout and, bit for bit, the same numbers; counter_reset aside.
  bool Equals(const FloatHistogram& other) const;

  // Prometheus' text: `{count:3, sum:4, [-0.5,0.5]:1, (1,2]:2}`.
  std::string ToString() const;
  // The promqltest language's: `{{schema:0 count:3 sum:4 buckets:[1 2]}}`.
  std::string ToTestText() const;

  // Whether it is sound as a sample: spans that fit their buckets, no negative counts, bounds that ascend, a
  // schema that exists. The error says what is wrong.
  Status Validate() const;
};

// The upper bound of bucket `index`, of exponential and of custom layouts; ±Inf at the ends.
double BucketUpperBound(const FloatHistogram& histogram, int32_t index);

// The native form of a measured histogram; null when it has none.
FloatHistogramPtr ToFloatHistogram(const Histogram& histogram);

}  // namespace sidelight
