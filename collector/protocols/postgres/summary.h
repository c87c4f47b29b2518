// SummaryReader: reads SQL as it comes, in pieces of any size, and keeps of each statement its operation (the
// first word; of WITH, that of the query that follows) and its summary, OpenTelemetry's db.query.summary:
// operations and tables in the order of the text, without literals.
//
//     SELECT u.id FROM users u JOIN orders o ON ...               SELECT users orders
//     INSERT INTO archive SELECT * FROM orders WHERE id < 7       INSERT archive SELECT orders
//     WITH old AS (SELECT * FROM a) DELETE FROM b USING old       DELETE b SELECT a
//
// It is a tokenizer with a little memory and no parser: it knows comments, strings ('', E'', $tag$$tag$),
// "names", numbers and how deep the parentheses are, and takes the names after FROM, JOIN, INTO, UPDATE,
// TABLE, USING and COPY that are neither functions nor of WITH. Names are in lower case unless quoted, as the
// server has them; a character of a quoted name that would not do in an unquoted one is '_'. Its memory does
// not depend on what is read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/keywords.h"
#include "collector/protocols/postgres/statement.h"

namespace sidelight::postgres {

class SummaryReader {
 public:
  // What follows in a text is not read; nor are statements whose rows of bytes exceed kMaxRow together.
  static constexpr size_t kMaxRead = 64 * 1024;
  static constexpr size_t kMaxRow = 4096;

  // Forgets the text before.
  void Begin();
  void Read(std::string_view piece);
  void Finish();

  // After Finish: every statement of the text that is not empty, as statement.h stores them.
  std::string_view row() const { return row_; }

 private:
  enum class State : uint8_t {
    kSpace,         // between tokens
    kWord,          //
    kNumber,        //
    kDash,          // behind a '-', which may begin a comment
    kLineComment,   //
    kSlash,         // behind a '/', likewise
    kComment,       // in a block comment, which may nest
    kCommentSlash,  // ... behind a '/'
    kCommentStar,   // ... behind a '*'
    kString,        //
    kEscapes,       // in a string with backslashes
    kEscaped,       // ... behind one
    kQuoted,        // in a quoted name
    kQuote,         // behind a '"' in one: its end, or half of a '""'
    kDollar,        // in what may become $tag$
    kDollarString,  //
    kDollarEnd,     // ... behind a '$' in one
  };
  enum class Expect : uint8_t {
    kNothing,
    kSource,  // what is read from: a name followed by a parenthesis is a function
    kTarget,  // what is written to or changed
    kWithName,
  };

  size_t ReadToken(std::string_view piece, size_t at);
  size_t ReadWord(std::string_view piece, size_t at);
  size_t ReadMark(char c, size_t at);
  void BeginStatement();
  void EndStatement();
  void Word();
  void QuotedName();
  void Mark(char c);
  void Literal();
  void Settle(char next);
  void FirstWord(Keyword keyword);
  void LaterWord(Keyword keyword);
  bool TakeName(Keyword keyword);
  void BeginQuery(Keyword keyword);
  void ExpectName(Expect what, bool list);
  void AddName();
  void Append(std::string_view token);
  uint64_t Bit() const { return depth_ < 64 ? uint64_t{1} << depth_ : 0; }

  // A name is cut where the server cuts it.
  static constexpr size_t kMaxWord = 63;
  static constexpr size_t kMaxName = 3 * (kMaxWord + 1);
  static constexpr size_t kMaxTables = 16;
  static constexpr size_t kMaxWithNames = 16;

  struct Text {
    std::array<char, kMaxSummary> bytes;
    size_t size = 0;
    bool full = false;
  };

  std::string row_;
  size_t read_ = 0;
  State state_ = State::kSpace;
  size_t word_size_ = 0;
  size_t tag_size_ = 0;
  size_t tag_matched_ = 0;
  uint32_t comment_depth_ = 0;
  std::array<char, kMaxWord> word_;  // the present word, in lower case; of a quoted name as it is
  std::array<char, kMaxWord> tag_;   // of a dollar-quoted string

  // Of the present statement.
  Keyword first_ = Keyword::kNone;      // its first word
  Keyword operation_ = Keyword::kNone;  // what it is reported as
  Keyword query_ = Keyword::kNone;      // the operation that was read last
  Keyword previous_ = Keyword::kNone;   // the token before, if it was a keyword
  bool any_ = false;                    // it has a token
  bool ignored_ = false;                // nothing more is to be learnt from it
  bool after_as_ = false;               // behind the parenthesis of "AS ("
  bool routine_ = false;                // CREATE FUNCTION or PROCEDURE, whose body may have semicolons
  uint32_t blocks_ = 0;                 // ... in BEGIN and CASE
  uint32_t depth_ = 0;                  // of parentheses
  // A bit for each depth of parentheses up to 64.
  uint64_t in_query_ = 0;  // FROM says where tables are
  uint64_t in_list_ = 0;   // a comma is followed by another table
  uint64_t in_with_ = 0;   // ... by another name that WITH defines
  Expect expect_ = Expect::kNothing;

  // A table's name that is being read.
  bool in_name_ = false;
  bool after_dot_ = false;
  bool is_source_ = false;
  size_t name_size_ = 0;
  std::array<char, kMaxName> name_;

  std::array<uint32_t, kMaxTables> tables_;  // hashes of those of the operation that was read last
  std::array<uint32_t, kMaxWithNames> with_names_;
  size_t table_count_ = 0;
  size_t with_name_count_ = 0;
  Text main_;
  Text with_;  // of the queries of a leading WITH
};

}  // namespace sidelight::postgres
