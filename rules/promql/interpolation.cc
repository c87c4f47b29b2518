#include "rules/promql/interpolation.h"

#include <memory>

namespace sidelight::promql {

double Interpolate(double before, double after, double fraction, bool counter) {
  if (counter && after < before) return after * fraction;
  return before + (after - before) * fraction;
}

FloatHistogramPtr Interpolate(const FloatHistogram& before, const FloatHistogram& after, double fraction,
                              bool counter) {
  if (before.custom_buckets() != after.custom_buckets()) return nullptr;
  auto value = std::make_shared<FloatHistogram>(after);
  value->Multiply(fraction);
  if (!counter || !after.DetectReset(before)) {
    FloatHistogram rest = before;
    rest.Multiply(1 - fraction);
    (void)value->Add(rest);  // Of one kind they can always be added.
  }
  return value;
}

}  // namespace sidelight::promql
