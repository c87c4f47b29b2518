// The native bucket of a value, without a logarithm: the exponent's bits give the power of two, and a table
// over the top nine bits of the mantissa gives the bucket within it, with one compare.
//
// The table is that of schema 8, the finest. A coarser schema merges 2^(8-schema) neighbours, which is a
// shift: index(schema) = ceil(index(8) / 2^(8-schema)).
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace sidelight::metrics {

inline constexpr int32_t kFinestSchema = 8;
inline constexpr int32_t kCoarsestSchema = -4;

// The index of the bucket that holds bucket `index` after merging 2^shift neighbours.
inline int32_t CoarserIndex(int32_t index, int32_t shift) {
  return (index + (1 << shift) - 1) >> shift;
}

class NativeIndexTable {
 public:
  static const NativeIndexTable& Get();

  // The index under schema 8. `v` is positive, finite and normal.
  int32_t Finest(double v) const {
    const uint64_t bits = std::bit_cast<uint64_t>(v);
    const uint64_t mantissa = bits << 12;  // left-aligned: the exponent falls out
    const uint64_t cell = cells_[mantissa >> 55];
    const auto below = static_cast<int32_t>(cell & kCountMask) + (mantissa > (cell & ~kCountMask) ? 1 : 0);
    return (static_cast<int32_t>(bits >> 52) - 1023) * 256 + below;
  }

 private:
  static constexpr uint64_t kCountMask = 0xfff;

  NativeIndexTable();

  // Of each cell of the mantissa: in the low 12 bits, how many of the bounds 2^(k/256) lie below the cell; in
  // the rest, the left-aligned mantissa of the next bound. A cell is narrower than any bucket: it holds one
  // at most.
  std::array<uint64_t, 512> cells_;
};

// The index under `schema` (-4 to 8) of any positive, finite value, subnormal ones included.
int32_t NativeIndex(double v, int32_t schema);

}  // namespace sidelight::metrics
