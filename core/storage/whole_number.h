// Which doubles are whole numbers to the store: those that an int64 brings back bit for bit, and whose
// differences of differences still fit.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace sidelight::storage {

inline constexpr double kLargestWhole = 0x1p53;

// False for fractions, the large, -0 and NaN.
inline bool ToWhole(double value, int64_t* whole) {
  if (!(std::fabs(value) <= kLargestWhole)) return false;
  *whole = static_cast<int64_t>(value);
  return std::bit_cast<uint64_t>(static_cast<double>(*whole)) == std::bit_cast<uint64_t>(value);
}

}  // namespace sidelight::storage
