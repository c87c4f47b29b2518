// Interpolation: the value between two samples, for smoothed selectors.
#pragma once

#include "core/model/float_histogram.h"

namespace sidelight::promql {

// At `fraction` (0 to 1) of the way from one sample to the next. Of a counter that was reset between them,
// the value counts from zero.
double Interpolate(double before, double after, double fraction, bool counter);
// nullptr when one has custom buckets and the other has not.
FloatHistogramPtr Interpolate(const FloatHistogram& before, const FloatHistogram& after, double fraction,
                              bool counter);

}  // namespace sidelight::promql
