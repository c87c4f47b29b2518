// The part of SqlLexer that knows the forms of literals, and so where they end.
#include <algorithm>

#include "collector/protocols/postgres/sql_chars.h"
#include "collector/protocols/postgres/sql_lexer.h"

namespace sidelight::postgres {
namespace {

bool IsHigh(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

SqlLexer::Token SqlLexer::BeginLiteral(State state) {
  state_ = state;
  odd_ = high_ = false;
  return Token::kLiteral;
}

SqlLexer::Token SqlLexer::StepInNumber(std::string_view bytes, size_t& at) {
  const char c = bytes[at];
  if (state_ == State::kSign) {
    if (ClassOf(c) == kDigit) {
      state_ = State::kNumber;
      return Token::kMore;
    }
    // It is no exponent, and the sign an operator or half of a comment's beginning.
    if (sign_ == '+') return Mark('+', State::kSpace);
    state_ = State::kDash;
    return Token::kMore;
  }
  if (state_ == State::kExponent && (c == '+' || c == '-')) {
    sign_ = c;
    state_ = State::kSign;
    ++at;
    return Token::kMore;
  }
  state_ = State::kNumber;
  // Not '$', which may begin a string here.
  while (at < bytes.size() && (ClassOf(bytes[at]) >= kLetter || bytes[at] == '.')) ++at;
  const char last = bytes[at == 0 ? 0 : at - 1];
  if (last == 'e' || last == 'E') state_ = State::kExponent;
  if (at < bytes.size() && !(state_ == State::kExponent && (bytes[at] == '+' || bytes[at] == '-')))
    state_ = State::kSpace;
  return Token::kMore;
}

// A doubled quote ends one string and begins another, which comes to the same.
void SqlLexer::StepInString(std::string_view bytes, size_t& at) {
  const size_t begin = at;
  at = std::min(bytes.find('\'', at), bytes.size());
  size_t slashes = at;
  while (slashes > begin && bytes[slashes - 1] == '\\') --slashes;
  odd_ = ((at - slashes) % 2 == 1) != (slashes == begin && odd_);
  if (at == bytes.size()) return;
  // With standard_conforming_strings off the string goes on.
  if (odd_) doubtful_ = true;
  state_ = State::kSpace;
  ++at;
}

void SqlLexer::StepInEscapes(std::string_view bytes, size_t& at) {
  if (state_ == State::kEscaped) {
    // In some encodings a backslash may be the second half of a character.
    if (bytes[at] == '\'' && high_) doubtful_ = true;
    high_ = IsHigh(bytes[at]);
    state_ = State::kEscapes;
    ++at;
    return;
  }
  for (; at < bytes.size() && bytes[at] != '\'' && bytes[at] != '\\'; ++at) high_ = IsHigh(bytes[at]);
  if (at == bytes.size()) return;
  state_ = bytes[at] == '\\' ? State::kEscaped : State::kSpace;
  ++at;
}

SqlLexer::Token SqlLexer::StepInDollar(std::string_view bytes, size_t& at) {
  const char c = bytes[at];
  switch (state_) {
    case State::kDollar:
      if (ClassOf(c) != kDigit) return BeginLiteral(State::kTag);
      state_ = State::kParameter;
      return Token::kMore;
    case State::kParameter:
      if (ClassOf(c) == kDigit) {
        if (word_size_ < kMaxWord) word_[word_size_++] = c;
        ++at;
        return Token::kMore;
      }
      // Whether $1e'...' has an escape string in it depends on the server's version.
      if (ClassOf(c) == kLetter) doubtful_ = true;
      state_ = State::kSpace;
      return Token::kParameter;
    case State::kTag:
      ++at;
      if (c == '$') {
        state_ = State::kDollarString;
      } else if (InWord(c) == '\0') {
        --at;
        doubtful_ = true;
        state_ = State::kSpace;
      } else if (tag_size_ < kMaxWord) {
        tag_[tag_size_++] = c;
      } else {
        // Its end will not be recognized.
        doubtful_ = true;
      }
      return Token::kMore;
    case State::kDollarString:
      at = std::min(bytes.find('$', at), bytes.size());
      if (at == bytes.size()) return Token::kMore;
      tag_matched_ = 0;
      state_ = State::kDollarEnd;
      ++at;
      return Token::kMore;
    default:
      ++at;
      if (tag_matched_ < tag_size_ && c == tag_[tag_matched_]) {
        ++tag_matched_;
      } else if (c != '$') {
        state_ = State::kDollarString;
      } else {
        // The '$' of a wrong end may begin the right one.
        state_ = tag_matched_ == tag_size_ ? State::kSpace : State::kDollarEnd;
        tag_matched_ = 0;
      }
      return Token::kMore;
  }
}

}  // namespace sidelight::postgres
