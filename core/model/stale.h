// The stale marker: the one NaN that says "this series has ended here". As in Prometheus, a sample like any
// other whose bits are these; a histogram is a marker when its sum is one.
#pragma once

#include <bit>
#include <cstdint>

namespace sidelight {

inline constexpr uint64_t kStaleBits = 0x7ff0000000000002;
inline constexpr uint64_t kNormalNanBits = 0x7ff8000000000001;  // what calculations leave

inline double StaleNan() {
  return std::bit_cast<double>(kStaleBits);
}
inline bool IsStale(double value) {
  return std::bit_cast<uint64_t>(value) == kStaleBits;
}

}  // namespace sidelight
