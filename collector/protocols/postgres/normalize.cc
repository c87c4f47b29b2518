#include "collector/protocols/postgres/normalize.h"

#include "collector/protocols/postgres/sql_chars.h"
#include "core/base/utf8.h"

namespace sidelight::postgres {
namespace {

constexpr std::string_view kPlaceholder = "?";

// A parameter with more digits than this is none that a server would take.
constexpr size_t kMaxParameter = 5;

// A value of its own where it stands in a list.
bool IsConstant(std::string_view word) {
  return word == "null" || word == "default" || word == "true" || word == "false";
}

// It makes of what would be a list a query.
bool BeginsQuery(std::string_view word) {
  return word == "select" || word == "with" || word == "values" || word == "table";
}

// `name` as it may be told: cut between characters, and with '_' for what is none.
std::string Told(std::string_view name) {
  std::string told(name);
  for (size_t cut = 0; cut < 3 && !IsValidUtf8(told); ++cut) told.pop_back();
  if (!IsValidUtf8(told) || told.empty()) told = name;
  const bool valid = IsValidUtf8(told);
  for (char& c : told) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7f || (!valid && byte > 0x7f)) c = '_';
  }
  return told;
}

// Whether a sign behind it is an operator between two values.
bool EndsOperand(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty()) return false;
  const char c = text.back();
  return InWord(c) != '\0' || c == ')' || c == ']' || c == '"' || c == '?' || c == '.';
}

}  // namespace

void Normalizer::Begin() {
  text_.clear();
  full_ = after_literal_ = false;
  before_ = Before::kOther;
  depth_ = 0;
  levels_[0] = Level();
}

std::string_view Normalizer::text() const {
  std::string_view text = text_;
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

void Normalizer::Take(SqlLexer::Token token, const SqlLexer& lexer) {
  if (lexer.doubtful()) full_ = true;
  if (full_) return;
  const bool was_literal = after_literal_;
  after_literal_ = token == SqlLexer::Token::kLiteral;
  switch (token) {
    case SqlLexer::Token::kWord:
      return Word(lexer);
    case SqlLexer::Token::kName:
      return Name(lexer.word(), lexer.spaced());
    case SqlLexer::Token::kMark:
      return Mark(lexer.mark(), lexer.spaced());
    case SqlLexer::Token::kLiteral:
      // The other half of a doubled quote, or a string that goes on in the next line.
      return was_literal ? void() : Literal(lexer.spaced());
    case SqlLexer::Token::kParameter:
      if (top().list || lexer.word().size() > kMaxParameter) return Literal(lexer.spaced());
      before_ = Before::kOther;
      return Put("$" + std::string(lexer.word()), lexer.spaced());
    case SqlLexer::Token::kMore:
      return;
  }
}

void Normalizer::Literal(bool spaced) {
  before_ = Before::kOther;
  if (!spaced) {
    const auto ends_with = [this](char c) { return !text_.empty() && text_.back() == c; };
    // What belongs to it: U&'x', .5 and -5.
    if (text_.ends_with("U&") || text_.ends_with("u&")) {
      if (text_.size() == 2 || InWord(text_[text_.size() - 3]) == '\0') text_.resize(text_.size() - 2);
    }
    if (ends_with('.') && !EndsOperand(std::string_view(text_).substr(0, text_.size() - 1))) text_.pop_back();
    if ((ends_with('-') || ends_with('+')) &&
        !EndsOperand(std::string_view(text_).substr(0, text_.size() - 1))) {
      text_.pop_back();
    }
  }
  Put(kPlaceholder, spaced);
}

void Normalizer::Word(const SqlLexer& lexer) {
  const std::string_view word = lexer.word();
  Level& level = top();
  level.rows = false;
  if (level.list && text_.size() == level.element && BeginsQuery(word)) level.list = false;
  if (level.list && IsConstant(word)) return Literal(lexer.spaced());
  Put(Told(lexer.written()), lexer.spaced());
  before_ = Before::kWord;
  if (word == "in") before_ = Before::kIn;
  if (word == "array") before_ = Before::kArray;
  if (word == "values") {
    before_ = Before::kValues;
    level = Level{.rows = true};
  }
}

void Normalizer::Name(std::string_view name, bool spaced) {
  top().rows = false;
  before_ = Before::kWord;
  std::string quoted = "\"";
  for (const char c : Told(name)) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  Put(quoted += '"', spaced);
}

void Normalizer::Mark(char c, bool spaced) {
  switch (c) {
    case '(':
    case '[':
      return Open(c, spaced);
    case ')':
    case ']':
      return Close(c);
    case ',':
      return Comma();
    default:
      break;
  }
  before_ = Before::kOther;
  top().rows = false;
  if (static_cast<unsigned char>(c) > ' ' && c != 0x7f) Put({&c, 1}, spaced);
}

void Normalizer::Open(char c, bool spaced) {
  Level& outer = top();
  bool list = outer.list && before_ != Before::kWord;
  if (c == '(') {
    list = list || outer.rows || before_ == Before::kIn;
  } else {
    list = list || before_ == Before::kArray;
  }
  Put({&c, 1}, spaced);
  if (!outer.list) outer.element = static_cast<uint16_t>(text_.size() - 1);
  ++depth_;
  top() = Level{.list = list, .element = static_cast<uint16_t>(text_.size())};
  before_ = Before::kOther;
}

void Normalizer::Close(char c) {
  if (top().list) CloseElement(top());
  if (depth_ > 0) --depth_;
  Put({&c, 1}, false);
  if (top().rows) CloseElement(top());
  // As what stands before an operator or a subscript.
  before_ = Before::kWord;
}

void Normalizer::Comma() {
  Level& level = top();
  if (level.list) CloseElement(level);
  before_ = Before::kOther;
  Put(", ", false);
  if (level.list) level.element = static_cast<uint16_t>(text_.size());
}

// An element that looks like the one before it goes, with the comma between them.
void Normalizer::CloseElement(Level& level) {
  const std::string_view text = text_;
  // More was closed than opened, or too much was open.
  if (level.element > text.size() || level.previous_end > text.size()) return;
  const std::string_view previous = text.substr(level.previous, level.previous_end - level.previous);
  if (!previous.empty() && text.substr(level.element) == previous) {
    text_.resize(level.previous_end);
    level.element = level.previous;
    return;
  }
  level.previous = level.element;
  level.previous_end = static_cast<uint16_t>(text_.size());
}

void Normalizer::Put(std::string_view token, bool spaced) {
  const char last = text_.empty() ? ' ' : text_.back();
  const bool space = spaced && last != ' ' && last != '(' && last != '[';
  if (text_.size() + (space ? 1 : 0) + token.size() > kMaxQuery) {
    full_ = true;
    return;
  }
  if (space) text_ += ' ';
  text_ += token;
}

}  // namespace sidelight::postgres
