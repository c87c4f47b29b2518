#include "rules/promql/lexer.h"

#include "rules/promql/printer.h"
#include "rules/promql/quoting.h"

namespace sidelight::promql {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsAlphanumeric(char c) {
  return IsAlpha(c) || IsDigit(c);
}
bool IsOneOf(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

}  // namespace

Token Lexer::Next() {
  if (error_.kind == TokenKind::kError) return error_;
  SkipSpace();
  Token token = in_braces_ ? InBraces() : InStatement();
  if (token.kind == TokenKind::kError) error_ = token;
  return token;
}

void Lexer::SkipSpace() {
  while (at_ < text_.size()) {
    if (IsOneOf(text_[at_], " \t\n\r")) {
      ++at_;
    } else if (text_[at_] == '#') {
      while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    } else {
      return;
    }
  }
}

Token Lexer::Take(TokenKind kind, size_t length) {
  const uint32_t start = at_;
  at_ += static_cast<uint32_t>(length);
  return {kind, {start, at_}, text_.substr(start, length), {}};
}

Token Lexer::Error(std::string message) {
  return {TokenKind::kError, {at_, static_cast<uint32_t>(text_.size())}, {}, std::move(message)};
}

Token Lexer::Unexpected(std::string_view what, uint32_t at) {
  std::string message = "unexpected ";
  message.append(what) += at < text_.size() ? QuoteCharacter(text_.substr(at)) : QuoteCharacter({});
  return Error(std::move(message));
}

Token Lexer::End() {
  if (in_braces_) return Error("unexpected end of input inside braces");
  if (parens_ > 0) return Error("unclosed left parenthesis");
  if (in_brackets_) return Error("unclosed left bracket");
  return Take(TokenKind::kEnd, 0);
}

Token Lexer::InBraces() {
  if (at_ >= text_.size()) return End();
  switch (text_[at_]) {
    case ',':
      return Take(TokenKind::kComma, 1);
    case '"':
    case '\'':
    case '`':
      return String();
    case '=':
      if (At(at_ + 1) == '~') return Take(TokenKind::kRegexMatch, 2);
      return Take(TokenKind::kAssign, 1);
    case '!':
      if (At(at_ + 1) == '~') return Take(TokenKind::kRegexNotMatch, 2);
      if (At(at_ + 1) == '=') return Take(TokenKind::kNotEqual, 2);
      return Unexpected("character after '!' inside braces: ", at_ + 1);
    case '{':
      return Unexpected("left brace ", at_);
    case '}':
      in_braces_ = false;
      return Take(TokenKind::kRightBrace, 1);
    default:
      break;
  }
  if (!IsAlpha(text_[at_])) return Unexpected("character inside braces: ", at_);
  uint32_t end = at_;
  while (IsAlphanumeric(At(end))) ++end;
  return Take(TokenKind::kIdentifier, end - at_);
}

Token Lexer::InStatement() {
  if (at_ >= text_.size()) return End();
  const char c = text_[at_];
  const char next = At(at_ + 1);
  switch (c) {
    case ',':
      return Take(TokenKind::kComma, 1);
    case '*':
      return Take(TokenKind::kMul, 1);
    case '/':
      return Take(TokenKind::kDiv, 1);
    case '%':
      return Take(TokenKind::kMod, 1);
    case '+':
      return Take(TokenKind::kAdd, 1);
    case '-':
      return Take(TokenKind::kSub, 1);
    case '^':
      return Take(TokenKind::kPow, 1);
    case '@':
      return Take(TokenKind::kAt, 1);
    case '=':
      if (next == '=') return Take(TokenKind::kEqual, 2);
      if (next == '~') return Unexpected("character after '=': ", at_ + 1);
      return Take(TokenKind::kAssign, 1);
    case '!':
      if (next == '=') return Take(TokenKind::kNotEqual, 2);
      return Unexpected("character after '!': ", at_ + 1);
    case '<':
      if (next == '=') return Take(TokenKind::kLessOrEqual, 2);
      if (next == '/') return Take(TokenKind::kTrimUpper, 2);
      return Take(TokenKind::kLess, 1);
    case '>':
      if (next == '=') return Take(TokenKind::kGreaterOrEqual, 2);
      if (next == '/') return Take(TokenKind::kTrimLower, 2);
      return Take(TokenKind::kGreater, 1);
    case '"':
    case '\'':
    case '`':
      return String();
    case '(':
      ++parens_;
      return Take(TokenKind::kLeftParen, 1);
    case ')':
      if (parens_ == 0) return Unexpected("right parenthesis ", at_);
      --parens_;
      return Take(TokenKind::kRightParen, 1);
    case '{':
      if (in_brackets_) return Unexpected("left brace ", at_);
      in_braces_ = true;
      return Take(TokenKind::kLeftBrace, 1);
    case '}':
      return Unexpected("right brace ", at_);
    case '[':
      if (in_brackets_) return Unexpected("left bracket ", at_);
      in_brackets_ = true;
      return Take(TokenKind::kLeftBracket, 1);
    case ']':
      if (!in_brackets_) return Unexpected("right bracket ", at_);
      in_brackets_ = false;
      return Take(TokenKind::kRightBracket, 1);
    case ':':
      if (in_brackets_) return Take(TokenKind::kColon, 1);
      return Word();
    default:
      break;
  }
  if (IsDigit(c) || (c == '.' && IsDigit(next))) return Number();
  if (IsAlpha(c)) return Word();
  return Unexpected("character: ", at_);
}

Token Lexer::Word() {
  uint32_t end = at_;
  bool colon = false;
  while (IsAlphanumeric(At(end)) || (At(end) == ':' && !in_brackets_)) {
    colon = colon || At(end) == ':';
    ++end;
  }
  const size_t length = end - at_;
  if (colon) return Take(TokenKind::kMetricIdentifier, length);
  return Take(KeywordKind(text_.substr(at_, length)), length);
}

Token Lexer::String() {
  Result<StringText> string = Unquote(text_.substr(at_));
  if (!string) return Error(std::move(string.error().message));
  Token token = Take(TokenKind::kString, string->length);
  token.value = std::move(string->value);
  return token;
}

// Digits with single underscores between them, a point, an exponent; or 0x and hexadecimal digits. `*end` is
// where it ends, or behind what shows that it is none.
bool Lexer::ScanNumber(uint32_t* end) const {
  uint32_t i = at_;
  const bool hex = At(i) == '0' && (At(i + 1) == 'x' || At(i + 1) == 'X');
  if (hex) i += 2;
  bool point = false;
  bool exponent = false;
  bool digit = false;       // the last character was one
  bool separable = hex;     // an underscore may follow
  bool underscore = false;  // the last character was one
  for (;; ++i) {
    const char c = At(i);
    if (hex ? IsHexDigit(c) : IsDigit(c)) {
      digit = separable = true;
      underscore = false;
    } else if (c == '_' && separable) {
      digit = separable = false;
      underscore = true;
    } else if (c == '.' && !hex && !point && !exponent && !underscore) {
      point = true;
      separable = false;
    } else if ((c == 'e' || c == 'E') && !hex && !exponent && !underscore) {
      exponent = true;
      digit = separable = false;
      if (At(i + 1) == '+' || At(i + 1) == '-') ++i;
    } else {
      break;
    }
  }
  *end = i;
  const bool complete = digit || (point && !exponent && !underscore);
  if (complete && !IsAlphanumeric(At(i)) && At(i) != '.') return true;
  if (i < text_.size()) *end = i + 1;
  return false;
}

// Digits and units, in any order: that is checked when it is read.
bool Lexer::ScanDuration(uint32_t* end) const {
  uint32_t i = at_;
  while (true) {
    const uint32_t start = i;
    while (IsDigit(At(i))) ++i;
    if (i == start) break;
    if (At(i) == '\0' || !IsOneOf(At(i), "smhdwy")) {
      *end = i < text_.size() ? i + 1 : i;
      return false;
    }
    ++i;
    if (At(i) == 's') ++i;
  }
  const bool whole = !IsAlphanumeric(At(i));
  *end = whole ? i : i + 1;
  return whole;
}

Token Lexer::Number() {
  uint32_t number_end = 0;
  if (ScanNumber(&number_end)) return Take(TokenKind::kNumber, number_end - at_);
  uint32_t digits = at_;
  while (IsDigit(At(digits))) ++digits;
  const bool duration = digits > at_ && digits < text_.size() && IsOneOf(At(digits), "smhdwy");
  uint32_t duration_end = number_end;
  if (duration && ScanDuration(&duration_end)) return Take(TokenKind::kDuration, duration_end - at_);
  const uint32_t end = duration ? duration_end : number_end;
  return Error("bad number or duration syntax: " + Quote(text_.substr(at_, end - at_)));
}

}  // namespace sidelight::promql
