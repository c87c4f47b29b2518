// A word of up to eight bytes as a number, so that a word read from the wire is told from others by a switch.
#pragma once

#include <cstdint>
#include <string_view>

namespace sidelight::memcached {

// 0 for an empty word and for one that is longer; no word of the protocol is either.
constexpr uint64_t Packed(std::string_view word) {
  if (word.size() > 8) return 0;
  uint64_t packed = 0;
  for (const char c : word) packed = packed << 8 | static_cast<unsigned char>(c);
  return packed;
}

}  // namespace sidelight::memcached
