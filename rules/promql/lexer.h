// Lexer: text -> tokens, one at a time. It keeps track of the brackets it is in, as braces hold labels (where
// `sum` is a name) and square brackets durations (where a colon stands alone).
//
// Space is skipped, and so is whatever follows a # to the end of its line. Any bytes are fine as input; what
// cannot be a token is a kError token, behind which nothing is read. Each byte is looked at once.
#pragma once

#include <cstdint>
#include <string_view>

#include "rules/promql/token.h"

namespace sidelight::promql {

class Lexer {
 public:
  // The text outlives the lexer and its tokens. Positions count from its start; reading begins at `from`.
  explicit Lexer(std::string_view text, uint32_t from = 0) : text_(text), at_(from) {}

  // kEnd, or the error, again and again once it was reached.
  Token Next();

 private:
  Token InStatement();
  Token InBraces();
  Token End();
  Token Word();
  Token Number();
  Token String();
  Token Take(TokenKind kind, size_t length);
  Token Error(std::string message);
  // "unexpected <what>: 'c'", the character there.
  Token Unexpected(std::string_view what, uint32_t at);
  void SkipSpace();
  bool ScanNumber(uint32_t* end) const;
  bool ScanDuration(uint32_t* end) const;
  char At(uint32_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  std::string_view text_;
  uint32_t at_;
  uint32_t parens_ = 0;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  Token error_;  // the one that ended it, when there was one
};

}  // namespace sidelight::promql
