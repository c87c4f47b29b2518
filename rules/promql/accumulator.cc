#include "rules/promql/accumulator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/compensated_sum.h"

namespace sidelight::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Whether the sum of two such could be more than a float holds.
bool IsHuge(const FloatHistogram& histogram) {
  constexpr double kHuge = std::numeric_limits<double>::max() / 2;
  const auto huge = [](double value) { return std::fabs(value) >= kHuge; };
  return huge(histogram.count) || huge(histogram.sum) || huge(histogram.zero_count) ||
         std::any_of(histogram.positive.begin(), histogram.positive.end(), huge) ||
         std::any_of(histogram.negative.begin(), histogram.negative.end(), huge);
}

}  // namespace

void FloatMean::Add(double value) {
  ++count_;
  if (!incremental_) {
    double sum = sum_;
    double lost = lost_;
    CompensatedAdd(value, &sum, &lost);
    if (count_ == 1 || !std::isinf(sum)) {
      sum_ = sum;
      lost_ = lost;
      return;
    }
    // The sum does not fit any more: from here on the mean itself is carried along.
    incremental_ = true;
    sum_ /= static_cast<double>(count_ - 1);
    lost_ /= static_cast<double>(count_ - 1);
  }
  const double mean = sum_ + lost_;
  if (std::isinf(mean) && ((std::isinf(value) && (mean > 0) == (value > 0)) || std::isfinite(value))) {
    return;  // What is infinite stays so, and not NaN by inf - inf.
  }
  const double count = static_cast<double>(count_);
  const double share = (count - 1) / count;
  sum_ *= share;
  lost_ *= share;
  CompensatedAdd(value / count, &sum_, &lost_);
}

double FloatMean::value() const {
  const double sum = std::isinf(sum_) ? sum_ : sum_ + lost_;
  if (incremental_) return sum;
  const double count = static_cast<double>(count_);
  return std::isinf(sum_) ? sum_ / count : sum_ / count + lost_ / count;
}

void FloatVariance::Add(double value) {
  ++count_;
  const double delta = value - (mean_ + mean_lost_);
  CompensatedAdd(delta / static_cast<double>(count_), &mean_, &mean_lost_);
  CompensatedAdd(delta * (value - (mean_ + mean_lost_)), &sum_, &sum_lost_);
}

double FloatVariance::value() const {
  return (sum_ + sum_lost_) / static_cast<double>(count_);
}

bool HistogramSum::Add(const FloatHistogramPtr& histogram) {
  seen_reset_ = seen_reset_ || histogram->counter_reset == CounterReset::kReset;
  seen_not_reset_ = seen_not_reset_ || histogram->counter_reset == CounterReset::kNotReset;
  if (count_++ == 0) {
    first_ = histogram;
    return true;
  }
  if (sum_ == nullptr) sum_ = std::make_shared<FloatHistogram>(*first_);
  const double before = static_cast<double>(count_ - 1);
  if (kind_ == Kind::kMean && !incremental_ && (IsHuge(*sum_) || IsHuge(*histogram))) {
    incremental_ = true;
    sum_->Divide(before);
    lost_.Divide(before);
  }
  if (!incremental_) return AddTo(*histogram);
  const double count = static_cast<double>(count_);
  sum_->Multiply(before / count);
  lost_.Multiply(before / count);
  FloatHistogram share = *histogram;
  share.Divide(count);
  return AddTo(share);
}

bool HistogramSum::AddTo(const FloatHistogram& histogram) {
  const Result<FloatHistogram::Combined> combined = sum_->Add(histogram, &lost_);
  if (!combined) return false;
  reconciled_ = reconciled_ || combined->bounds_reconciled;
  return true;
}

FloatHistogramPtr HistogramSum::Finish(Position position, Annotations* annotations) {
  if (seen_reset_ && seen_not_reset_) {
    annotations->Warn(position, "conflicting counter resets during histogram aggregation");
  }
  if (reconciled_) {
    annotations->Info(position, "mismatched custom buckets were reconciled during aggregation");
  }
  if (sum_ == nullptr) return first_;
  sum_->AddCompensation(lost_);
  if (kind_ == Kind::kMean && !incremental_) sum_->Divide(static_cast<double>(count_));
  sum_->Compact();
  return sum_;
}

double Quantile(double q, std::span<double> values) {
  if (values.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  // NaN counts as the least.
  std::sort(values.begin(), values.end(),
            [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const double rank = q * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<size_t>(std::max(0.0, std::floor(rank)));
  const size_t upper = std::min(values.size() - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  return values[lower] * (1 - weight) + values[upper] * weight;
}

}  // namespace sidelight::promql
