// Numbers as the promqltest language writes them: "5", "-1.5", "+2", "1e3", ".5", and in any case "Inf" and
// "NaN", each with a sign or without.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sidelight::promqltest {

// Takes the number that the text begins with off it. Nothing, and the text unchanged, when it begins with
// none: a word that merely begins with "Inf" or "NaN" is not one, nor is a number too large for a double.
std::optional<double> TakeNumber(std::string_view* text);
// The text as a number, nothing else in it; also hexadecimal whole numbers, "0x1f".
std::optional<double> ParseNumber(std::string_view text);

// Takes digits off the text: a whole number of at most `limit`.
std::optional<uint64_t> TakeCount(std::string_view* text, uint64_t limit);

// Blanks and tabs.
std::string_view SkipBlanks(std::string_view text);

}  // namespace sidelight::promqltest
