// Accumulators: the sums and means that aggregations and the *_over_time functions share. They keep what
// addition loses of the low-order bits (Neumaier), as Prometheus does.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/compensated_sum.h"
#include "core/model/float_histogram.h"
#include "rules/promql/annotations.h"
#include "rules/promql/ast.h"

namespace sidelight::promql {

// A sum of floats.
class FloatSum {
 public:
  void Add(double value) { CompensatedAdd(value, &sum_, &lost_); }
  double value() const { return std::isinf(sum_) ? sum_ : sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

// A mean of floats; of a sum that is too large for a float it still has the mean.
class FloatMean {
 public:
  void Add(double value);
  double value() const;  // of at least one

 private:
  uint64_t count_ = 0;
  double sum_ = 0;  // once incremental: the mean
  double lost_ = 0;
  bool incremental_ = false;
};

// Variance of floats (population), by Welford's method.
class FloatVariance {
 public:
  void Add(double value);
  double value() const;  // of at least one

 private:
  uint64_t count_ = 0;
  double mean_ = 0;
  double mean_lost_ = 0;
  double sum_ = 0;
  double sum_lost_ = 0;
};

// A sum or a mean of histograms; the mean does not need the sum to fit a float.
class HistogramSum {
 public:
  enum class Kind : uint8_t { kSum, kMean };
  explicit HistogramSum(Kind kind) : kind_(kind) {}

  // False when it cannot be added: exponential and custom buckets do not mix, and there is no result.
  bool Add(const FloatHistogramPtr& histogram);
  bool empty() const { return count_ == 0; }
  // Of at least one; the last call. Says what was noticed on the way.
  FloatHistogramPtr Finish(Position position, Annotations* annotations);

 private:
  bool AddTo(const FloatHistogram& histogram);

  const Kind kind_;
  uint64_t count_ = 0;
  FloatHistogramPtr first_;              // shared until there is a second one
  std::shared_ptr<FloatHistogram> sum_;  // once incremental: the mean
  FloatHistogram lost_;
  bool incremental_ = false;
  bool seen_reset_ = false;
  bool seen_not_reset_ = false;
  bool reconciled_ = false;
};

// The q-quantile of the values, interpolated; sorts them. -Inf and +Inf for q outside of [0, 1], NaN for
// none.
double Quantile(double q, std::span<double> values);

}  // namespace sidelight::promql
