#include "collector/protocols/redis/inline_words.h"

namespace sidelight::redis {
namespace {

bool IsBlank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What stands behind a backslash at `at` in double quotes; moves `at` to its last byte.
char Unescape(std::string_view line, size_t& at) {
  if (line[at] == 'x' && at + 2 < line.size()) {
    const int high = HexDigit(line[at + 1]);
    const int low = HexDigit(line[at + 2]);
    if (high >= 0 && low >= 0) {
      at += 2;
      return static_cast<char>(high * 16 + low);
    }
  }
  switch (line[at]) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return line[at];
  }
}

}  // namespace

InlineWord NextInlineWord(std::string_view line, size_t& position, std::string& word, size_t limit) {
  size_t& at = position;
  while (at < line.size() && IsBlank(line[at])) ++at;
  word.clear();
  if (at == line.size()) return InlineWord::kEnd;
  const auto append = [&](char c) {
    if (word.size() < limit) word += c;
  };
  char quote = 0;
  for (; at < line.size(); ++at) {
    char c = line[at];
    if (quote == 0) {
      if (IsBlank(c)) return InlineWord::kWord;
      if (c == '"' || c == '\'') {
        quote = c;
      } else {
        append(c);
      }
    } else if (c == '\\' && quote == '"' && at + 1 < line.size()) {
      append(Unescape(line, ++at));
    } else if (c == '\\' && quote == '\'' && at + 1 < line.size() && line[at + 1] == '\'') {
      append(line[++at]);
    } else if (c == quote) {
      ++at;
      if (at < line.size() && !IsBlank(line[at])) return InlineWord::kUnbalanced;
      return InlineWord::kWord;
    } else {
      append(c);
    }
  }
  return quote == 0 ? InlineWord::kWord : InlineWord::kUnbalanced;
}

}  // namespace sidelight::redis
