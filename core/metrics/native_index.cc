#include "core/metrics/native_index.h"

#include <cmath>
#include <limits>

#include "core/model/histogram.h"

namespace sidelight::metrics {

NativeIndexTable::NativeIndexTable() {
  uint64_t below = 0;
  for (uint64_t cell = 0; cell < cells_.size(); ++cell) {
    const double start = 1.0 + static_cast<double>(cell) / 512;
    while (below < 256 && NativeUpperBound(kFinestSchema, static_cast<int32_t>(below)) < start) ++below;
    // Above the last bound of this octave no mantissa is greater than the mark.
    uint64_t next = ~kCountMask;
    if (below < 256) {
      next = std::bit_cast<uint64_t>(NativeUpperBound(kFinestSchema, static_cast<int32_t>(below))) << 12;
    }
    cells_[cell] = next | below;
  }
}

const NativeIndexTable& NativeIndexTable::Get() {
  static const NativeIndexTable table;
  return table;
}

int32_t NativeIndex(double v, int32_t schema) {
  int32_t finest = 0;
  if (v < std::numeric_limits<double>::min()) {
    finest = NativeIndexTable::Get().Finest(std::ldexp(v, 64)) - 64 * 256;
  } else {
    finest = NativeIndexTable::Get().Finest(v);
  }
  return CoarserIndex(finest, kFinestSchema - schema);
}

}  // namespace sidelight::metrics
