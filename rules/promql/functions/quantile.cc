#include "rules/promql/functions/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sidelight::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Cumulative counts that differ by no more than this share of each other differ by rounding.
constexpr double kRounding = 1e-12;

bool AlmostEqual(double a, double b) {
  if (a == b) return true;
  const double sum = std::fabs(a) + std::fabs(b);
  return std::fabs(a - b) / std::min(sum, std::numeric_limits<double>::max()) < kRounding;
}

// A bucket with ends that can be calculated with.
struct Span {
  double lower;
  double upper;
  bool logarithmic;
};

Span SpanOf(const HistogramBucket& bucket, const FloatHistogram& histogram) {
  Span span{bucket.lower, bucket.upper, !histogram.custom_buckets()};
  if (span.logarithmic && bucket.lower <= 0 && bucket.upper >= 0) {
    // The zero bucket; with observations on one side alone it is taken to be on that side too.
    span.logarithmic = false;
    if (histogram.negative.empty() && !histogram.positive.empty()) span.lower = 0;
    if (histogram.positive.empty() && !histogram.negative.empty()) span.upper = 0;
  }
  // Of custom ones the first begins at zero when it can.
  if (histogram.custom_buckets() && std::isinf(span.lower) && span.upper > 0) span.lower = 0;
  return span;
}

// The share of a bucket's observations below x, for x within it and bounds that are finite.
double ShareBelow(const Span& span, double x) {
  if (!span.logarithmic) return (x - span.lower) / (span.upper - span.lower);
  const double low = std::log2(std::fabs(span.lower));
  const double high = std::log2(std::fabs(span.upper));
  return (std::log2(std::fabs(x)) - low) / (high - low);
}

// The other way round.
double ValueAt(const Span& span, double share) {
  if (!span.logarithmic) return span.lower + (span.upper - span.lower) * share;
  const double low = std::log2(std::fabs(span.lower));
  const double high = std::log2(std::fabs(span.upper));
  return std::copysign(std::exp2(low + (high - low) * share), span.upper > 0 ? 1.0 : -1.0);
}

}  // namespace

std::vector<ClassicBucket> Prepare(std::vector<ClassicBucket> buckets, std::optional<Forced>* forced) {
  std::stable_sort(buckets.begin(), buckets.end(),
                   [](const ClassicBucket& a, const ClassicBucket& b) { return a.upper < b.upper; });
  if (buckets.empty() || buckets.back().upper != kInfinity) return {};
  std::vector<ClassicBucket> out;
  for (const ClassicBucket& bucket : buckets) {
    if (!out.empty() && out.back().upper == bucket.upper) {
      out.back().count += bucket.count;
    } else {
      out.push_back(bucket);
    }
  }
  double highest = out[0].count;
  for (size_t i = 1; i < out.size(); ++i) {
    double& count = out[i].count;
    if (count == highest) continue;
    if (AlmostEqual(count, highest)) {
      count = highest;
    } else if (count < highest) {
      const double difference = highest - count;
      if (!*forced) *forced = Forced{out[i].upper, out[i].upper, difference};
      (*forced)->highest = out[i].upper;
      (*forced)->max_difference = std::max((*forced)->max_difference, difference);
      count = highest;
    } else {
      highest = count;
    }
  }
  return out;
}

double ClassicQuantile(double q, const std::vector<ClassicBucket>& buckets) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  if (buckets.size() < 2) return kNan;
  const double observations = buckets.back().count;
  if (observations == 0 || std::isnan(observations)) return kNan;
  double rank = q * observations;
  size_t b = 0;
  while (b + 1 < buckets.size() && buckets[b].count < rank) ++b;
  if (b + 1 == buckets.size()) return buckets[b - 1].upper;
  if (b == 0 && buckets[0].upper <= 0) return buckets[0].upper;
  const double lower = b == 0 ? 0 : buckets[b - 1].upper;
  double count = buckets[b].count;
  if (b > 0) {
    count -= buckets[b - 1].count;
    rank -= buckets[b - 1].count;
  }
  return lower + (buckets[b].upper - lower) * (rank / count);
}

