// UTF-8, one character at a time: which bytes make one, and which do not (overlong forms, surrogates, beyond
// U+10FFFF, cut sequences). Source: RFC 3629.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sidelight {

// The number of bytes of the character that `text` starts with; 0 where it starts with none, or is empty.
size_t Utf8Length(std::string_view text);

bool IsValidUtf8(std::string_view text);

// Appends the character of that number, which is one (no surrogate, at most U+10FFFF).
void AppendUtf8(uint32_t code, std::string* out);

}  // namespace sidelight
