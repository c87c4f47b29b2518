// The trim operators: observations beyond a bound are cut away. A bucket that the bound goes through keeps
// its share by interpolation, logarithmic as the buckets of an exponential histogram are, linear in the zero
// bucket and in custom ones. The sum is reckoned anew from the midpoints of what is left, unless nothing was
// cut.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/model/float_histogram.h"

namespace sidelight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

enum class Side { kAbove, kBelow };  // which observations go

struct Share {
  double part = 0;      // of the bucket's observations that stay, 0 to 1
  double midpoint = 0;  // of those
};

Share Whole(double midpoint) {
  return {1, midpoint};
}

enum class Scale { kLinear, kLogarithmic };

// Of a bucket with two finite bounds.
Share Cut(double lower, double upper, double bound, Side side, Scale scale) {
  const auto midpoint = [&](double from, double to) {
    if (scale == Scale::kLinear) return (from + to) / 2;
    return std::copysign(std::sqrt(std::fabs(from) * std::fabs(to)), from);
  };
  const bool above = side == Side::kAbove;
  if (above ? bound >= upper : bound <= lower) return Whole(midpoint(lower, upper));
  if (above ? bound <= lower : bound >= upper) return {};
  double below = 0;  // the share below the bound
  if (scale == Scale::kLinear) {
    below = (bound - lower) / (upper - lower);
  } else {
    const double low = std::log2(std::fabs(lower));
    const double high = std::log2(std::fabs(upper));
    below = (std::log2(std::fabs(bound)) - low) / (high - low);
  }
  if (above) return {below, midpoint(lower, bound)};
  return {1 - below, midpoint(bound, upper)};
}

// Of a custom bucket with an open end: where in it the observations are is not known.
Share CutOpen(double lower, double upper, double bound, Side side) {
  const bool above = side == Side::kAbove;
  if (std::isinf(lower) && std::isinf(upper)) return {};
  if (std::isinf(upper)) return above ? Share{} : Whole(std::max(lower, bound));
  // Up to a positive bound they are taken for positive, as quantiles take them.
  if (upper > 0 && bound >= 0) return Cut(0, upper, bound, side, Scale::kLinear);
  if (upper > 0) return {};
  return above ? Whole(std::min(upper, bound)) : Share{};
}

void Trim(FloatHistogram* histogram, double bound, Side side) {
  if (std::isnan(bound)) return;
  const bool above = side == Side::kAbove;
  if (bound == (above ? kInfinity : -kInfinity)) return;

  FloatHistogram trimmed = *histogram;
  bool cut = false;
  double count = 0;
  double sum = 0;
  const auto take = [&](double* observations, Share share) {
    if (*observations == 0) return;
    if (share.part != 1) cut = true;
    *observations *= share.part;
    count += *observations;
    if (share.part > 0) sum += *observations * share.midpoint;
  };
  const auto take_side = [&](const std::vector<NativeSpan>& spans, std::vector<double>* counts,
                             bool negative) {
    int32_t index = 0;
    size_t next = 0;
    for (const NativeSpan& span : spans) {
      index += span.offset;
      for (uint32_t i = 0; i < span.length; ++i, ++index) {
        double lower = BucketUpperBound(*histogram, index - 1);
        double upper = BucketUpperBound(*histogram, index);
        if (negative) {
          std::swap(lower, upper);
          lower = -lower;
          upper = -upper;
        }
        Share share;
        if (bound == (above ? -kInfinity : kInfinity)) {
          share = {};
        } else if (std::isinf(lower) || std::isinf(upper)) {
          share = CutOpen(lower, upper, bound, side);
        } else {
          share = Cut(lower, upper, bound, side,
                      histogram->custom_buckets() ? Scale::kLinear : Scale::kLogarithmic);
        }
        take(&(*counts)[next++], share);
      }
    }
  };
  take_side(trimmed.negative_spans, &trimmed.negative, true);
  if (trimmed.zero_count != 0) {
    // With observations on one side alone, the zero bucket's are taken to be on that side too.
    const bool only_positive = !histogram->positive.empty() && histogram->negative.empty();
    const bool only_negative = histogram->positive.empty() && !histogram->negative.empty();
    const double lower = only_positive ? 0 : -histogram->zero_threshold;
    const double upper = only_negative ? 0 : histogram->zero_threshold;
    take(&trimmed.zero_count, Cut(lower, upper, bound, side, Scale::kLinear));
  }
  take_side(trimmed.positive_spans, &trimmed.positive, false);
  if (!cut) return;
  trimmed.count = count;
  trimmed.sum = sum;
  trimmed.Compact();
  *histogram = std::move(trimmed);
}

}  // namespace

void FloatHistogram::TrimAbove(double bound) {
  Trim(this, bound, Side::kAbove);
}

void FloatHistogram::TrimBelow(double bound) {
  Trim(this, bound, Side::kBelow);
}

}  // namespace sidelight
