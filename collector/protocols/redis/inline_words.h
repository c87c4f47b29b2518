// The words of an inline command, as Redis splits them (sdssplitargs): blanks between them, "..." with
// escapes and '...' around words that hold blanks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sidelight::redis {

enum class InlineWord { kWord, kEnd, kUnbalanced };

// Reads the word at `position` of `line` and moves on behind it; its first `limit` bytes are put into `word`.
// kUnbalanced: a quote is open at the end, or something other than a blank follows a closing one. Redis
// refuses that.
InlineWord NextInlineWord(std::string_view line, size_t& position, std::string& word, size_t limit);

}  // namespace sidelight::redis
