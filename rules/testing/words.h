// The words of a command's line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/error.h"

namespace sidelight::promqltest {

inline constexpr std::string_view kWhiteSpace = " \t\r\v\f";

// Without the white space at both ends.
std::string_view Trim(std::string_view text);
// Takes the next word, and the white space around it, off the text; "" at its end.
std::string_view TakeWord(std::string_view* text);
// Takes `keyword` when it is the next word.
bool TakeKeyword(std::string_view* text, std::string_view keyword);
// Takes a word that is a duration, in milliseconds; the error says what it is for.
Result<int64_t> TakeDuration(std::string_view* text, std::string_view purpose);

}  // namespace sidelight::promqltest
