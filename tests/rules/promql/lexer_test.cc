#include "rules/promql/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

// The tokens as messages describe them, with the start of each, up to the end or the error.
std::string Dump(std::string_view text) {
  std::string out;
  Lexer lexer(text);
  while (true) {
    const Token token = lexer.Next();
    if (!out.empty()) out += " | ";
    if (token.kind == TokenKind::kEnd) return out + "end";
    if (token.kind == TokenKind::kError) {
      return out + "error " + std::to_string(token.position.start) + ": " + token.value;
    }
    out += Describe(token);
  }
}

struct Case {
  std::string_view text;
  std::string_view wanted;
};

TEST(LexerTest, CutsText) {
  const Case cases[] = {
      {"", "end"},
      {" \t\r\n# all of it\n # and more", "end"},
      {"a+b", R"(identifier "a" | <op:+> | identifier "b" | end)"},
      {"a:b :c", R"(metric identifier "a:b" | metric identifier ":c" | end)"},
      {"a # to the end\nb", R"(identifier "a" | identifier "b" | end)"},
      {"sum BY (x)", R"x(<aggr:sum> | <BY> | "(" | identifier "x" | ")" | end)x"},
      {"== != <= >= < > </ >/ = @", R"(<op:==> | <op:!=> | <op:<=> | <op:>=> | <op:<> | <op:>> | <op:</> | )"
                                    R"(<op:>/> | "=" | <op:@> | end)"},
      {"AND atan2 Unless or", "<op:AND> | <op:atan2> | <op:Unless> | <op:or> | end"},
      {"{sum=~\"x\",by!~'y',c!=`z`}", R"("{" | identifier "sum" | <op:=~> | string "\"x\"" | "," | )"
                                      R"(identifier "by" | <op:!~> | string "'y'" | "," | identifier "c" | )"
                                      R"(<op:!=> | string "`z`" | "}" | end)"},
      {"x[5m:step()]", R"x(identifier "x" | "[" | duration "5m" | ":" | "step" | "(" | ")" | "]" | end)x"},
      {"1_000 0x1F .5 5. 1e3 1E-3 Inf nAn",
       R"(number "1_000" | number "0x1F" | number ".5" | number "5." | number "1e3" | number "1E-3" | )"
       R"(number "Inf" | number "nAn" | end)"},
      {"1h30m 5ms 1y", R"(duration "1h30m" | duration "5ms" | duration "1y" | end)"},
      {"info nano stop", R"(identifier "info" | identifier "nano" | identifier "stop" | end)"},
      {"12345678901", R"(number "1234567890"... | end)"},
  };
  for (const Case& c : cases) EXPECT_EQ(Dump(c.text), c.wanted) << "input: " << c.text;
}

TEST(LexerTest, SaysWhatCannotBeAToken) {
  const Case cases[] = {
      {"?", "error 0: unexpected character: '?'"},
      {"\xff", "error 0: unexpected character: '\xef\xbf\xbd'"},
      {"a ! b", R"(identifier "a" | error 2: unexpected character after '!': ' ')"},
      {"!", "error 0: unexpected character after '!': '\xef\xbf\xbd'"},
      {"{a!b}", R"("{" | identifier "a" | error 2: unexpected character after '!' inside braces: 'b')"},
      {"1.2.3", "error 0: bad number or duration syntax: \"1.2.\""},
      {"1__0", "error 0: bad number or duration syntax: \"1__\""},
      {"1_", "error 0: bad number or duration syntax: \"1_\""},
      {"0x", "error 0: bad number or duration syntax: \"0x\""},
      {"1e", "error 0: bad number or duration syntax: \"1e\""},
      {"5mx", "error 0: bad number or duration syntax: \"5mx\""},
      {"(", R"("(" | error 1: unclosed left parenthesis)"},
      {"[", R"("[" | error 1: unclosed left bracket)"},
      {"{", R"("{" | error 1: unexpected end of input inside braces)"},
      {")", "error 0: unexpected right parenthesis ')'"},
      {"]", "error 0: unexpected right bracket ']'"},
      {"}", "error 0: unexpected right brace '}'"},
      {"[[", R"("[" | error 1: unexpected left bracket '[')"},
      {"{{", R"("{" | error 1: unexpected left brace '{')"},
      {"{5}", R"("{" | error 1: unexpected character inside braces: '5')"},
      {"\"a", "error 0: unterminated quoted string"},
      {"'a\nb'", "error 0: unterminated quoted string"},
      {"`a", "error 0: unterminated raw string"},
      {R"("\)", "error 0: escape sequence not terminated"},
      {R"("\x4)", "error 0: escape sequence not terminated"},
      {R"("\xg0")", "error 0: illegal character U+0067 'g' in escape sequence"},
      {R"("\'")", "error 0: unknown escape sequence U+0027 '''"},
      {R"("\400")", "error 0: escape sequence is an invalid Unicode code point"},
      {R"("\ud800")", "error 0: escape sequence is an invalid Unicode code point"},
      {"\"\xff\"", "error 0: invalid UTF-8 rune"},
  };
  for (const Case& c : cases) EXPECT_EQ(Dump(c.text), c.wanted) << "input: " << c.text;
}

TEST(LexerTest, ReadsStrings) {
  const Case cases[] = {
      {R"("a\a\b\f\n\r\t\v\\\"")", "a\a\b\f\n\r\t\v\\\""},
      {R"('it\'s "x"')", "it's \"x\""},
      {R"("\x41\101\u00e9\U0001F600")", "AA\xc3\xa9\xf0\x9f\x98\x80"},
      {R"("\xff")", "\xff"},
      {"`a\\n\n\"'`", "a\\n\n\"'"},
      {"''", ""},
  };
  for (const Case& c : cases) {
    const Token token = Lexer(c.text).Next();
    EXPECT_EQ(token.kind, TokenKind::kString) << "input: " << c.text;
    EXPECT_EQ(token.value, c.wanted) << "input: " << c.text;
  }
}

TEST(LexerTest, AnErrorLasts) {
  Lexer lexer("? a");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(lexer.Next().kind, TokenKind::kError);
}

TEST(QuoteTest, WritesAsGoDoes) {
  const Case cases[] = {
      {"", R"("")"},
      {"a \"b\" \\ 'c'", R"("a \"b\" \\ 'c'")"},
      {"\a\b\f\n\r\t\v", R"("\a\b\f\n\r\t\v")"},
      {std::string_view("\0\x01\x7f", 3), R"("\x00\x01\x7f")"},
      {"\xff\xc3", R"("\xff\xc3")"},
      {"\xc3\xa9 \xf0\x9f\x98\x80", "\"\xc3\xa9 \xf0\x9f\x98\x80\""},
      {"\xc2\x80\xc2\xa0\xe2\x80\xa8\xef\xbb\xbf", R"("\u0080\u00a0\u2028\ufeff")"},
      {"\xf3\xa0\x80\x81", R"("\U000e0001")"},
  };
  for (const Case& c : cases) EXPECT_EQ(Quote(c.text), c.wanted);
}

}  // namespace
}  // namespace sidelight::promql
