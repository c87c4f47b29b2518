// Which of the valid words somebody probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sidelight::yaml {

// How many letters must be inserted, dropped, changed, or swapped with their neighbour to make one of the
// other.
size_t EditDistance(std::string_view a, std::string_view b);

// The nearest of `words` when it is near enough to be meant, which is a third of its letters; else "".
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& words);

// What an error says after the wrong word: `did you mean "upstream"?`, else `valid <what>: a, b, c`.
std::string Suggestion(std::string_view word, const std::vector<std::string_view>& words,
                       std::string_view what);

}  // namespace sidelight::yaml
