// SummaryReader: reads SQL as it comes, in pieces of any size, and keeps of each statement its operation (the
// first word; of WITH, that of the query that follows) and its summary, OpenTelemetry's db.query.summary:
// operations and tables in the order of the text, without literals.
//
//     SELECT u.id FROM users u JOIN orders o ON ...               SELECT users orders
//     INSERT INTO archive SELECT * FROM orders WHERE id < 7       INSERT archive SELECT orders
//     WITH old AS (SELECT * FROM a) DELETE FROM b USING old       DELETE b SELECT a
//
// It is a lexer with a little memory and no parser: it knows how deep the parentheses are, and takes the
// names after FROM, JOIN, INTO, UPDATE, TABLE, USING and COPY that are neither functions nor of WITH. Names
// are in lower case unless quoted, as the server has them; a character of a quoted name that would not do in
// an unquoted one is '_'. Its memory does not depend on what is read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/keywords.h"
#include "collector/protocols/postgres/normalize.h"
#include "collector/protocols/postgres/sql_lexer.h"
#include "collector/protocols/postgres/statement.h"
#include "collector/protocols/postgres/summary_text.h"

namespace sidelight::postgres {

class SummaryReader {
 public:
  // What follows in a text is not read; nor are statements whose rows of bytes exceed kMaxRow together. The
  // texts of statements come on top of that, as far as they are not more than kMaxQueries.
  static constexpr size_t kMaxRead = 64 * 1024;
  static constexpr size_t kMaxRow = 4096;
  static constexpr size_t kMaxQueries = 8192;

  // Forgets the text before. `wants_queries`: the texts of statements are kept too, without literals.
  void Begin(bool wants_queries = false);
  void Read(std::string_view piece);
  void Finish();

  // After Finish: every statement of the text that is not empty, as statement.h stores them.
  std::string_view row() const { return row_; }

 private:
  using Token = SqlLexer::Token;

  enum class Expect : uint8_t {
    kNothing,
    kSource,  // what is read from: a name followed by a parenthesis is a function
    kTarget,  // what is written to or changed
    kWithName,
  };

  void BeginStatement();
  void EndStatement();
  void Take(Token token);
  void Word(std::string_view word);
  void QuotedName(std::string_view name);
  void Mark(char c);
  void Literal();
  void Settle(char next);
  void FirstWord(Keyword keyword);
  void LaterWord(Keyword keyword);
  bool TakeName(Keyword keyword, std::string_view word);
  void BeginQuery(Keyword keyword);
  void ExpectName(Expect what, bool list);
  void AddName();
  bool InWithQuery() const { return first_ == Keyword::kWith && operation_ == Keyword::kNone; }
  uint64_t Bit() const { return depth_ < 64 ? uint64_t{1} << depth_ : 0; }

  static constexpr size_t kMaxName = 3 * (SqlLexer::kMaxWord + 1);
  static constexpr size_t kMaxHeader = 4;  // of a statement in a row

  std::string row_;
  size_t read_ = 0;
  size_t queries_ = 0;  // bytes of texts in row_
  bool wants_queries_ = false;
  SqlLexer lexer_;
  std::unique_ptr<Normalizer> normalizer_;  // once it was wanted

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

  SummaryText text_;
};

}  // namespace sidelight::postgres
