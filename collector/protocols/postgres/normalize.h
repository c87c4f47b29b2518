// Normalizer: a statement's text without its literals, as Exchange::query tells it, out of the tokens of
// SqlLexer.
//
//     SELECT * FROM a /* x */ WHERE id = 7 AND name = 'bob'    SELECT * FROM a WHERE id = ? AND name = ?
//     SELECT 1 WHERE x IN (1, 2, $3)                           SELECT ? WHERE x IN (?)
//     INSERT INTO a VALUES (1, now()), (2, now())              INSERT INTO a VALUES (?, now())
//
// White space and comments become one space; parameters stay ($1), except in the lists of IN, VALUES and
// ARRAY, of which neighbours that look alike are written once, so that the number of texts is that of a
// program's statements. From where it is doubtful what is a literal (SqlLexer::doubtful) nothing is kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/sql_lexer.h"
#include "collector/protocols/postgres/statement.h"

namespace sidelight::postgres {

class Normalizer {
 public:
  // Forgets the statement before.
  void Begin();
  // The token that `lexer`, which must keep what is written, has just returned.
  void Take(SqlLexer::Token token, const SqlLexer& lexer);
  // At most kMaxQuery bytes of valid UTF-8; what is longer is cut between tokens. Valid until the next call.
  std::string_view text() const;

 private:
  // What stands between two parentheses or brackets, or in none.
  struct Level {
    bool list = false;          // the elements of an IN, of ARRAY, or of a row of VALUES
    bool rows = false;          // VALUES stands in it, and nothing but rows since
    uint16_t element = 0;       // where in the text the present element begins
    uint16_t previous = 0;      // ... and the one before,
    uint16_t previous_end = 0;  // ... and ends
  };
  enum class Before : uint8_t { kOther, kWord, kIn, kValues, kArray };

  // Deeper ones are not looked at for lists.
  static constexpr size_t kMaxLevels = 16;

  void Literal(bool spaced);
  void Word(const SqlLexer& lexer);
  void Name(std::string_view name, bool spaced);
  void Mark(char c, bool spaced);
  void Open(char c, bool spaced);
  void Close(char c);
  void Comma();
  void Put(std::string_view token, bool spaced);
  void CloseElement(Level& level);
  Level& top() { return depth_ < kMaxLevels ? levels_[depth_] : beyond_; }

  std::string text_;
  bool full_ = false;
  bool after_literal_ = false;
  Before before_ = Before::kOther;  // the token before
  size_t depth_ = 0;
  std::array<Level, kMaxLevels> levels_;
  Level beyond_;
};

}  // namespace sidelight::postgres
