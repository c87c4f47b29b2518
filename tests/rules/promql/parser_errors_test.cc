// What the parser says of text that is no expression, or not one that makes sense.
#include <gtest/gtest.h>

#include <string>

#include "rules/promql/parser.h"

namespace sidelight::promql {
namespace {

struct Case {
  std::string_view text;
  std::string_view wanted;
};

template <size_t n>
void CheckAll(const Case (&cases)[n]) {
  for (const Case& c : cases) {
    const Result<ExprPtr> expr = Parse(c.text, {.experimental = true});
    ASSERT_FALSE(expr) << "input: " << c.text;
    const size_t bar = c.wanted.find('|');
    const std::string wanted =
        std::string(c.wanted.substr(0, bar)) + ": parse error: " + std::string(c.wanted.substr(bar + 1));
    EXPECT_EQ(expr.error().message, wanted) << "input: " << c.text;
    EXPECT_EQ(expr.error().code, ErrorCode::kInvalidArgument) << "input: " << c.text;
  }
}

TEST(ParserErrorsTest, Syntax) {
  // The message without "parse error", and the position in front of it.
  const Case cases[] = {
      {"", "1:1|no expression found in input"},
      {"# just a comment", "1:1|no expression found in input"},
      {"1+", "1:3|unexpected end of input"},
      {".", "1:1|unexpected character: '.'"},
      {"2.5.", R"(1:1|bad number or duration syntax: "2.5.")"},
      {"100..4", R"(1:1|bad number or duration syntax: "100..")"},
      {"0deadbeef", R"(1:1|bad number or duration syntax: "0de")"},
      {"1 /", "1:4|unexpected end of input"},
      {"*1", "1:1|unexpected <op:*>"},
      {"(1))", "1:4|unexpected right parenthesis ')'"},
      {"((1)", "1:5|unclosed left parenthesis"},
      {"(", "1:2|unclosed left parenthesis"},
      {"1 !~ 1", "1:3|unexpected character after '!': '~'"},
      {"1 =~ 1", "1:3|unexpected character after '=': '~'"},
      {"foo offset 1s offset 2s", "1:1|offset may not be set multiple times"},
      {"a - on(b) ignoring(c) d", "1:11|unexpected <ignoring>"},
      {"foo @ 1 @ 2", "1:1|@ <timestamp> may not be set multiple times"},
      {"foo{1}", "1:5|unexpected character inside braces: '1'"},
      {R"(foo{a="b")", "1:10|unexpected end of input inside braces"},
      {"foo{a=b}", R"(1:7|unexpected identifier "b" in label matching, expected string)"},
      {"foo{gibberish}", R"(1:14|unexpected "}" in label matching, expected label matching operator)"},
      {R"(foo{a="b" c})", R"(1:11|unexpected identifier "c" in label matching, expected "," or "}")"},
      {"foo{,}", R"(1:5|unexpected "," in label matching, expected identifier or "}")"},
      {R"("\q")", "1:1|unknown escape sequence U+0071 'q'"},
      {R"("abc)", "1:1|unterminated quoted string"},
      {"`abc", "1:1|unterminated raw string"},
      {"foo[5m30s", "1:10|unclosed left bracket"},
      {"foo[5m1h]", R"(1:5|not a valid duration string: "5m1h")"},
      {"foo[]",
       R"(1:5|unexpected "]" in subquery or range selector, expected number, duration, step(), or range())"},
      {R"(foo["5m"])",
       R"(1:5|unexpected string "\"5m\"" in subquery or range selector, expected number, duration, step(), or range())"},
      {"foo[5m:5m:5m]", R"(1:10|unexpected ":" in subquery selector, expected "]")"},
      {"foo[5m:xx]",
       R"(1:8|unexpected identifier "xx" in subquery selector, expected number, duration, step(), range(), or "]")"},
      {"foo offset", "1:11|unexpected end of input in offset, expected number, duration, step(), or range()"},
      {"foo offset bar",
       R"(1:12|unexpected identifier "bar" in offset, expected number, duration, step(), or range())"},
      {"foo @ bar", R"(1:7|unexpected identifier "bar" in @, expected timestamp)"},
      {"foo @ inf", "1:1|timestamp out of bounds for @ modifier: +Inf"},
      {"foo @ NaN", "1:1|timestamp out of bounds for @ modifier: NaN"},
      {"foo[5m] offset",
       "1:15|unexpected end of input in offset, expected number, duration, step(), or range()"},
      {"sum(foo bar)", R"(1:9|unexpected identifier "bar" in aggregation)"},
      {"sum by (==) (foo)", "1:9|unexpected <op:==> in grouping opts, expected label"},
      {"sum without(foo, bar", "1:21|unclosed left parenthesis"},
      {"sum(", "1:5|unclosed left parenthesis"},
      {"unknown(a)", R"(1:1|unknown function with name "unknown")"},
      {"foo offset 5m offset 1h", "1:1|offset may not be set multiple times"},
      {"foo =", R"(1:5|unexpected "=")"},
      {"a + fill(x) b", R"(1:10|unexpected identifier "x" in fill, expected number)"},
      {"9223372036855s", "1:1|duration out of range"},
      {"99999999999999999999y", "1:1|duration out of range"},
      {"inf nan", R"(1:5|unexpected number "nan")"},
      {"ä", "1:1|unexpected character: 'ä'"},
      {R"(foo{ä="b"})", "1:5|unexpected character inside braces: 'ä'"},
      {R"(NaN{foo="bar"})", R"(1:4|unexpected "{")"},
      {"foo anchored smoothed", "1:1|anchored and smoothed modifiers cannot be used together"},
      {"foo[5m:] smoothed", "1:1|smoothed modifier is not supported for subqueries"},
      {"foo[5m/0]", "1:8|division by zero"},
      {"foo offset --5m", "1:13|unexpected <op:-> in offset, expected number, duration, step(), or range()"},
      {R"(sum by ("a b", inf) (x))", R"(1:16|unexpected number "inf" in grouping opts, expected label)"},
      {R"(foo{a=~"("})", "1:5|error parsing regexp: missing ): ("},
      {")", "1:1|unexpected right parenthesis ')'"},
      {"}", "1:1|unexpected right brace '}'"},
      {"foo]", "1:4|unexpected right bracket ']'"},
      {"a, b", R"(1:2|unexpected ",")"},
      {"a ! b", "1:3|unexpected character after '!': ' '"},
      {"[5m]", R"(1:1|unexpected "[")"},
      {R"(foo{a="b"}})", "1:11|unexpected right brace '}'"},
      {R"(foo{{a="b"}})", "1:5|unexpected left brace '{'"},
      {"START()", R"(1:1|unknown function with name "START")"},
  };
  CheckAll(cases);
}

TEST(ParserErrorsTest, Types) {
  // The message without "parse error", and the position in front of it.
  const Case cases[] = {
      {"1 and 1", R"(1:1|set operator "and" not allowed in binary scalar expression)"},
      {"1 == 1", "1:3|comparisons between scalars must use BOOL modifier"},
      {R"(-"string")",
       R"(1:1|unary expression only allowed on expressions of type scalar or instant vector, got "string")"},
      {"-test[5m]",
       R"(1:1|unary expression only allowed on expressions of type scalar or instant vector, got "range vector")"},
      {"1 offset 1d",
       "1:1|offset modifier must be preceded by an instant vector selector or range vector selector or a "
       "subquery"},
      {"foo and 1", R"(1:1|set operator "and" not allowed in binary scalar expression)"},
      {"foo or on(bar) group_left() baz", R"(1:1|no grouping allowed for "or" operation)"},
      {"foo + bool bar", "1:5|bool modifier can only be used on comparison operators"},
      {"1 + on(a) bar", "1:1|vector matching only allowed between instant vectors"},
      {"foo == on(bar) group_left(bar) baz",
       R"(1:5|label "bar" must not occur in ON and GROUP clause at once)"},
      {"{}", "1:1|vector selector must contain at least one non-empty matcher"},
      {R"({x=""})", "1:1|vector selector must contain at least one non-empty matcher"},
      {R"(foo{__name__="bar"})", R"(1:1|metric name must not be set twice: "foo" or "bar")"},
      {"foo[0]", "1:5|duration must be greater than 0"},
      {"foo[-1m]", "1:5|duration must be greater than 0"},
      {"sum()", "1:1|no arguments for aggregate expression provided"},
      {"sum(a,b)", "1:1|wrong number of arguments for aggregate expression provided, expected 1, got 2"},
      {"topk(a)", "1:1|wrong number of arguments for aggregate expression provided, expected 2, got 1"},
      {"topk(a, b)", "1:6|expected type scalar in aggregation parameter, got instant vector"},
      {"count_values(1, b)", "1:14|expected type string in aggregation parameter, got scalar"},
      {"rate(foo)", R"(1:6|expected type range vector in call to function "rate", got instant vector)"},
      {"rate(foo[5m], 1)", R"(1:1|expected 1 argument(s) in call to "rate", got 2)"},
      {"round()", R"(1:1|expected at least 1 argument(s) in call to "round", got 0)"},
      {"round(a,1,2)", R"(1:1|expected at most 2 argument(s) in call to "round", got 3)"},
      {"rate(foo[5m],)", "1:13|trailing commas not allowed in function call args"},
      {R"(label_replace(a, "b"))", R"(1:1|expected 5 argument(s) in call to "label_replace", got 2)"},
      {"foo[5m][5m]", "1:8|ranges only allowed for vector selectors"},
      {"(foo)[5m]", "1:6|ranges only allowed for vector selectors"},
      {"foo offset 5m [5m]", "1:15|no offset modifiers allowed before range"},
      {"foo @ 5 [5m]", "1:9|no @ modifiers allowed before range"},
      {R"("a"[5m:])", "1:1|subquery is only allowed on instant vector, got string instead"},
      {"foo[5m][5m:]", "1:1|subquery is only allowed on instant vector, got matrix instead"},
      {"info(a, b)", "1:9|expected label selectors only, got vector selector instead"},
      {"info(a, 1)", R"(1:9|expected type instant vector in call to function "info", got scalar)"},
      {R"({"a","b"})", R"(1:1|metric name must not be set twice: "a" or "b")"},
      {R"({"a", __name__="b"})", R"(1:1|metric name must not be set twice: "a" or "b")"},
      {R"(foo{"bar"})", R"(1:1|metric name must not be set twice: "foo" or "bar")"},
      {R"({""})", "1:1|vector selector must contain at least one non-empty matcher"},
      {"foo + bool 1", "1:5|bool modifier can only be used on comparison operators"},
      {"a + fill_left(1) 2", "1:1|filling in missing series only allowed between instant vectors"},
      {"a and fill(1) b", "1:1|filling in missing series not allowed for set operators"},
      {"foo[1w] offset 90d + bar[1y1d:]",
       "1:1|binary expression must contain only scalar and instant vector types"},
      {"a[5m] == b", "1:1|binary expression must contain only scalar and instant vector types"},
  };
  CheckAll(cases);
}

TEST(ParserErrorsTest, LinesAndColumns) {
  const Case cases[] = {
      {"\n\n  +", "3:4|unexpected end of input"},
      {"sum(\n  a,\n  b)",
       "1:1|wrong number of arguments for aggregate expression provided, expected 1, got 2"},
      {"a +\n\xc3\xa9", "2:1|unexpected character: '\xc3\xa9'"},
      {"\"\xc3\xa9\" ?", "1:6|unexpected character: '?'"},
  };
  CheckAll(cases);
}

TEST(ParserErrorsTest, ExperimentalPartsAreRefusedUnlessEnabled) {
  const Case cases[] = {
      {"limitk(2, a)",
       "1:1: parse error: limitk() is experimental and must be enabled with "
       "--enable-feature=promql-experimental-functions"},
      {"limit_ratio(0.5, a) by (b)",
       "1:1: parse error: limit_ratio() is experimental and must be enabled with "
       "--enable-feature=promql-experimental-functions"},
      {"1 + info(a)", "1:5: parse error: function \"info\" is not enabled"},
      {"start()", "1:1: parse error: function \"start\" is not enabled"},
      {"a + fill(0) b", "1:5: parse error: binop fill modifiers are experimental and not enabled"},
      {"rate(a[5m] anchored)", "1:6: parse error: anchored modifier is experimental and not enabled"},
      {"a smoothed", "1:1: parse error: smoothed modifier is experimental and not enabled"},
  };
  for (const Case& c : cases) {
    const Result<ExprPtr> expr = Parse(c.text, {});
    ASSERT_FALSE(expr) << "input: " << c.text;
    EXPECT_EQ(expr.error().message, c.wanted) << "input: " << c.text;
    EXPECT_TRUE(Parse(c.text, {.experimental = true})) << "input: " << c.text;
  }
}

std::string Repeated(std::string_view what, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += what;
  return out;
}

// However deep or long: an error, and no deeper recursion than allowed.
TEST(ParserErrorsTest, DepthIsBounded) {
  constexpr size_t kMany = 100'000;
  const std::string texts[] = {
      Repeated("(", kMany) + "a" + Repeated(")", kMany),
      Repeated("-", kMany) + "a",
      "a" + Repeated("+a", kMany),
      "1" + Repeated("^1", kMany),
      "a" + Repeated("[5m:]", kMany),
      Repeated("abs(", kMany) + "a" + Repeated(")", kMany),
      Repeated("sum(", kMany),
      "a[" + Repeated("(", kMany) + "1",
      "a[" + Repeated("-", kMany) + "1]",
      "a[1" + Repeated("+1", kMany) + "]",
      "a[1" + Repeated("^1", kMany) + "]",
      "a offset " + Repeated("min_of(", kMany),
  };
  for (const std::string& text : texts) {
    const Result<ExprPtr> expr = Parse(text, {});
    ASSERT_FALSE(expr) << "input: " << text.substr(0, 20);
    EXPECT_EQ(expr.error().code, ErrorCode::kLimit) << "input: " << text.substr(0, 20);
    EXPECT_NE(expr.error().message.find("nested deeper than 256 levels"), std::string::npos)
        << "got: " << expr.error().message;
  }
  // A chain at each of several levels makes one path through the tree.
  std::string text = "a";
  for (int i = 0; i < 10; ++i) text = "(" + text + Repeated("+a", 100) + ")";
  EXPECT_FALSE(Parse(text, {}));
  EXPECT_TRUE(Parse("a" + Repeated("+a", 255), {}));
  EXPECT_FALSE(Parse("a" + Repeated("+a", 256), {}));
  EXPECT_TRUE(Parse(Repeated("(", 255) + "a" + Repeated(")", 255), {}));
  EXPECT_FALSE(Parse(Repeated("(", 256) + "a" + Repeated(")", 256), {}));
}

TEST(ParserErrorsTest, RegularExpressionsAreBounded) {
  for (const std::string_view matcher : {"a=~\"x\",", "a!~\".{1000}\","}) {
    const Result<ExprPtr> expr = Parse("up{" + Repeated(matcher, 50'000) + "}", {});
    ASSERT_FALSE(expr) << "input: " << matcher;
    EXPECT_EQ(expr.error().code, ErrorCode::kLimit) << expr.error().message;
    EXPECT_NE(expr.error().message.find("regular expressions up to here are too large"), std::string::npos)
        << expr.error().message;
    EXPECT_TRUE(Parse("up{" + Repeated(matcher, 50) + "}", {})) << "input: " << matcher;
  }
}

TEST(ParserErrorsTest, LengthIsBounded) {
  const Result<ExprPtr> expr = Parse("abcdef", {.max_length = 5});
  ASSERT_FALSE(expr);
  EXPECT_EQ(expr.error().code, ErrorCode::kLimit);
  EXPECT_EQ(expr.error().message, "1:1: parse error: the expression is longer than 5 bytes");
  EXPECT_TRUE(Parse("abcde", {.max_length = 5}));
}

}  // namespace
}  // namespace sidelight::promql
