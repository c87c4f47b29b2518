// UTF-8 repair: what leaves the process in a format that demands UTF-8 is UTF-8, whatever was measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sidelight::wire {

inline constexpr char32_t kReplacement = 0xFFFD;

struct CodePoint {
  char32_t value = kReplacement;
  size_t size = 1;     // bytes of input that it took
  bool valid = false;  // false: `size` bytes are the longest start of a character that broke off there
};

// The first character of `text`, which is not empty.
CodePoint DecodeUtf8(std::string_view text);

// `text` with each broken character replaced by U+FFFD, as the Unicode standard recommends (section 3.9, one
// for each maximal subpart).
std::string ToValidUtf8(std::string_view text);

}  // namespace sidelight::wire
