// SqlLexer: the tokens of SQL that comes in pieces of any size, as PostgreSQL's own scanner cuts them
// ("Lexical Structure" in its documentation): words, "names", marks, literals of every form ('', E'', B'',
// X'', $tag$$tag$, numbers) and parameters. Comments and white space part tokens and are none.
//
// Pull style: Next takes bytes off the front of what came and returns at each token, and kMore when the bytes
// are used up; at the end of the text Finish returns the last one, or kMore. Its memory does not depend on
// what is read: of a literal nothing is kept, and a word is cut where the server cuts a name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sidelight::postgres {

class SqlLexer {
 public:
  static constexpr size_t kMaxWord = 63;

  enum class Token : uint8_t {
    kMore,
    kWord,       // a keyword or a name: word(), written()
    kName,       // a quoted name: word() is what the quotes hold
    kMark,       // any other character: mark()
    kLiteral,    // one begins; each '' in a string begins another
    kParameter,  // $1: word() is "1"
  };

  // Forgets the text before. written() is of use only if it is asked for here.
  void Begin(bool keeps_written = false);
  Token Next(std::string_view& bytes);
  // `cut`: the text went on, so that a word at its end is none.
  Token Finish(bool cut);

  // Of the token returned last, until the next call. A word's letters are in lower case, and at most kMaxWord
  // bytes of it are kept.
  std::string_view word() const { return {word_.data(), word_size_}; }
  std::string_view written() const { return {written_.data(), word_size_}; }
  char mark() const { return mark_; }
  // Something that is no token stood before it.
  bool spaced() const { return spaced_; }

  // From some literal on it depends on the server's settings, or on the client's encoding, where literals
  // are: a backslash before the quote that may end a string, a '$' that opens none, a letter behind a
  // parameter.
  bool doubtful() const { return doubtful_; }

 private:
  enum class State : uint8_t {
    kSpace,         // between tokens
    kWord,          //
    kNumber,        //
    kExponent,      // in a number, behind an 'e'
    kSign,          // ... and a sign behind that
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
    kDollar,        // behind a '$'
    kParameter,     // ... and a digit
    kTag,           // in what may become $tag$
    kDollarString,  //
    kDollarEnd,     // ... behind a '$' in one
  };

  Token Step(std::string_view bytes, size_t& at);
  Token StepInWord(std::string_view bytes, size_t& at);
  Token StepInNumber(std::string_view bytes, size_t& at);
  void StepInComment(std::string_view bytes, size_t& at);
  void StepInString(std::string_view bytes, size_t& at);
  void StepInEscapes(std::string_view bytes, size_t& at);
  Token StepInQuoted(std::string_view bytes, size_t& at);
  Token StepInDollar(std::string_view bytes, size_t& at);
  Token BeginMark(char c);
  Token Mark(char c, State next);
  Token BeginLiteral(State state);

  State state_ = State::kSpace;
  char mark_ = '\0';
  bool keeps_written_ = false;
  bool told_ = false;  // a token was returned, and the next one has not begun
  bool spaced_ = false;
  bool doubtful_ = false;
  bool odd_ = false;   // in a string: an odd number of backslashes came last
  bool high_ = false;  // in a string with backslashes: a byte above ASCII came last
  char sign_ = '\0';   // of an exponent
  size_t word_size_ = 0;
  size_t tag_size_ = 0;
  size_t tag_matched_ = 0;
  uint32_t comment_depth_ = 0;
  std::array<char, kMaxWord> word_;
  std::array<char, kMaxWord> written_;  // the word with its capitals
  std::array<char, kMaxWord> tag_;      // of a dollar-quoted string
};

}  // namespace sidelight::postgres
