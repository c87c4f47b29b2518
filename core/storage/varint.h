// Whole numbers in as few bytes as they need: seven bits to a byte, the lowest first, the top bit set in all
// but the last. Signed ones are folded first (zigzag), so that small magnitudes are short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sidelight::storage {

inline constexpr size_t kMaxVarintSize = 10;

inline uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
inline int64_t UnZigZag(uint64_t u) {
  return static_cast<int64_t>((u >> 1) ^ (0 - (u & 1)));
}

// Differences and sums of numbers that may have come from outside: they wrap around.
inline int64_t WrappingAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int64_t WrappingSub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// At most kMaxVarintSize bytes at `out`; returns their end.
inline uint8_t* PutVarint(uint8_t* out, uint64_t v) {
  while (v >= 0x80) {
    *out++ = static_cast<uint8_t>(v | 0x80);
    v >>= 7;
  }
  *out++ = static_cast<uint8_t>(v);
  return out;
}

inline void PutVarint(std::string* out, uint64_t v) {
  uint8_t bytes[kMaxVarintSize];
  const uint8_t* const end = PutVarint(bytes, v);
  out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
}

// Returns where the number ends; null when it is cut off or longer than 64 bits.
inline const uint8_t* GetVarint(const uint8_t* in, const uint8_t* end, uint64_t* v) {
  if (in != end && *in < 0x80) {
    *v = *in;
    return in + 1;
  }
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && in != end; shift += 7) {
    const uint64_t byte = *in++;
    if (shift == 63 && byte > 1) return nullptr;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      *v = value;
      return in;
    }
  }
  return nullptr;
}

}  // namespace sidelight::storage
