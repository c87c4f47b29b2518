#include "collector/protocols/postgres/sql_lexer.h"

#include <algorithm>
#include <cstring>

#include "collector/protocols/postgres/sql_chars.h"

namespace sidelight::postgres {

void SqlLexer::Begin(bool keeps_written) {
  state_ = State::kSpace;
  keeps_written_ = keeps_written;
  told_ = spaced_ = doubtful_ = false;
  word_size_ = 0;
}

SqlLexer::Token SqlLexer::Next(std::string_view& bytes) {
  if (told_) told_ = spaced_ = false;
  size_t at = 0;
  while (at < bytes.size()) {
    const Token token = Step(bytes, at);
    if (token == Token::kMore) continue;
    bytes.remove_prefix(at);
    told_ = true;
    return token;
  }
  bytes = {};
  return Token::kMore;
}

// Reads on in the present state, up to the end of a token or of the bytes; at least one byte further unless
// the state changed.
SqlLexer::Token SqlLexer::Step(std::string_view bytes, size_t& at) {
  char c = bytes[at];
  switch (state_) {
    case State::kSpace:
      // On to the next token at once: a turn of the caller's loop would cost as much as a short word.
      while (ClassOf(c) == kBlank) {
        spaced_ = true;
        if (++at == bytes.size()) return Token::kMore;
        c = bytes[at];
      }
      if (ClassOf(c) == kLetter) {
        word_size_ = 0;
        state_ = State::kWord;
        return StepInWord(bytes, at);
      }
      ++at;
      if (ClassOf(c) == kDigit) return BeginLiteral(State::kNumber);
      if (c != '"') return BeginMark(c);
      word_size_ = 0;
      state_ = State::kQuoted;
      return at == bytes.size() ? Token::kMore : StepInQuoted(bytes, at);
    case State::kWord:
      return StepInWord(bytes, at);
    case State::kNumber:
    case State::kExponent:
    case State::kSign:
      return StepInNumber(bytes, at);
    case State::kDash:
      if (c != '-') return Mark('-', State::kSpace);
      spaced_ = true;
      state_ = State::kLineComment;
      ++at;
      return Token::kMore;
    case State::kSlash:
      if (c != '*') return Mark('/', State::kSpace);
      spaced_ = true;
      comment_depth_ = 1;
      state_ = State::kComment;
      ++at;
      return Token::kMore;
    case State::kLineComment:
    case State::kComment:
    case State::kCommentSlash:
    case State::kCommentStar:
      StepInComment(bytes, at);
      return Token::kMore;
    case State::kString:
      StepInString(bytes, at);
      return Token::kMore;
    case State::kEscapes:
    case State::kEscaped:
      StepInEscapes(bytes, at);
      return Token::kMore;
    case State::kQuoted:
    case State::kQuote:
      return StepInQuoted(bytes, at);
    case State::kDollar:
    case State::kParameter:
    case State::kTag:
    case State::kDollarString:
    case State::kDollarEnd:
      return StepInDollar(bytes, at);
  }
  return Token::kMore;
}

SqlLexer::Token SqlLexer::StepInWord(std::string_view bytes, size_t& at) {
  const size_t begin = at;
  const size_t before = word_size_;
  // In locals, as a byte that is stored might be any member's.
  size_t size = before;
  size_t end = at;
  for (; end < bytes.size(); ++end) {
    const char byte = InWord(bytes[end]);
    if (byte == '\0') break;
    if (size < kMaxWord) word_[size++] = byte;
  }
  at = end;
  word_size_ = size;
  if (keeps_written_) std::memcpy(written_.data() + before, bytes.data() + begin, size - before);
  if (at == bytes.size()) return Token::kMore;
  if (bytes[at] == '\'' && word_size_ == 1) {
    // The letter before a string belongs to it.
    ++at;
    return BeginLiteral(word_[0] == 'e' ? State::kEscapes : State::kString);
  }
  state_ = State::kSpace;
  return Token::kWord;
}

SqlLexer::Token SqlLexer::Mark(char c, State next) {
  mark_ = c;
  state_ = next;
  return Token::kMark;
}

SqlLexer::Token SqlLexer::BeginMark(char c) {
  switch (c) {
    case '-':
      state_ = State::kDash;
      return Token::kMore;
    case '/':
      state_ = State::kSlash;
      return Token::kMore;
    case '\'':
      return BeginLiteral(State::kString);
    case '$':
      word_size_ = tag_size_ = 0;
      state_ = State::kDollar;
      return Token::kMore;
    default:
      return Mark(c, State::kSpace);
  }
}

void SqlLexer::StepInComment(std::string_view bytes, size_t& at) {
  const char c = bytes[at];
  switch (state_) {
    case State::kLineComment:
      at = std::min(bytes.find_first_of("\r\n", at), bytes.size());
      if (at < bytes.size()) state_ = State::kSpace;
      return;
    case State::kComment:
      while (at < bytes.size() && bytes[at] != '*' && bytes[at] != '/') ++at;
      if (at == bytes.size()) return;
      state_ = bytes[at] == '*' ? State::kCommentStar : State::kCommentSlash;
      break;
    case State::kCommentSlash:
      if (c == '*') ++comment_depth_;
      if (c != '/') state_ = State::kComment;
      break;
    default:
      if (c == '/') state_ = --comment_depth_ == 0 ? State::kSpace : State::kComment;
      if (c != '/' && c != '*') state_ = State::kComment;
  }
  ++at;
}

SqlLexer::Token SqlLexer::StepInQuoted(std::string_view bytes, size_t& at) {
  if (state_ == State::kQuoted) {
    size_t size = word_size_;
    size_t end = at;
    for (; end < bytes.size() && bytes[end] != '"'; ++end) {
      if (size < kMaxWord) word_[size++] = bytes[end];
    }
    at = end;
    word_size_ = size;
    if (at == bytes.size()) return Token::kMore;
    state_ = State::kQuote;
    if (++at == bytes.size()) return Token::kMore;
  }
  if (bytes[at] != '"') {
    state_ = State::kSpace;
    return Token::kName;
  }
  if (word_size_ < kMaxWord) word_[word_size_++] = '"';
  state_ = State::kQuoted;
  ++at;
  return Token::kMore;
}

SqlLexer::Token SqlLexer::Finish(bool cut) {
  if (told_) told_ = spaced_ = false;
  const State state = state_;
  state_ = State::kSpace;
  switch (state) {
    case State::kWord:
      return cut ? Token::kMore : Token::kWord;
    case State::kQuote:
      return Token::kName;
    case State::kParameter:
      return cut ? Token::kMore : Token::kParameter;
    case State::kDollar:
      return Token::kLiteral;
    case State::kDash:
    case State::kSlash:
      mark_ = state == State::kDash ? '-' : '/';
      return Token::kMark;
    default:
      return Token::kMore;
  }
}

}  // namespace sidelight::postgres
