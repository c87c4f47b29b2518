// The bytes in which two doubles differ: a code that says how many leading zero bytes the difference has and
// how many bytes follow, then these, the most significant first.
#pragma once

#include <bit>
#include <cstdint>

namespace sidelight::storage {

inline constexpr size_t kMaxXorSize = 9;
inline constexpr uint8_t kXorCodes = 0x40;  // codes are below this

// `difference` is not 0. The code is written as `base` more.
inline uint8_t* PutXor(uint8_t* out, uint64_t difference, uint8_t base = 0) {
  const auto lead = static_cast<uint32_t>(std::countl_zero(difference)) / 8;
  const auto trail = static_cast<uint32_t>(std::countr_zero(difference)) / 8;
  const uint32_t size = 8 - lead - trail;
  *out++ = static_cast<uint8_t>(base + (lead << 3 | (size - 1)));
  for (uint32_t i = 0; i < size; ++i) *out++ = static_cast<uint8_t>(difference >> (8 * (7 - lead - i)));
  return out;
}

// Of a code below kXorCodes. Null when it is cut off or makes no sense.
inline const uint8_t* GetXor(uint8_t code, const uint8_t* in, const uint8_t* end, uint64_t* difference) {
  const uint32_t lead = code >> 3;
  const uint32_t size = (code & 7u) + 1;
  if (lead + size > 8 || static_cast<size_t>(end - in) < size) return nullptr;
  uint64_t value = 0;
  for (uint32_t i = 0; i < size; ++i) value = value << 8 | *in++;
  *difference = value << (8 * (8 - lead - size));
  return in;
}

}  // namespace sidelight::storage
