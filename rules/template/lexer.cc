#include "rules/template/lexer.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "rules/template/print.h"

namespace sidelight::text_template {
namespace {

constexpr std::string_view kLeft = "{{";
constexpr std::string_view kRight = "}}";
constexpr std::string_view kSpaces = " \t\r\n";

constexpr auto kKeywords = std::to_array<std::pair<std::string_view, TokenKind>>({
    {"block", TokenKind::kBlock},
    {"break", TokenKind::kBreak},
    {"continue", TokenKind::kContinue},
    {"define", TokenKind::kDefine},
    {"else", TokenKind::kElse},
    {"end", TokenKind::kEnd},
    {"if", TokenKind::kIf},
    {"nil", TokenKind::kNil},
    {"range", TokenKind::kRange},
    {"template", TokenKind::kTemplate},
    {"with", TokenKind::kWith},
});

bool IsSpace(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
// The bytes of the character that `text` starts with, if it may stand in a name: a letter, a digit, '_'.
size_t WordLength(std::string_view text) {
  if (text.empty()) return 0;
  const char c = text[0];
  if ((c & 0x80) == 0) {
    return c == '_' || IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? 1 : 0;
  }
  static const RE2 word(R"([\p{L}\p{Nd}])", RE2::Quiet);
  const size_t length = DecodeCharacter(text).second;
  return RE2::FullMatch(re2::StringPiece(text.data(), length), word) ? length : 0;
}

std::string_view TrimLeft(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  return text;
}
std::string_view TrimRight(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> Run() {
    while (!failed_ && Text()) Action();
    return std::move(tokens_);
  }

 private:
  std::string_view Rest() const { return text_.substr(at_); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool AtLeftTrim() const { return Peek(2) == '-' && IsSpace(Peek(3)); }
  // " -}}"
  bool AtRightTrim(size_t ahead = 0) const {
    return at_ + ahead < text_.size() && IsSpace(Peek(ahead)) && Peek(ahead + 1) == '-' &&
           text_.substr(std::min(at_ + ahead + 2, text_.size())).starts_with(kRight);
  }

  // From `start_` to here.
  void Emit(TokenKind kind) { EmitText(kind, text_.substr(start_, at_ - start_)); }
  void EmitText(TokenKind kind, std::string_view text) {
    tokens_.push_back({kind, start_, line_, std::string(text)});
    Skip();
  }
  // Goes on from here, counting the lines that were passed.
  void Skip() {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<ptrdiff_t>(start_),
                                         text_.begin() + static_cast<ptrdiff_t>(at_), '\n'));
    start_ = at_;
  }
  void Fail(std::string message) {
    tokens_.push_back({TokenKind::kError, start_, line_, std::move(message)});
    failed_ = true;
  }

  // Up to the next action; false at the end of the text.
  bool Text() {
    const size_t left = std::min(text_.find(kLeft, at_), text_.size());
    std::string_view shown = text_.substr(at_, left - at_);
    if (trim_next_) shown = TrimLeft(shown);
    trim_next_ = false;
    at_ = left;
    const bool more = at_ < text_.size();
    if (more && AtLeftTrim()) shown = TrimRight(shown);
    if (shown.empty()) {
      Skip();
    } else {
      EmitText(TokenKind::kText, shown);
    }
    if (!more) Emit(TokenKind::kEof);
    return more;
  }

  void Action() {
    const size_t marker = AtLeftTrim() ? 2 : 0;
    at_ += kLeft.size();
    if (text_.substr(at_ + marker).starts_with("/*")) {
      at_ += marker;
      return Comment();
    }
    Emit(TokenKind::kLeftDelimiter);
    at_ += marker;
    Skip();
    parentheses_ = 0;
    while (!failed_) {
      const bool trim = AtRightTrim();
      if (trim || Rest().starts_with(kRight)) {
        if (parentheses_ > 0) return Fail("unclosed left paren");
        return RightDelimiter(trim);
      }
      if (at_ >= text_.size()) return Fail("unclosed action");
      InsideAction();
    }
  }

  void RightDelimiter(bool trim) {
    if (trim) at_ += 2;
    Skip();
    at_ += kRight.size();
    Emit(TokenKind::kRightDelimiter);
    trim_next_ = trim;
  }

  void Comment() {
    const size_t close = text_.find("*/", at_ + 2);
    if (close == std::string_view::npos) return Fail("unclosed comment");
    at_ = close + 2;
    const bool trim = AtRightTrim();
    if (!trim && !Rest().starts_with(kRight)) return Fail("comment ends before closing delimiter");
    at_ += kRight.size() + (trim ? 2 : 0);
    Skip();
    trim_next_ = trim;
  }

  void InsideAction() {
    const char c = Peek();
    if (IsSpace(c)) return Space();
    if (c == '.' && !IsDigit(Peek(1))) return FieldOrDot();
    if (c == '+' || c == '-' || c == '.' || IsDigit(c)) return Number();
    if (WordLength(Rest()) > 0) return Word();
    ++at_;
    switch (c) {
      case '=':
        return Emit(TokenKind::kAssign);
      case ':':
        if (Peek() != '=') return Fail("expected :=");
        ++at_;
        return Emit(TokenKind::kDeclare);
      case '|':
        return Emit(TokenKind::kPipe);
      case '"':
        return Quoted('"', TokenKind::kString, "unterminated quoted string");
      case '\'':
        return Quoted('\'', TokenKind::kCharacterConstant, "unterminated character constant");
      case '`':
        return RawString();
      case '$':
        return Variable();
      case '(':
        ++parentheses_;
        return Emit(TokenKind::kLeftParenthesis);
      case ')':
        if (--parentheses_ < 0) return Fail("unexpected right paren");
        return Emit(TokenKind::kRightParenthesis);
      default:
        break;
    }
    if (c > ' ' && c < 0x7f) return Emit(TokenKind::kCharacter);
    Fail("unrecognized character in action: " + CharacterName(DecodeCharacter(text_.substr(start_)).first));
  }

  void Space() {
    while (IsSpace(Peek()) && at_ < text_.size() && !AtRightTrim()) ++at_;
    Emit(TokenKind::kSpace);
  }

  // What ends a name: a field may follow it, other words may not.
  bool AtTerminator() const {
    if (at_ >= text_.size() || IsSpace(Peek())) return true;
    return std::string_view(".,|:)(").find(Peek()) != std::string_view::npos || Rest().starts_with(kRight);
  }
  void BadCharacter() { Fail("bad character " + CharacterName(DecodeCharacter(Rest()).first)); }

  void Words() {
    while (const size_t length = WordLength(Rest())) at_ += length;
  }

  void FieldOrDot() {
    ++at_;
    if (AtTerminator()) return Emit(TokenKind::kDot);
    Words();
    if (!AtTerminator()) return BadCharacter();
    Emit(TokenKind::kField);
  }

  void Variable() {
    Words();
    if (!AtTerminator()) return BadCharacter();
    Emit(TokenKind::kVariable);
  }

  void Word() {
    Words();
    if (!AtTerminator()) return BadCharacter();
    const std::string_view word = text_.substr(start_, at_ - start_);
    for (const auto& [name, kind] : kKeywords) {
      if (word == name) return Emit(kind);
    }
    Emit(word == "true" || word == "false" ? TokenKind::kBool : TokenKind::kIdentifier);
  }

  void Digits(std::string_view of) {
    while (at_ < text_.size() && of.find(Peek()) != std::string_view::npos) ++at_;
  }

  void Number() {
    if (!ScanNumber()) return;
    // Complex numbers are no part of what alerts have to do with.
    const bool complex = text_[at_ - 1] == 'i';
    if (complex || Peek() == '+' || Peek() == '-') {
      if (!complex && !ScanNumber()) return;
      return BadNumber();
    }
    Emit(TokenKind::kNumber);
  }

  bool ScanNumber() {
    if (Peek() == '+' || Peek() == '-') ++at_;
    std::string_view digits = "0123456789_";
    bool hex = false;
    if (Peek() == '0') {
      const char base = static_cast<char>(Peek(1) | 0x20);
      hex = base == 'x';
      if (hex) digits = "0123456789abcdefABCDEF_";
      if (base == 'o') digits = "01234567_";
      if (base == 'b') digits = "01_";
      if (hex || base == 'o' || base == 'b') at_ += 2;
    }
    Digits(digits);
    if (Peek() == '.') {
      ++at_;
      Digits(digits);
    }
    const char exponent = static_cast<char>(Peek() | 0x20);
    if ((digits.size() == 11 && exponent == 'e') || (hex && exponent == 'p')) {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      Digits("0123456789_");
    }
    if (Peek() == 'i') ++at_;
    if (WordLength(Rest()) == 0) return true;
    at_ += WordLength(Rest());
    BadNumber();
    return false;
  }

  void BadNumber() { Fail("bad number syntax: " + QuoteText(text_.substr(start_, at_ - start_))); }

  void Quoted(char quote, TokenKind kind, const char* unterminated) {
    for (; at_ < text_.size() && Peek() != '\n'; ++at_) {
      if (Peek() == quote) {
        ++at_;
        return Emit(kind);
      }
      if (Peek() == '\\' && at_ + 1 < text_.size() && Peek(1) != '\n') ++at_;
    }
    Fail(unterminated);
  }

  void RawString() {
    const size_t close = text_.find('`', at_);
    if (close == std::string_view::npos) return Fail("unterminated raw quoted string");
    at_ = close + 1;
    Emit(TokenKind::kRawString);
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t start_ = 0;  // of the token
  int line_ = 1;      // at start_
  int parentheses_ = 0;
  bool trim_next_ = false;
  bool failed_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

std::string Describe(const Token& token) {
  if (token.kind == TokenKind::kEof) return "EOF";
  if (token.kind == TokenKind::kError) return token.text;
  if (token.kind >= TokenKind::kBlock || token.kind == TokenKind::kNil || token.kind == TokenKind::kDot)
    return "<" + token.text + ">";
  constexpr size_t kShown = 10;
  size_t end = 0;
  for (size_t i = 0; i < kShown && end < token.text.size(); ++i) {
    end += DecodeCharacter(std::string_view(token.text).substr(end)).second;
  }
  if (token.text.size() > kShown) return QuoteText(std::string_view(token.text).substr(0, end)) + "...";
  return QuoteText(token.text);
}

std::vector<Token> Lex(std::string_view text) {
  return Lexer(text).Run();
}

}  // namespace sidelight::text_template
