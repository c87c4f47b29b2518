// Quantiles and fractions of histograms, classic and native.
//
// Within a bucket, observations are taken to be spread evenly: linearly in classic and custom buckets and in
// the zero bucket, logarithmically in exponential ones. Source:
// https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile .
#pragma once

#include <optional>
#include <vector>

#include "core/model/float_histogram.h"

namespace sidelight::promql {

// A classic bucket; the count is cumulative.
struct ClassicBucket {
  double upper = 0;
  double count = 0;
};

// What was done to make counts cumulative that were not, beyond what rounding explains.
struct Forced {
  double lowest = 0;  // upper bounds of the buckets changed
  double highest = 0;
  double max_difference = 0;
};

// The buckets sorted, those of the same bound added up, and monotonic. Empty when the last is not +Inf's.
std::vector<ClassicBucket> Prepare(std::vector<ClassicBucket> buckets, std::optional<Forced>* forced);

// Of buckets from Prepare.
double ClassicQuantile(double q, const std::vector<ClassicBucket>& buckets);
double ClassicFraction(double lower, double upper, const std::vector<ClassicBucket>& buckets);

// What NaN observations (they count, and are in no bucket) did to a quantile.
enum class NanEffect { kNone, kSkewed, kResultIsNan };

double NativeQuantile(double q, const FloatHistogram& histogram, NanEffect* effect);
// `has_nan`: there are NaN observations, which are in no fraction.
double NativeFraction(double lower, double upper, const FloatHistogram& histogram, bool* has_nan);

}  // namespace sidelight::promql
