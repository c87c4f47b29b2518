#include "rules/promql/printer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "rules/promql/parser.h"
#include "tests/rules/promql/tree_text.h"

namespace sidelight::promql {
namespace {

struct Case {
  std::string_view text;
  std::string_view wanted;  // "": as it came
};

TEST(PrintTest, SortsMatchers) {
  const Result<ExprPtr> expr = Parse("a{z='1',b!='2',b='1'}[5m]", {});
  ASSERT_TRUE(expr);
  EXPECT_EQ(Print(**expr), R"(a{b!="2",b="1",z="1"}[5m])");
}

TEST(PrintTest, PrintsInOneSpelling) {
  const Case cases[] = {
      {"1", ""},
      {"-1", ""},
      {"1000000", "1e+06"},
      {"999999", ""},
      {"0.00001", "1e-05"},
      {"0.0001", ""},
      {"inf", "+Inf"},
      {"-inf", "-Inf"},
      {"nan", "NaN"},
      {"90m", "1h30m"},
      {"-5m", ""},
      {"'it''s'", "1:5: parse error: unexpected string \"'s'\""},
      {"'a\"b'", R"("a\"b")"},
      {"`a\\b`", R"("a\\b")"},
      {"a+b", "a + b"},
      {"( a )", "(a)"},
      {"-a^2", "-a ^ 2"},
      {"+ a", "+a"},
      {"inf^2", "Inf ^ 2"},
      {"inf*2", "+Inf * 2"},
      {"a[inf^2]", "a[Inf ^ 2]"},
      {"2^-1", "2 ^ -1"},
      {"a{}", "a"},
      {"{a=\"b\"}", ""},
      {"a{b='c',d!~\"e\"}", R"(a{b="c",d!~"e"})"},
      {R"({"a",b="c"})", R"(a{b="c"})"},
      {R"({"a.b"})", ""},
      {R"({b="c","a.b"})", R"({"a.b",b="c"})"},
      {R"({"on"})", ""},
      {R"({"inf","a b"="c"})", ""},
      {R"({__name__="a"})", ""},
      {R"({__name__=~"a"})", ""},
      {"a[300]", "a[5m]"},
      {"a[5m] offset 1h @ 10", "a[5m] @ 10.000 offset 1h"},
      {"a @ -0.25", "a @ -0.250"},
      {"a offset -90", "a offset -1m30s"},
      {"a @ start() smoothed", "a smoothed @ start()"},
      {"a[5m] anchored", ""},
      {"a[5m*2]", "a[5m * 2]"},
      {"a[-(step()+1)%range()]", "a[-(step() + 1) % range()]"},
      {"a[MIN_OF(1,2m^2):MAX_OF(1,2)]", "a[min_of(1, 2m ^ 2):max_of(1, 2)]"},
      {"a offset +(5m)", ""},
      {"a[1h:]", ""},
      {"(a+b)[1h:5m] offset 1m @ end()", "(a + b)[1h:5m] @ end() offset 1m"},
      {"SUM(a)BY(b,c)", "sum by (b, c) (a)"},
      {"sum by () (a)", "sum(a)"},
      {"sum without () (a)", ""},
      {R"(sum by ("a b","inf",on) (a))", R"(sum by ("a b", "inf", on) (a))"},
      {"topk(5,a)without(b)", "topk without (b) (5, a)"},
      {"label_replace(a,'b','c','d','e')", R"(label_replace(a, "b", "c", "d", "e"))"},
      {"time()", ""},
      {"info(a,{b=~'c'})", R"(info(a, {b=~"c"}))"},
      {"info(a,{})", "info(a, {})"},
      {"info(a,{\"b\"})", R"(info(a, {"b"}))"},
      {"a==bool b", "a == bool b"},
      {"a and on()b", "a and on () b"},
      {"a*on(b)group_left c", "a * on (b) group_left () c"},
      {"a*ignoring(b)group_right(d)c", "a * ignoring (b) group_right (d) c"},
      {"a*ignoring()group_left(d)c", "a * ignoring () group_left (d) c"},
      {"a+ignoring()b", "a + b"},
      {"a+fill(1)b", "a + fill (1) b"},
      {"a+fill_left(-1)b", "a + fill_left (-1) b"},
      {"a+fill_right(NaN)fill_left(2)b", "a + fill_left (2) fill_right (NaN) b"},
      {"a </b", "a </ b"},
  };
  for (const Case& c : cases) {
    const Result<ExprPtr> expr = Parse(c.text, {.experimental = true});
    const std::string got = expr ? Print(**expr) : expr.error().message;
    EXPECT_EQ(got, c.wanted.empty() ? c.text : c.wanted) << "input: " << c.text;
    if (!expr) continue;
    const Result<ExprPtr> again = Parse(got, {.experimental = true});
    ASSERT_TRUE(again) << "input: " << got << ": " << again.error().message;
    EXPECT_EQ(Print(**again), got);
    EXPECT_EQ(TreeText(**again), TreeText(**expr)) << "input: " << got;
  }
}

TEST(PrintPrettyTest, SplitsWhatIsTooLong) {
  const Case cases[] = {
      {"a+b", "a + b"},
      {"histogram_quantile(0.99, sum by (le, route, method) "
       "(rate(http_server_request_duration_seconds_bucket{instance=\"shop-1\"}[5m])))",
       R"(histogram_quantile(
  0.99,
  sum by (le, route, method) (
    rate(http_server_request_duration_seconds_bucket{instance="shop-1"}[5m])
  )
))"},
      {"sum(rate(http_server_request_duration_seconds_count{error_type!=\"\"}[5m]))/"
       "on(job)sum(rate(http_server_request_duration_seconds_count[5m]))",
       R"(  sum(rate(http_server_request_duration_seconds_count{error_type!=""}[5m]))
/ on (job)
  sum(rate(http_server_request_duration_seconds_count[5m])))"},
      {"-(http_server_request_duration_seconds_count{error_type!=\"\"}+http_server_request_duration_seconds_"
       "count{a=\"b\"})[5m:]",
       "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "
       "\"range vector\""},
      {"max_over_time((http_server_request_duration_seconds_count{error_type!=\"\"}+http_server_request_"
       "duration_seconds_count{a=\"b\"})[5m:])",
       R"x(max_over_time(
  (
      http_server_request_duration_seconds_count{error_type!=""}
    +
      http_server_request_duration_seconds_count{a="b"}
  )[5m:]
))x"},
      {"-(http_server_request_duration_seconds_count{error_type!=\"\"}+http_server_request_duration_seconds_"
       "count{a=\"b\"})",
       R"x(-(
    http_server_request_duration_seconds_count{error_type!=""}
  +
    http_server_request_duration_seconds_count{a="b"}
))x"},
  };
  for (const Case& c : cases) {
    const Result<ExprPtr> expr = Parse(c.text, {});
    const std::string got = expr ? PrintPretty(**expr) : expr.error().message;
    EXPECT_EQ(got, c.wanted) << "input: " << c.text;
    if (!expr) continue;
    const Result<ExprPtr> again = Parse(got, {});
    ASSERT_TRUE(again) << "input: " << got << ": " << again.error().message;
    EXPECT_EQ(TreeText(**again), TreeText(**expr));
  }
}

TEST(FormatDurationTest, WritesTheFewestUnits) {
  const std::pair<int64_t, std::string_view> cases[] = {
      {0, "0s"},
      {1, "1ms"},
      {1000, "1s"},
      {5'400'000, "1h30m"},
      {-300'000, "-5m"},
      {7LL * 86'400'000, "1w"},
      {90LL * 86'400'000, "90d"},
      {365LL * 86'400'000, "1y"},
      {366LL * 86'400'000, "366d"},
      {86'400'000 + 1, "1d1ms"},
      {std::numeric_limits<int64_t>::min(), "-106751991167d7h12m55s808ms"},
  };
  for (const auto& [millis, wanted] : cases) EXPECT_EQ(FormatDuration(millis), wanted);
}

}  // namespace
}  // namespace sidelight::promql
