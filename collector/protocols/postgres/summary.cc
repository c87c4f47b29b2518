#include "collector/protocols/postgres/summary.h"

#include <cstring>

#include "collector/protocols/postgres/sql_chars.h"
#include "core/base/utf8.h"

namespace sidelight::postgres {

void SummaryReader::Begin(bool wants_queries) {
  row_.clear();
  read_ = queries_ = 0;
  lexer_.Begin(wants_queries);
  wants_queries_ = wants_queries;
  if (wants_queries && normalizer_ == nullptr) normalizer_ = std::make_unique<Normalizer>();
  BeginStatement();
}

void SummaryReader::BeginStatement() {
  first_ = operation_ = query_ = previous_ = Keyword::kNone;
  any_ = ignored_ = after_as_ = routine_ = false;
  blocks_ = depth_ = 0;
  in_query_ = in_list_ = in_with_ = 0;
  expect_ = Expect::kNothing;
  in_name_ = after_dot_ = is_source_ = false;
  name_size_ = 0;
  text_.Clear();
  if (wants_queries_) normalizer_->Begin();
}

void SummaryReader::Read(std::string_view piece) {
  piece = piece.substr(0, kMaxRead - read_);
  read_ += piece.size();
  for (Token token = lexer_.Next(piece); token != Token::kMore; token = lexer_.Next(piece)) Take(token);
}

void SummaryReader::Finish() {
  const Token token = lexer_.Finish(read_ == kMaxRead);
  if (token != Token::kMore) Take(token);
  EndStatement();
}

void SummaryReader::Take(Token token) {
  switch (token) {
    case Token::kWord:
      Word(lexer_.word());
      break;
    case Token::kName:
      QuotedName(lexer_.word());
      break;
    case Token::kMark:
      if (lexer_.mark() == ';' && depth_ == 0 && blocks_ == 0) return EndStatement();
      Mark(lexer_.mark());
      break;
    case Token::kLiteral:
    case Token::kParameter:
      Literal();
      break;
    case Token::kMore:
      return;
  }
  if (wants_queries_) normalizer_->Take(token, lexer_);
}

void SummaryReader::EndStatement() {
  Settle(';');
  if (any_ && row_.size() - queries_ + kMaxHeader + kMaxSummary <= kMaxRow) {
    std::string_view query = wants_queries_ ? normalizer_->text() : std::string_view();
    if (queries_ + query.size() > kMaxQueries) query = {};
    queries_ += query.size();
    AppendStatement({operation_, text_.Finish(), query}, row_);
  }
  BeginStatement();
}

// Something that is no name came: a table's name, if one was being read, is whole.
void SummaryReader::Settle(char next) {
  if (!in_name_) return;
  in_name_ = false;
  if (is_source_ && next == '(') return;
  AddName();
}

void SummaryReader::Literal() {
  Settle('\'');
  any_ = true;
  expect_ = Expect::kNothing;
  previous_ = Keyword::kNone;
}

void SummaryReader::Mark(char c) {
  if (c == '.' && in_name_ && !after_dot_) {
    after_dot_ = true;
    return;
  }
  Settle(c);
  // A parenthesis may be the first token of a query.
  if (c != ';') any_ = true;
  const Keyword before = previous_;
  previous_ = Keyword::kNone;
  switch (c) {
    case '(':
      ++depth_;
      in_query_ &= ~Bit();
      in_list_ &= ~Bit();
      in_with_ &= ~Bit();
      after_as_ = before == Keyword::kAs || before == Keyword::kMaterialized;
      if (expect_ == Expect::kSource) {
        in_list_ |= Bit();
      } else {
        expect_ = Expect::kNothing;
      }
      return;
    case ')':
      if (depth_ > 0) --depth_;
      expect_ = Expect::kNothing;
      return;
    case ',':
      if ((in_with_ & Bit()) != 0) {
        expect_ = Expect::kWithName;
      } else if ((in_list_ & Bit()) != 0) {
        expect_ = is_source_ ? Expect::kSource : Expect::kTarget;
      }
      return;
    default:
      expect_ = Expect::kNothing;
  }
}

void SummaryReader::QuotedName(std::string_view name) {
  any_ = true;
  std::array<char, SqlLexer::kMaxWord> told;
  for (size_t i = 0; i < name.size(); ++i) told[i] = InWord(name[i]) == '\0' ? '_' : name[i];
  if (!TakeName(Keyword::kNone, {told.data(), name.size()})) Settle('"');
  previous_ = Keyword::kNone;
}

void SummaryReader::Word(std::string_view word) {
  any_ = true;
  if (ignored_ && !routine_) return;
  const Keyword keyword = FindKeyword(word);
  if (!TakeName(keyword, word)) {
    Settle('a');
    if (first_ == Keyword::kNone) {
      FirstWord(keyword);
    } else if (keyword != Keyword::kNone) {
      LaterWord(keyword);
    }
  }
  previous_ = keyword;
  after_as_ = false;
}

// Whether `word` is, or leads to, a name that is expected.
bool SummaryReader::TakeName(Keyword keyword, std::string_view word) {
  if (in_name_ && after_dot_) {
    after_dot_ = false;
    if (name_size_ + 1 + word.size() > kMaxName) return true;
    name_[name_size_++] = '.';
    std::memcpy(name_.data() + name_size_, word.data(), word.size());
    name_size_ += word.size();
    return true;
  }
  const Expect expect = expect_;
  if (expect == Expect::kNothing) return false;
  switch (keyword) {
    case Keyword::kOnly:
    case Keyword::kLateral:
      return true;
    case Keyword::kRecursive:
      return expect == Expect::kWithName;
    case Keyword::kTime:
    case Keyword::kOrdinality:
      // TIMESTAMP WITH TIME ZONE, WITH ORDINALITY.
      if (expect == Expect::kWithName) {
        in_with_ &= ~Bit();
        expect_ = Expect::kNothing;
        return true;
      }
      break;
    case Keyword::kAnalyze:
    case Keyword::kConcurrently:
    case Keyword::kExists:
    case Keyword::kFreeze:
    case Keyword::kFull:
    case Keyword::kIf:
    case Keyword::kNot:
    case Keyword::kTable:
    case Keyword::kTemp:
    case Keyword::kTemporary:
    case Keyword::kUnlogged:
    case Keyword::kVerbose:
      if (expect == Expect::kTarget) return true;
      break;
    default:
      break;
  }
  expect_ = Expect::kNothing;
  if (IsReserved(keyword)) return false;
  if (expect == Expect::kWithName) {
    text_.AddWithName(word);
    return true;
  }
  Settle('a');
  in_name_ = true;
  after_dot_ = false;
  is_source_ = expect == Expect::kSource;
  name_size_ = word.size();
  std::memcpy(name_.data(), word.data(), word.size());
  return true;
}

void SummaryReader::AddName() {
  const std::string_view name(name_.data(), name_size_);
  if (!IsValidUtf8(name)) {
    for (size_t i = 0; i < name_size_; ++i) {
      if (static_cast<unsigned char>(name_[i]) >= 0x80) name_[i] = '_';
    }
  }
  if (!name.empty()) text_.AddTable(name, InWithQuery());
}

}  // namespace sidelight::postgres
