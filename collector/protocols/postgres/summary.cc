#include "collector/protocols/postgres/summary.h"

#include <algorithm>
#include <cstring>

#include "core/base/utf8.h"

namespace sidelight::postgres {
namespace {

enum Class : uint8_t {
  kOther,
  kBlank,
  kLetter,  // begins a word
  kDigit,
};

constexpr std::array<Class, 256> kClasses = [] {
  std::array<Class, 256> classes{};
  for (const char c : {' ', '\t', '\n', '\r', '\f', '\v', '\0'}) classes[static_cast<size_t>(c)] = kBlank;
  for (size_t c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = kLetter;
  for (size_t c = 0x80; c <= 0xff; ++c) classes[c] = kLetter;
  classes['_'] = kLetter;
  for (size_t c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  return classes;
}();

Class ClassOf(char c) {
  return kClasses[static_cast<unsigned char>(c)];
}

// What a byte within a word becomes there: letters in lower case; '\0' for what ends a word.
constexpr std::array<char, 256> kInWord = [] {
  std::array<char, 256> bytes{};
  for (size_t c = 0; c < bytes.size(); ++c) {
    if (kClasses[c] >= kLetter || c == '$') bytes[c] = static_cast<char>(c);
  }
  for (size_t c = 'A'; c <= 'Z'; ++c) bytes[c] = static_cast<char>(c - 'A' + 'a');
  return bytes;
}();

char WordByte(char c) {
  return kInWord[static_cast<unsigned char>(c)];
}

bool InWord(char c) {
  return WordByte(c) != '\0';
}

// FNV-1a; two names that collide cost a table in a summary.
uint32_t Hash(std::string_view text) {
  uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

// What tables can be read from and changed with. The rest of other statements tells nothing.
bool HasTables(Keyword first) {
  switch (first) {
    case Keyword::kAlter:
    case Keyword::kAnalyze:
    case Keyword::kCluster:
    case Keyword::kComment:
    case Keyword::kCopy:
    case Keyword::kCreate:
    case Keyword::kDeclare:
    case Keyword::kDelete:
    case Keyword::kDrop:
    case Keyword::kExplain:
    case Keyword::kInsert:
    case Keyword::kLock:
    case Keyword::kMerge:
    case Keyword::kPrepare:
    case Keyword::kReindex:
    case Keyword::kSelect:
    case Keyword::kTable:
    case Keyword::kTruncate:
    case Keyword::kUpdate:
    case Keyword::kVacuum:
    case Keyword::kValues:
    case Keyword::kWith:
      return true;
    default:
      return false;
  }
}

}  // namespace

void SummaryReader::Begin() {
  row_.clear();
  read_ = 0;
  state_ = State::kSpace;
  BeginStatement();
}

void SummaryReader::BeginStatement() {
  word_size_ = 0;
  first_ = operation_ = query_ = previous_ = Keyword::kNone;
  any_ = ignored_ = after_as_ = routine_ = false;
  blocks_ = depth_ = 0;
  in_query_ = in_list_ = in_with_ = 0;
  expect_ = Expect::kNothing;
  in_name_ = after_dot_ = is_source_ = false;
  name_size_ = table_count_ = with_name_count_ = 0;
  main_.size = with_.size = 0;
  main_.full = with_.full = false;
}

void SummaryReader::Read(std::string_view piece) {
  piece = piece.substr(0, kMaxRead - read_);
  read_ += piece.size();
  size_t at = 0;
  while (at < piece.size()) at = ReadToken(piece, at);
}

// Reads on in the present state and returns where it stopped, at least one byte further unless the state
// changed.
size_t SummaryReader::ReadToken(std::string_view piece, size_t at) {
  const char c = piece[at];
  switch (state_) {
    case State::kSpace:
      switch (ClassOf(c)) {
        case kBlank:
          do ++at;
          while (at < piece.size() && ClassOf(piece[at]) == kBlank);
          return at;
        case kLetter:
          word_size_ = 0;
          state_ = State::kWord;
          return ReadWord(piece, at);
        case kDigit:
          Literal();
          state_ = State::kNumber;
          return at + 1;
        case kOther:
          return ReadMark(piece[at], at);
      }
      return at;
    case State::kWord:
      return ReadWord(piece, at);
    case State::kNumber:
      while (at < piece.size() && (InWord(piece[at]) || piece[at] == '.')) ++at;
      if (at < piece.size()) state_ = State::kSpace;
      return at;
    case State::kDash:
      if (c == '-') {
        state_ = State::kLineComment;
        return at + 1;
      }
      Mark('-');
      state_ = State::kSpace;
      return at;
    case State::kLineComment:
      at = std::min(piece.find_first_of("\r\n", at), piece.size());
      if (at < piece.size()) state_ = State::kSpace;
      return at;
    case State::kSlash:
      if (c == '*') {
        comment_depth_ = 1;
        state_ = State::kComment;
        return at + 1;
      }
      Mark('/');
      state_ = State::kSpace;
      return at;
    case State::kComment:
      while (at < piece.size() && piece[at] != '*' && piece[at] != '/') ++at;
      if (at == piece.size()) return at;
      state_ = piece[at] == '*' ? State::kCommentStar : State::kCommentSlash;
      return at + 1;
    case State::kCommentSlash:
      if (c == '*') ++comment_depth_;
      if (c != '/') state_ = State::kComment;
      return at + 1;
    case State::kCommentStar:
      if (c == '/') state_ = --comment_depth_ == 0 ? State::kSpace : State::kComment;
      if (c != '/' && c != '*') state_ = State::kComment;
      return at + 1;
    case State::kString:
      // A doubled quote ends one string and begins another, which comes to the same.
      at = std::min(piece.find('\'', at), piece.size());
      if (at == piece.size()) return at;
      state_ = State::kSpace;
      return at + 1;
    case State::kEscapes:
      while (at < piece.size() && piece[at] != '\'' && piece[at] != '\\') ++at;
      if (at == piece.size()) return at;
      state_ = piece[at] == '\\' ? State::kEscaped : State::kSpace;
      return at + 1;
    case State::kEscaped:
      state_ = State::kEscapes;
      return at + 1;
    case State::kQuoted:
      for (; at < piece.size() && piece[at] != '"'; ++at) {
        if (word_size_ < kMaxWord) word_[word_size_++] = piece[at];
      }
      if (at == piece.size()) return at;
      state_ = State::kQuote;
      return at + 1;
    case State::kQuote:
      if (c == '"') {
        if (word_size_ < kMaxWord) word_[word_size_++] = c;
        state_ = State::kQuoted;
        return at + 1;
      }
      state_ = State::kSpace;
      QuotedName();
      return at;
    case State::kDollar:
      if (c == '$') {
        state_ = State::kDollarString;
        return at + 1;
      }
      if (!InWord(c) || (tag_size_ == 0 && ClassOf(c) == kDigit) || tag_size_ == kMaxWord) {
        state_ = State::kNumber;  // $1, a parameter
        return at;
      }
      tag_[tag_size_++] = c;
      return at + 1;
    case State::kDollarString:
      at = std::min(piece.find('$', at), piece.size());
      if (at == piece.size()) return at;
      tag_matched_ = 0;
      state_ = State::kDollarEnd;
      return at + 1;
    case State::kDollarEnd:
      if (tag_matched_ < tag_size_ && c == tag_[tag_matched_]) {
        ++tag_matched_;
        return at + 1;
      }
      if (c != '$') {
        state_ = State::kDollarString;
        return at + 1;
      }
      // The '$' of a wrong end may begin the right one.
      state_ = tag_matched_ == tag_size_ ? State::kSpace : State::kDollarEnd;
      tag_matched_ = 0;
      return at + 1;
  }
  return piece.size();
}

size_t SummaryReader::ReadWord(std::string_view piece, size_t at) {
  for (; at < piece.size(); ++at) {
    const char byte = WordByte(piece[at]);
    if (byte == '\0') break;
    if (word_size_ < kMaxWord) word_[word_size_++] = byte;
  }
  if (at == piece.size()) return at;
  if (piece[at] == '\'' && word_size_ == 1) {
    // The letter before a string belongs to it.
    Literal();
    state_ = word_[0] == 'e' ? State::kEscapes : State::kString;
    return at + 1;
  }
  state_ = State::kSpace;
  Word();
  return at;
}

size_t SummaryReader::ReadMark(char c, size_t at) {
  switch (c) {
    case '-':
      state_ = State::kDash;
      break;
    case '/':
      state_ = State::kSlash;
      break;
    case '\'':
      Literal();
      state_ = State::kString;
      break;
    case '"':
      word_size_ = 0;
      state_ = State::kQuoted;
      break;
    case '$':
      Literal();
      tag_size_ = 0;
      state_ = State::kDollar;
      break;
    default:
      Mark(c);
  }
  return at + 1;
}

void SummaryReader::Finish() {
  // A word that the limit has cut is no word.
  if (state_ == State::kWord && read_ < kMaxRead) Word();
  if (state_ == State::kQuote) QuotedName();
  if (state_ == State::kDash || state_ == State::kSlash) Mark('-');
  state_ = State::kSpace;
  EndStatement();
}

void SummaryReader::EndStatement() {
  Settle(';');
  if (any_ && row_.size() + 2 + kMaxSummary <= kMaxRow) {
    if (with_.size > 0 && main_.size + 1 + with_.size <= kMaxSummary) {
      if (main_.size > 0) main_.bytes[main_.size++] = ' ';
      std::memcpy(main_.bytes.data() + main_.size, with_.bytes.data(), with_.size);
      main_.size += with_.size;
    }
    AppendStatement({operation_, std::string_view(main_.bytes.data(), main_.size)}, row_);
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
  if (c == ';' && depth_ == 0 && blocks_ == 0) return EndStatement();
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

void SummaryReader::QuotedName() {
  any_ = true;
  for (size_t i = 0; i < word_size_; ++i) {
    if (!InWord(word_[i])) word_[i] = '_';
  }
  if (!TakeName(Keyword::kNone)) Settle('"');
  previous_ = Keyword::kNone;
}

void SummaryReader::Word() {
  any_ = true;
  if (ignored_ && !routine_) return;
  const Keyword keyword = FindKeyword(std::string_view(word_.data(), word_size_));
  if (!TakeName(keyword)) {
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

// Whether the present word is, or leads to, a name that is expected.
bool SummaryReader::TakeName(Keyword keyword) {
  const std::string_view word(word_.data(), word_size_);
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
    if (with_name_count_ < kMaxWithNames) with_names_[with_name_count_++] = Hash(word);
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

void SummaryReader::FirstWord(Keyword keyword) {
  first_ = keyword;
  ignored_ = !HasTables(keyword);
  switch (keyword) {
    case Keyword::kWith:
      return LaterWord(keyword);
    case Keyword::kSelect:
    case Keyword::kInsert:
    case Keyword::kUpdate:
    case Keyword::kDelete:
    case Keyword::kMerge:
    case Keyword::kValues:
      return BeginQuery(keyword);
    default:
      break;
  }
  // An unknown word is reported as _OTHER, and may be anything: it is not shown.
  operation_ = keyword < Keyword::kWith ? keyword : Keyword::kNone;
  if (operation_ == Keyword::kNone) {
    ignored_ = true;
    return;
  }
  Append(OperationName(keyword));
  switch (keyword) {
    case Keyword::kAnalyze:
    case Keyword::kLock:
    case Keyword::kTruncate:
    case Keyword::kVacuum:
      return ExpectName(Expect::kTarget, true);
    case Keyword::kCluster:
    case Keyword::kCopy:
    case Keyword::kTable:
      return ExpectName(Expect::kTarget, false);
    default:
      return;
  }
}

void SummaryReader::LaterWord(Keyword keyword) {
  if (routine_) {
    // As psql does it, to find the end of the statement.
    if (keyword == Keyword::kBegin) ++blocks_;
    if (keyword == Keyword::kCase && blocks_ > 0) ++blocks_;
    if (keyword == Keyword::kEnd && blocks_ > 0) --blocks_;
    return;
  }
  switch (keyword) {
    case Keyword::kSelect:
    case Keyword::kValues:
      return BeginQuery(keyword);
    case Keyword::kInsert:
    case Keyword::kUpdate:
    case Keyword::kDelete:
    case Keyword::kMerge: {
      // Elsewhere they are no queries: FOR UPDATE, DO UPDATE, ON DELETE, WHEN MATCHED THEN UPDATE.
      const bool main = depth_ == 0 && first_ == Keyword::kWith && operation_ == Keyword::kNone;
      const bool explained = first_ == Keyword::kExplain && query_ == Keyword::kNone;
      const bool prepared = first_ == Keyword::kPrepare && query_ == Keyword::kNone;
      if (main || explained || prepared || after_as_) BeginQuery(keyword);
      return;
    }
    case Keyword::kWith:
      in_with_ |= Bit();
      expect_ = Expect::kWithName;
      return;
    case Keyword::kFrom:
      if ((in_query_ & Bit()) != 0 && previous_ != Keyword::kDistinct) ExpectName(Expect::kSource, true);
      return;
    case Keyword::kJoin:
      return ExpectName(Expect::kSource, true);
    case Keyword::kUsing:
      if (query_ == Keyword::kDelete || query_ == Keyword::kMerge) ExpectName(Expect::kSource, true);
      return;
    case Keyword::kInto:
      return ExpectName(Expect::kTarget, false);
    case Keyword::kTable:
      switch (first_) {
        case Keyword::kDrop:
          return ExpectName(Expect::kTarget, true);
        case Keyword::kAlter:
        case Keyword::kComment:
        case Keyword::kCreate:
        case Keyword::kReindex:
          if (table_count_ == 0) ExpectName(Expect::kTarget, false);
          return;
        default:
          return;
      }
    case Keyword::kFunction:
    case Keyword::kProcedure:
      if (first_ == Keyword::kCreate && table_count_ == 0) routine_ = ignored_ = true;
      return;
    case Keyword::kPolicy:
    case Keyword::kRule:
    case Keyword::kTrigger:
      if (first_ == Keyword::kCreate && table_count_ == 0) ignored_ = true;
      return;
    case Keyword::kExcept:
    case Keyword::kFetch:
    case Keyword::kFor:
    case Keyword::kGroup:
    case Keyword::kHaving:
    case Keyword::kIntersect:
    case Keyword::kLimit:
    case Keyword::kOffset:
    case Keyword::kOrder:
    case Keyword::kReturning:
    case Keyword::kSet:
    case Keyword::kUnion:
    case Keyword::kWhere:
    case Keyword::kWindow:
      in_list_ &= ~Bit();
      return;
    default:
      return;
  }
}

void SummaryReader::BeginQuery(Keyword keyword) {
  const bool first = first_ == keyword && operation_ == Keyword::kNone;
  const bool main = depth_ == 0 && first_ == Keyword::kWith && operation_ == Keyword::kNone;
  if (first || main) operation_ = keyword;
  in_with_ &= ~Bit();
  in_list_ &= ~Bit();
  // The rows of an INSERT are no query of their own.
  if (keyword == Keyword::kValues && !first && !main) return;
  in_query_ |= Bit();
  query_ = keyword;
  table_count_ = 0;
  Append(OperationName(keyword));
  if (keyword == Keyword::kUpdate) ExpectName(Expect::kTarget, false);
}

void SummaryReader::ExpectName(Expect what, bool list) {
  expect_ = what;
  is_source_ = what == Expect::kSource;
  if (list) {
    in_list_ |= Bit();
  } else {
    in_list_ &= ~Bit();
  }
}

void SummaryReader::AddName() {
  std::string_view name(name_.data(), name_size_);
  if (!IsValidUtf8(name)) {
    for (size_t i = 0; i < name_size_; ++i) {
      if (static_cast<unsigned char>(name_[i]) >= 0x80) name_[i] = '_';
    }
  }
  if (name.empty()) return;
  const uint32_t hash = Hash(name);
  const auto with_end = with_names_.begin() + static_cast<std::ptrdiff_t>(with_name_count_);
  if (std::find(with_names_.begin(), with_end, hash) != with_end) return;
  const auto end = tables_.begin() + static_cast<std::ptrdiff_t>(table_count_);
  if (std::find(tables_.begin(), end, hash) != end) return;
  if (table_count_ < kMaxTables) tables_[table_count_++] = hash;
  Append(name);
}

void SummaryReader::Append(std::string_view token) {
  Text& text = first_ == Keyword::kWith && operation_ == Keyword::kNone ? with_ : main_;
  const size_t space = text.size == 0 ? 0 : 1;
  // What does not fit is left out, with all that follows: no token is cut.
  text.full = text.full || text.size + space + token.size() > kMaxSummary;
  if (text.full) return;
  if (space == 1) text.bytes[text.size++] = ' ';
  std::memcpy(text.bytes.data() + text.size, token.data(), token.size());
  text.size += token.size();
}

}  // namespace sidelight::postgres
