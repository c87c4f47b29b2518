#include "rules/promql/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "rules/promql/printer.h"
#include "tests/rules/promql/tree_text.h"

namespace sidelight::promql {
namespace {

struct Case {
  std::string_view text;
  std::string_view wanted;
};

std::string Tree(std::string_view text) {
  const Result<ExprPtr> expr = Parse(text, {.experimental = true});
  return expr ? TreeText(**expr) : expr.error().message;
}

template <size_t n>
void CheckTrees(const Case (&cases)[n]) {
  for (const Case& c : cases) EXPECT_EQ(Tree(c.text), c.wanted) << "input: " << c.text;
}

TEST(ParserTest, Literals) {
  const Case cases[] = {
      {"1", "1"},
      {"-1", "-1"},
      {"+1", "1"},
      {"--1", "1"},
      {"0x1F", "31"},
      {"0755", "493"},
      {"0789", "789"},
      {"1_000_000", "1000000"},
      {"1_0.5_0e1_0", "105000000000"},
      {".5", "0.5"},
      {"5.", "5"},
      {"1e-400", "0"},
      {"-Inf", "-inf"},
      {"iNF", "inf"},
      {"nan", "nan"},
      {"5m", "300s"},
      {"-1h30m", "-5400s"},
      {"1s500ms", "1.5s"},
      {"\"a\"", "\"a\""},
      {"('a')", "(paren \"a\")"},
  };
  CheckTrees(cases);
}

TEST(ParserTest, Precedence) {
  const Case cases[] = {
      {"1 + 2 * 3", "(+ 1 (* 2 3))"},
      {"1 - 2 - 3", "(- (- 1 2) 3)"},
      {"2 ^ 3 ^ 4", "(^ 2 (^ 3 4))"},
      {"-1 ^ 2", "(neg (^ 1 2))"},
      {"2 ^ -1 * 3", "(* (^ 2 -1) 3)"},
      {"2 ^ -3 ^ 4", "(^ 2 (neg (^ 3 4)))"},
      {"-(1) * 2", "(* (neg (paren 1)) 2)"},
      {"1 % 2 / 3 atan2 4", "(atan2 (/ (% 1 2) 3) 4)"},
      {"1 + 2 == bool 3 - 4", "(== bool (+ 1 2) (- 3 4))"},
      {"1 < bool 2 >= bool 3", "(>= bool (< bool 1 2) 3)"},
      {"1 </ 2 + 3", "(</ 1 (+ 2 3))"},
      {"1 >/ 2 == bool 3", "(== bool (>/ 1 2) 3)"},
      {"a or b and c", R"((or n:n a{__name__="a"} (and n:n b{__name__="b"} c{__name__="c"})))"},
      {"a and b unless c or d",
       R"((or n:n (unless n:n (and n:n a{__name__="a"} b{__name__="b"}) c{__name__="c"}) d{__name__="d"}))"},
      {"-a offset 5m", R"((neg a{__name__="a"} offset:300000ms))"},
      {"+a", R"((pos a{__name__="a"}))"},
  };
  CheckTrees(cases);
}

TEST(ParserTest, Selectors) {
  const Case cases[] = {
      {"up", R"(up{__name__="up"})"},
      {"job:up:sum", R"(job:up:sum{__name__="job:up:sum"})"},
      {"up{}", R"(up{__name__="up"})"},
      {R"(up{a="b",c!="d", e=~"f",g!~'h',})", R"(up{__name__="up",a="b",c!="d",e=~"f",g!~"h"})"},
      {R"({__name__="up"})", R"({__name__="up"})"},
      {R"({"my.metric", "a b"="c"})", R"(my.metric{__name__="my.metric","a b"="c"})"},
      {R"({a="b", "my.metric"})", R"(my.metric{__name__="my.metric",a="b"})"},
      {"sum", R"(sum{__name__="sum"})"},
      {"SUM{by=\"x\", on=\"y\", inf=\"z\"}", R"(SUM{__name__="SUM",by="x",inf="z",on="y"})"},
      {"offset offset 1s", R"(offset{__name__="offset"} offset:1000ms)"},
      {"and and or", R"((and n:n and{__name__="and"} or{__name__="or"}))"},
      {"start + end + step + range + min_of",
       "(+ 1:1 (+ 1:1 (+ 1:1 (+ 1:1 start{__name__=\"start\"} "
       "end{__name__=\"end\"}) step{__name__=\"step\"}) "
       "range{__name__=\"range\"}) min_of{__name__=\"min_of\"})"},
      {"fill + fill(1) fill", R"((+ 1:1 left=1 right=1 fill{__name__="fill"} fill{__name__="fill"}))"},
      {"a[5m]", R"((range a{__name__="a"} 300000ms))"},
      {"a[300]", R"((range a{__name__="a"} 300000ms))"},
      {"a[1.5]", R"((range a{__name__="a"} 1500ms))"},
      {"a[ 5m ] @ 10.5 offset -1m", R"((range a{__name__="a"} offset:-60000ms @10500 300000ms))"},
      {"a @ start() offset 2", R"(a{__name__="a"} offset:2000ms @start)"},
      {"a @ END ( )", R"(a{__name__="a"} @end)"},
      {"a @ - 1m40s", R"(a{__name__="a"} @-100000)"},
      {"a smoothed", R"(a{__name__="a"} smoothed)"},
      {"a[1m] anchored @ 1 offset 1", R"((range a{__name__="a"} anchored offset:1000ms @1000 60000ms))"},
      {"a offset 5s-8", R"((- a{__name__="a"} offset:5000ms 8))"},
      {"a offset -2 ^ 2", R"((^ a{__name__="a"} offset:-2000ms 2))"},
  };
  // The name of a label is written as it is here, quoted or not.
  for (const Case& c : cases) {
    std::string wanted(c.wanted);
    if (const size_t quoted = wanted.find("\"a b\"="); quoted != std::string::npos) {
      wanted.replace(quoted, 5, "a b");
    }
    EXPECT_EQ(Tree(c.text), wanted) << "input: " << c.text;
  }
}

TEST(ParserTest, Durations) {
  const Case cases[] = {
      {"a[5m*2]", R"((range a{__name__="a"} (mul 300s 2)))"},
      {"a[11s+10s-5*2^2]", R"((range a{__name__="a"} (sub (add 11s 10s) (mul 5 (^ 2 2)))))"},
      {"a[-2^2]", R"((range a{__name__="a"} (- (^ 2 2))))"},
      {"a[-(10s-5s)+20s]", R"((range a{__name__="a"} (add (- paren:(sub 10s 5s)) 20s)))"},
      {"a[+(1)]", R"((range a{__name__="a"} (+ paren:1)))"},
      {"a[STEP()]", R"((range a{__name__="a"} step()))"},
      {"a[Min_Of(5m, range())]", R"((range a{__name__="a"} (min 300s range())))"},
      {"a[max_of(step(), 1m):step()]", R"((subquery (max step() 60s):step() a{__name__="a"}))"},
      {"a[1h:]", R"((subquery 3600000ms a{__name__="a"}))"},
      {"(a+b)[1h:5m] offset 1h @ end()",
       R"((subquery 3600000ms:300000ms offset:3600000ms @end (paren (+ 1:1 a{__name__="a"} b{__name__="b"}))))"},
      {"a offset step()*0", R"((* a{__name__="a"} offset:step() 0))"},
      {"a offset -min_of(1,2)", R"(a{__name__="a"} offset:(- (min 1 2)))"},
      {"a offset ((2 ^ 3) * 1m)", R"(a{__name__="a"} offset:paren:(mul paren:(^ 2 3) 60s))"},
  };
  CheckTrees(cases);
}

TEST(ParserTest, Calls) {
  const Case cases[] = {
      {"time()", "(time)"},
      {"abs(a)", R"((abs a{__name__="a"}))"},
      {"rate(a[1m])", R"((rate (range a{__name__="a"} 60000ms)))"},
      {"start() + STEP", R"((+ (start) STEP{__name__="STEP"}))"},
      {"min_of(1, 2)", "(min_of 1 2)"},
      {"info(a, {b=\"\"})", R"((info a{__name__="a"} {b=""}labels))"},
      {"info(a, {})", R"((info a{__name__="a"} {}labels))"},
      {"sum(a)", R"((sum a{__name__="a"}))"},
      {"SuM BY(x,) (a)", R"((sum by[x] a{__name__="a"}))"},
      {"sum(a) without(sum, \"b c\", on)", R"((sum without[sum b c on] a{__name__="a"}))"},
      {"sum by () (a)", R"((sum a{__name__="a"}))"},
      {"topk by (x) (2, a)", R"((topk by[x] 2 a{__name__="a"}))"},
      {"count_values(\"v\", a)", R"((count_values "v" a{__name__="a"}))"},
      {"limit_ratio(-0.5, a)", R"((limit_ratio -0.5 a{__name__="a"}))"},
  };
  CheckTrees(cases);
}

TEST(ParserTest, Matching) {
  const Case cases[] = {
      {"a + b", R"((+ 1:1 a{__name__="a"} b{__name__="b"}))"},
      {"a + 1", R"((+ a{__name__="a"} 1))"},
      {"1 + ignoring() a", R"((+ 1 a{__name__="a"}))"},
      {"a + on() b", R"((+ 1:1 on[] a{__name__="a"} b{__name__="b"}))"},
      {"a == bool ON(x, \"y z\") b", R"((== bool 1:1 on[x y z] a{__name__="a"} b{__name__="b"}))"},
      {"a * ignoring(x) group_left b", R"((* n:1 ignoring[x] a{__name__="a"} b{__name__="b"}))"},
      {"a * on(x) group_right(y, z) b", R"((* 1:n on[x] include[y z] a{__name__="a"} b{__name__="b"}))"},
      {"a and on(x) b", R"((and n:n on[x] a{__name__="a"} b{__name__="b"}))"},
      {"a + fill_right(2) fill_left(1s) b", R"((+ 1:1 left=1 right=2 a{__name__="a"} b{__name__="b"}))"},
      {"a - on(x) group_left fill(0) b", R"((- n:1 on[x] left=0 right=0 a{__name__="a"} b{__name__="b"}))"},
  };
  CheckTrees(cases);
}

// What a query's annotations point at.
TEST(ParserTest, Positions) {
  Result<ExprPtr> expr = Parse(" sum by (x) (-foo{a=\"b\"} offset 1m) + vector(time ( ) ) ", {});
  ASSERT_TRUE(expr) << expr.error().message;
  const std::string_view source = " sum by (x) (-foo{a=\"b\"} offset 1m) + vector(time ( ) ) ";
  std::string found;
  const auto walk = [&](const auto& self, const Expr& e) -> void {
    found += "<" + std::string(source.substr(e.position.start, e.position.end - e.position.start)) + ">";
    for (const Expr* part : Children(e)) self(self, *part);
  };
  walk(walk, **expr);
  EXPECT_EQ(found,
            "<sum by (x) (-foo{a=\"b\"} offset 1m) + vector(time ( ) )>"
            "<sum by (x) (-foo{a=\"b\"} offset 1m)><-foo{a=\"b\"} offset 1m><foo{a=\"b\"} offset 1m>"
            "<vector(time ( ) )><time ( )>");
}

TEST(ParserTest, Types) {
  const std::pair<std::string_view, ValueType> cases[] = {
      {"1", ValueType::kScalar},        {"1 + 1", ValueType::kScalar},     {"a + 1", ValueType::kVector},
      {"1 + a", ValueType::kVector},    {"'a'", ValueType::kString},       {"a[5m]", ValueType::kMatrix},
      {"a[5m:]", ValueType::kMatrix},   {"-a", ValueType::kVector},        {"-(1)", ValueType::kScalar},
      {"time()", ValueType::kScalar},   {"scalar(a)", ValueType::kScalar}, {"((a[5m]))", ValueType::kMatrix},
      {"count(a)", ValueType::kVector},
  };
  for (const auto& [text, wanted] : cases) {
    const Result<ExprPtr> expr = Parse(text, {});
    ASSERT_TRUE(expr) << text << ": " << expr.error().message;
    EXPECT_EQ((*expr)->type, wanted) << "input: " << text;
  }
}

TEST(ParserTest, StepInvariance) {
  const std::pair<std::string_view, bool> cases[] = {
      {"1", true},
      {"'a'", true},
      {"-(1 + 2) ^ pi()", true},
      {"a", false},
      {"a @ 1", true},
      {"a @ end() offset step()", true},
      {"a[5m] @ 1", true},
      {"rate(a[5m] @ 1)", true},
      {"rate(a[5m])", false},
      {"sum by (x) (a @ 1) / 2", true},
      {"a @ 1 + b", false},
      {"topk(scalar(a), b @ 1)", false},
      {"topk(scalar(a @ 2), b @ 1)", true},
      {"time()", false},
      {"vector(time())", false},
      {"hour(a @ 1)", false},
      {"timestamp(a @ 1)", false},
      {"predict_linear(a[5m] @ 1, 60)", false},
      {"step() + range()", false},
      {"max_over_time(a[5m:1m] @ 1)", true},
      {"max_over_time((a @ 1)[5m:1m])", false},
      {"quantile_over_time(scalar(a), b[5m] @ 1)", false},
      {"info(a @ 1, {b=\"c\"})", true},
      {"absent(a @ 1)", true},
  };
  for (const auto& [text, wanted] : cases) {
    const Result<ExprPtr> expr = Parse(text, {.experimental = true});
    ASSERT_TRUE(expr) << text << ": " << expr.error().message;
    EXPECT_EQ((*expr)->step_invariant, wanted) << "input: " << text;
  }
  // The part that is pinned is marked also below one that is not.
  const Result<ExprPtr> expr = Parse("max_over_time((a @ 1)[5m:1m])", {});
  const auto& subquery = As<Subquery>(*As<Call>(**expr).args[0]);
  EXPECT_TRUE(subquery.expr->step_invariant);
  EXPECT_FALSE(subquery.step_invariant);
}

TEST(ParseSelectorTest, TakesSelectorsAlone) {
  const Case cases[] = {
      {"up", "__name__=\"up\""},
      {" up { job=\"a\" } ", "__name__=\"up\",job=\"a\""},
      {"{a=~\"b+\"}", "a=~\"b+\""},
      {"{\"my.metric\"}", "__name__=\"my.metric\""},
      {"sum", "__name__=\"sum\""},
      {"{a=\"\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"", "1:1: parse error: unexpected end of input"},
      {"up offset 5m", "1:4: parse error: unexpected <offset>"},
      {"1", "1:1: parse error: unexpected number \"1\""},
      {"sum(up)", "1:4: parse error: unexpected \"(\""},
  };
  for (const Case& c : cases) {
    const Result<std::vector<Matcher>> matchers = ParseSelector(c.text);
    std::string got;
    if (!matchers) {
      got = matchers.error().message;
    } else {
      for (const Matcher& m : *matchers) {
        got +=
            (got.empty() ? "" : ",") + m.name() + std::string(MatcherOperator(m.type())) + Quote(m.value());
      }
    }
    EXPECT_EQ(got, c.wanted) << "input: " << c.text;
  }
}

TEST(ParseMetricTest, ReadsLabelsAndLeavesTheRest) {
  struct MetricCase {
    std::string_view text;
    Labels wanted;
    std::string_view rest;
  };
  const MetricCase cases[] = {
      {"up", {{"__name__", "up"}}, ""},
      {"up 1 2 3x4", {{"__name__", "up"}}, " 1 2 3x4"},
      {"up{a=\"b\",\"c d\"='e',} 0xZZ ?", {{"__name__", "up"}, {"a", "b"}, {"c d", "e"}}, " 0xZZ ?"},
      {"{a=\"b\"} _x3", {{"a", "b"}}, " _x3"},
      {"{} 1", {}, " 1"},
      {"{\"my.metric\", a=\"\"}", {{"__name__", "my.metric"}}, ""},
      {"{__name__=\"up\"}", {{"__name__", "up"}}, ""},
      {"fill {a=\"b\"} 1", {{"__name__", "fill"}, {"a", "b"}}, " 1"},
      {"h {{sum:1}}", {{"__name__", "h"}}, " {{sum:1}}"},
      {"h{a=\"b\"} {{sum:1}}x2", {{"__name__", "h"}, {"a", "b"}}, " {{sum:1}}x2"},
      {"up{a=\"b\"}@st -30s", {{"__name__", "up"}, {"a", "b"}}, "@st -30s"},
  };
  for (const MetricCase& c : cases) {
    std::string_view rest;
    const Result<Labels> labels = ParseMetric(c.text, &rest);
    ASSERT_TRUE(labels) << c.text << ": " << labels.error().message;
    EXPECT_EQ(*labels, c.wanted) << "input: " << c.text << ", got: " << labels->ToString();
    EXPECT_EQ(rest, c.rest) << "input: " << c.text;
    EXPECT_EQ(ParseMetric(c.text).has_value(), c.rest.empty()) << "input: " << c.text;
  }
}

TEST(ParseMetricTest, SaysWhatIsWrong) {
  const Case cases[] = {
      {"", "1:1: parse error: unexpected end of input"},
      {"1", "1:1: parse error: unexpected number \"1\""},
      {"up{a}", "1:5: parse error: unexpected \"}\" in label set, expected \"=\""},
      {"up{a=1}", "1:6: parse error: unexpected character inside braces: '1'"},
      {"up{a=b}", "1:6: parse error: unexpected identifier \"b\" in label set, expected string"},
      {"up{a!=\"b\"}", "1:5: parse error: unexpected <op:!=> in label set, expected \"=\""},
      {"up{a=\"b\" c=\"d\"}",
       "1:10: parse error: unexpected identifier \"c\" in label set, expected \",\" or \"}\""},
      {"up{a=\"\\xff\"}", "1:6: parse error: invalid label value \"\\xff\""},
      {"up{a=\"b\"", "1:9: parse error: unexpected end of input inside braces"},
      {"up 1", "1:4: parse error: unexpected text behind the labels: \"1\""},
  };
  for (const Case& c : cases) {
    const Result<Labels> labels = ParseMetric(c.text);
    ASSERT_FALSE(labels) << "input: " << c.text;
    EXPECT_EQ(labels.error().message, c.wanted) << "input: " << c.text;
  }
}

TEST(ParseDurationTest, ReadsUnitsInOrder) {
  const std::pair<std::string_view, int64_t> cases[] = {
      {"0", 0},
      {"0s", 0},
      {"1ms", 1},
      {"5m", 300'000},
      {"1h30m", 5'400'000},
      {"90d", 90LL * 86'400'000},
      {"1y2w3d4h5m6s7ms", 382LL * 86'400'000 + 4 * 3'600'000 + 5 * 60'000 + 6'007},
      {"9223372036s", 9'223'372'036'000},
  };
  for (const auto& [text, wanted] : cases) {
    const Result<int64_t> millis = ParseDuration(text);
    ASSERT_TRUE(millis) << text << ": " << millis.error().message;
    EXPECT_EQ(*millis, wanted) << "input: " << text;
  }
  const Case bad[] = {
      {"", "empty duration string"},
      {"1", "not a valid duration string: \"1\""},
      {"-5m", "not a valid duration string: \"-5m\""},
      {"5m1h", "not a valid duration string: \"5m1h\""},
      {"1m1m", "not a valid duration string: \"1m1m\""},
      {"1.5h", "not a valid duration string: \"1.5h\""},
      {"5 m", "not a valid duration string: \"5 m\""},
      {"5M", "not a valid duration string: \"5M\""},
      {"m", "not a valid duration string: \"m\""},
      {"300y", "duration out of range"},
      {"99999999999999999999999s", "duration out of range"},
      {"200y5000w99999d", "duration out of range"},
  };
  for (const Case& c : bad) {
    const Result<int64_t> millis = ParseDuration(c.text);
    ASSERT_FALSE(millis) << "input: " << c.text;
    EXPECT_EQ(millis.error().message, c.wanted) << "input: " << c.text;
  }
}

}  // namespace
}  // namespace sidelight::promql
