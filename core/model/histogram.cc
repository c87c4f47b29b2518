#include "core/model/histogram.h"

#include <algorithm>
#include <cmath>

namespace sidelight {

double NativeUpperBound(int32_t schema, int32_t index) {
  // Beyond the range of a float there is nothing to tell apart.
  constexpr int32_t kBeyond = 1 << 20;
  index = std::clamp(index, -kBeyond, kBeyond);
  if (schema <= 0) return std::ldexp(1.0, index * (1 << -schema));
  // index = whole * 2^schema + part, so that only the fraction goes through exp2.
  const int32_t whole = index >> schema;
  const int32_t part = index - (whole << schema);
  return std::ldexp(std::exp2(std::ldexp(static_cast<double>(part), -schema)), whole);
}

}  // namespace sidelight