double ClassicFraction(double lower, double upper, const std::vector<ClassicBucket>& buckets) {
  if (buckets.empty() || std::isnan(lower) || std::isnan(upper)) return kNan;
  const double observations = buckets.back().count;
  if (observations == 0 || std::isnan(observations)) return kNan;
  if (lower >= upper) return 0;
  // How many observations are below x. Where those of a bucket with an open end lie is not known: none of
  // them is taken to be within the bounds, unless the bucket as a whole is.
  const auto below = [&](double x, bool is_lower) {
    if (x == kInfinity) return observations;
    if (x == -kInfinity) return 0.0;
    double before = 0;
    double start = buckets[0].upper > 0 ? 0 : -kInfinity;
    for (const ClassicBucket& bucket : buckets) {
      if (x < bucket.upper) {
        if (std::isinf(start)) return is_lower ? bucket.count : 0.0;
        if (x <= start || std::isinf(bucket.upper)) return before;
        return before + (bucket.count - before) * (x - start) / (bucket.upper - start);
      }
      before = bucket.count;
      start = bucket.upper;
    }
    return before;
  };
  return std::max(0.0, below(upper, false) - below(lower, true)) / observations;
}

double NativeQuantile(double q, const FloatHistogram& histogram, NanEffect* effect) {
  *effect = NanEffect::kNone;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  if (histogram.count == 0 || std::isnan(q)) return kNan;
  const bool has_nan = std::isnan(histogram.sum);
  std::vector<HistogramBucket> buckets = histogram.Buckets();
  std::erase_if(buckets, [](const HistogramBucket& bucket) { return bucket.count == 0; });
  // Counted from the nearer end, so that what rounding leaves over is small; NaN observations are beyond the
  // upper end, and from there nothing could be told.
  const bool forward = has_nan || q < 0.5;
  const double rank = forward ? q * histogram.count : (1 - q) * histogram.count;
  double count = 0;
  size_t found = buckets.size();
  for (size_t i = 0; i < buckets.size(); ++i) {
    found = forward ? i : buckets.size() - 1 - i;
    count += buckets[found].count;
    if (count >= rank) break;
  }
  if (found == buckets.size() || (has_nan && count < rank)) {
    if (has_nan) *effect = NanEffect::kResultIsNan;
    return kNan;
  }
  if (has_nan) *effect = NanEffect::kSkewed;
  const HistogramBucket& bucket = buckets[found];
  const Span span = SpanOf(bucket, histogram);
  if (std::isinf(span.upper)) return span.lower;
  if (std::isinf(span.lower)) return span.upper;
  if (count < rank) return forward ? span.upper : span.lower;
  const double share =
      forward ? (rank - (count - bucket.count)) / bucket.count : (count - rank) / bucket.count;
  return ValueAt(span, share);
}

double NativeFraction(double lower, double upper, const FloatHistogram& histogram, bool* has_nan) {
  *has_nan = false;
  if (histogram.count == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  *has_nan = std::isnan(histogram.sum);
  if (lower >= upper) return 0;
  const std::vector<HistogramBucket> buckets = histogram.Buckets();
  double all = 0;
  for (const HistogramBucket& bucket : buckets) all += bucket.count;
  const auto below = [&](double x, bool is_lower) {
    // Without NaN observations everything is below +Inf, whatever rounding says.
    if (x == kInfinity) return *has_nan ? all : histogram.count;
    double before = 0;
    for (const HistogramBucket& bucket : buckets) {
      const Span span = SpanOf(bucket, histogram);
      if (x <= span.lower) return before;
      if (x < span.upper) {
        if (std::isinf(span.lower)) return is_lower ? before + bucket.count : before;
        if (std::isinf(span.upper)) return before;
        return before + bucket.count * ShareBelow(span, x);
      }
      before += bucket.count;
    }
    return before;
  };
  return std::max(0.0, below(upper, false) - below(lower, true)) / histogram.count;
}

}  // namespace sidelight::promql
