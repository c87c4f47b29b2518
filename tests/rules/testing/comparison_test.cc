#include "rules/testing/comparison.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/model/stale.h"

namespace sidelight::promqltest {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

std::vector<ExpectedSeries> Series(const std::vector<std::string_view>& lines) {
  std::vector<ExpectedSeries> all;
  for (const std::string_view line : lines) {
    Result<WrittenSeries> written = ParseSeries(line);
    EXPECT_TRUE(written.has_value()) << line;
    all.push_back({written->labels, written->values});
  }
  return all;
}

promql::Vector Vector(const std::vector<std::string_view>& lines) {
  promql::Vector vector;
  for (const ExpectedSeries& series : Series(lines)) {
    const SequenceValue& value = series.values.front();
    vector.push_back({.labels = series.labels, .value = value.value, .histogram = value.histogram});
  }
  return vector;
}

// One step each second from 1 s.
constexpr TimeSpan kSpan{.start = 1000, .end = 4000, .step = 1000};

promql::Matrix Matrix(const std::vector<std::string_view>& lines) {
  promql::Matrix matrix;
  for (const ExpectedSeries& series : Series(lines)) {
    promql::SampleSeries out{.labels = series.labels};
    UnixMillis time = kSpan.start;
    for (const SequenceValue& value : series.values) {
      if (value.histogram != nullptr) {
        out.histograms.push_back({time, value.histogram});
      } else if (!value.omitted) {
        out.floats.push_back({time, value.value});
      }
      time += kSpan.step;
    }
    matrix.push_back(std::move(out));
  }
  return matrix;
}

// "" or "wanted ..., got ...".
std::string Text(const Comparison& comparison) {
  return comparison ? "wanted " + comparison->wanted + ", got " + comparison->got : "";
}

TEST(Comparison, Floats) {
  struct Case {
    double a;
    double b;
    bool equal;
  };
  const Case cases[] = {
      {1, 1, true},
      {0, -0.0, true},
      {1, 1.000001, true},
      {1, 1.000003, false},
      {1e300, 1.000001e300, true},
      {1e300, 1.00001e300, false},
      {1e308, -1e308, false},
      {std::numeric_limits<double>::max(), std::numeric_limits<double>::max() * (1 - 1e-7), true},
      {1, -1, false},
      {0, 1e-300, false},
      {0, kTiny, true},
      {kTiny, 2 * kTiny, true},
      {1e-300, 2e-300, false},
      {kInf, kInf, true},
      {kInf, -kInf, false},
      {kInf, 1, false},
      {kNan, kNan, true},
      {kNan, -kNan, true},
      {kNan, 1, false},
      {StaleNan(), StaleNan(), true},
      {StaleNan(), kNan, false},
      {StaleNan(), 1, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(AlmostEqual(c.a, c.b), c.equal) << c.a << " and " << c.b;
    EXPECT_EQ(AlmostEqual(c.b, c.a), c.equal) << c.b << " and " << c.a;
  }
}

TEST(Comparison, Histograms) {
  struct Case {
    std::string_view wanted;
    std::string_view got;
    bool equal;
  };
  const Case cases[] = {
      {"{{}}", "{{}}", true},
      {"{{count:1}}", "{{count:1.000001}}", true},
      {"{{count:1}}", "{{count:1.00001}}", false},
      {"{{sum:1}}", "{{sum:2}}", false},
      {"{{sum:NaN}}", "{{sum:NaN}}", true},
      {"{{schema:1}}", "{{schema:2}}", false},
      {"{{z_bucket:1}}", "{{z_bucket:2}}", false},
      {"{{z_bucket_w:0.1}}", "{{z_bucket_w:0.10000001}}", false},
      {"{{buckets:[1 2]}}", "{{buckets:[1 2.000001]}}", true},
      {"{{buckets:[1 2]}}", "{{buckets:[1 2.1]}}", false},
      {"{{buckets:[0 1 2 0]}}", "{{offset:1 buckets:[1 2]}}", true},
      {"{{buckets:[1 0 2]}}", "{{buckets:[1 0 2 0 0]}}", true},
      {"{{buckets:[1 2]}}", "{{offset:1 buckets:[1 2]}}", false},
      {"{{n_buckets:[1 2]}}", "{{n_buckets:[1 2]}}", true},
      {"{{n_buckets:[1 2]}}", "{{buckets:[1 2]}}", false},
      {"{{schema:-53 custom_values:[1 2]}}", "{{schema:-53 custom_values:[1 2]}}", true},
      {"{{schema:-53 custom_values:[1 2]}}", "{{schema:-53 custom_values:[1 2.0000001]}}", false},
      {"{{schema:-53 custom_values:[1 2]}}", "{{schema:-53 custom_values:[1]}}", false},
      {"{{}}", "{{counter_reset_hint:gauge}}", true},
      {"{{counter_reset_hint:gauge}}", "{{counter_reset_hint:gauge}}", true},
      {"{{counter_reset_hint:gauge}}", "{{}}", false},
      {"{{counter_reset_hint:unknown}}", "{{counter_reset_hint:not_reset}}", false},
  };
  for (const Case& c : cases) {
    const Result<std::vector<SequenceValue>> wanted = ParseSequence(c.wanted);
    const Result<std::vector<SequenceValue>> got = ParseSequence(c.got);
    ASSERT_TRUE(wanted && got) << c.wanted << c.got;
    EXPECT_EQ(AlmostEqual(wanted->front(), *got->front().histogram), c.equal) << c.wanted << " and " << c.got;
  }
}

TEST(Comparison, Vectors) {
  struct Case {
    std::vector<std::string_view> wanted;
    std::vector<std::string_view> got;
    bool ordered;
    std::string_view difference;
  };
  const Case cases[] = {
      {{}, {}, false, ""},
      {{"a 1", "b 2"}, {"b 2", "a 1"}, false, ""},
      {{R"({__name__="a"} 1)"}, {"a 1"}, false, ""},
      {{"a 1"}, {"a 2"}, false, R"(wanted {__name__="a"} 1, got 2)"},
      {{"a 1"}, {"{} 1"}, false, R"(wanted {__name__="a"} 1, got nothing)"},
      {{"a 1"}, {R"(a{x="y"} 1)"}, false, R"(wanted {__name__="a"} 1, got nothing)"},
      {{}, {"a 1"}, false, R"(wanted an empty result, got {__name__="a"} 1)"},
      {{"a 1"}, {"a 1", "b 2"}, false, R"(wanted no more series, got {__name__="b"} 2)"},
      {{"a 1"}, {"a 1", "a 1"}, false, R"(wanted each series once, got {__name__="a"} twice)"},
      {{"a {{count:1}}"}, {"a {{count:1}}"}, false, ""},
      {{"a 1"}, {"a {{count:1}}"}, false, R"(wanted {__name__="a"} 1, got {{count:1}})"},
      {{"a {{count:1}}"}, {"a 1"}, false, R"(wanted {__name__="a"} {{count:1}}, got 1)"},
      {{"a {{count:0}}"}, {"a 0"}, false, R"(wanted {__name__="a"} {{}}, got 0)"},
      {{"a 1", "b 2"}, {"a 1", "b 2"}, true, ""},
      {{"a 1", "b 2"},
       {"b 2", "a 1"},
       true,
       R"(wanted {__name__="a"} as result number 1, got {__name__="b"})"},
      {{"a 1", "b 2"}, {"a 1"}, true, R"(wanted {__name__="b"} as result number 2, got nothing)"},
      {{"a 1"}, {"a 1", "b 2"}, true, R"(wanted no result number 2, got {__name__="b"})"},
      {{"a 1"}, {"a 3"}, true, R"(wanted {__name__="a"} 1, got 3)"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Text(CompareVector(Series(c.wanted), c.ordered, Vector(c.got))), c.difference);
  }
}

TEST(Comparison, Matrices) {
  struct Case {
    std::vector<std::string_view> wanted;
    std::vector<std::string_view> got;
    std::string_view difference;
  };
  const Case cases[] = {
      {{}, {}, ""},
      {{"b 1 2", "a 3 _ 4 5"}, {"a 3 _ 4 5", "b 1 2"}, ""},
      {{"a 1 2"}, {"a 1 2 3"}, R"(wanted {__name__="a"} nothing at 3000 ms, got 3)"},
      {{"a 1 2 3"}, {"a 1 2"}, R"(wanted {__name__="a"} 3 at 3000 ms, got nothing)"},
      {{"a 1 _ 3"}, {"a 1 2 3"}, R"(wanted {__name__="a"} nothing at 2000 ms, got 2)"},
      {{"a 1 2"}, {"a 1 2.1"}, R"(wanted {__name__="a"} 2 at 2000 ms, got 2.1)"},
      {{"a 1 {{count:1}}"}, {"a 1 {{count:1}}"}, ""},
      {{"a 1 {{count:1}}"}, {"a 1 1"}, R"(wanted {__name__="a"} {{count:1}} at 2000 ms, got 1)"},
      {{"a 1"}, {}, R"(wanted {__name__="a"}, got nothing)"},
      {{"a _"}, {}, R"(wanted {__name__="a"}, got nothing)"},
      {{}, {"a 1"}, R"(wanted an empty result, got {__name__="a"} 1@1000ms)"},
      {{"a 1", "b 1"},
       {"b 1", "a 1"},
       R"(wanted series sorted by labels, each once, got {__name__="b"} before {__name__="a"})"},
      {{"a 1"},
       {"a 1 1 1 1 1"},
       R"(wanted {__name__="a"} with points from 1000 ms to 4000 ms, 1000 ms apart, got {__name__="a"} 1@1000ms 1@2000ms 1@3000ms 1@4000ms 1@5000ms)"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Text(CompareMatrix(Series(c.wanted), kSpan, Matrix(c.got))), c.difference);
  }
}

TEST(Comparison, KindsOfValues) {
  using Expectation = EvalCommand::Expectation;
  const promql::Value scalar = promql::Scalar{.value = 2};
  const promql::Value string = promql::String{.value = "a"};
  const promql::Value vector = Vector({"{} 2"});
  const promql::Value matrix = Matrix({"{} 2"});
  const auto check = [](Expectation expectation, const promql::Value& got) {
    EvalCommand command;
    command.expectation = expectation;
    command.scalar = 2;
    command.string = "a";
    command.series = Series({"{} 2"});
    command.span = kSpan;
    return Text(CompareValue(command, got));
  };
  EXPECT_EQ(check(Expectation::kScalar, scalar), "");
  EXPECT_EQ(check(Expectation::kScalar, promql::Scalar{.value = 3}), "wanted scalar 2, got scalar 3");
  EXPECT_EQ(check(Expectation::kScalar, vector), "wanted scalar 2, got {} 2");
  EXPECT_EQ(check(Expectation::kString, string), "");
  EXPECT_EQ(check(Expectation::kString, promql::String{.value = "b"}),
            R"(wanted string "a", got string "b")");
  EXPECT_EQ(check(Expectation::kString, scalar), R"(wanted string "a", got scalar 2)");
  EXPECT_EQ(check(Expectation::kSeries, vector), "");
  EXPECT_EQ(check(Expectation::kSeries, scalar), "wanted an instant vector, got scalar 2");
  EXPECT_EQ(check(Expectation::kSeries, matrix), "wanted an instant vector, got {} 2@1000ms");
  EXPECT_EQ(check(Expectation::kRangeVector, matrix), "");
  EXPECT_EQ(check(Expectation::kRangeVector, vector), "wanted a matrix, got {} 2");
  EXPECT_EQ(check(Expectation::kFailure, vector), "wanted a failure: any, got {} 2");
}

TEST(Comparison, Annotations) {
  const auto whole = [](const char* text) { return ExpectedText::Whole(text); };
  const auto pattern = [](const char* text) { return *ExpectedText::Pattern(text); };
  struct Case {
    const char* what;
    ExpectedAnnotations wanted;
    std::vector<std::string> got;
    bool positions;
    std::string_view difference;
  };
  const Case cases[] = {
      {"not looked at", {}, {"x (1:1)"}, true, ""},
      {"none wanted, none there", {.none = true}, {}, true, ""},
      {"none wanted", {.none = true}, {"x (1:1)"}, true, "wanted no warning, got x (1:1)"},
      {"any", {.some = {ExpectedText::Any()}}, {"x (1:1)", "y (1:2)"}, true, ""},
      {"any, none there", {.some = {ExpectedText::Any()}}, {}, true, "wanted warning any, got none"},
      {"the whole text", {.some = {whole("x (1:1)")}}, {"x (1:1)"}, true, ""},
      {"another position",
       {.some = {whole("x (1:1)")}},
       {"x (1:2)"},
       true,
       "wanted warning \"x (1:1)\", got x (1:2)"},
      {"positions do not count", {.some = {whole("x (1:1)")}}, {"x (1:2)"}, false, ""},
      {"but the text does",
       {.some = {whole("x (1:1)")}},
       {"y (1:1)"},
       false,
       "wanted warning \"x (1:1)\", got y (1:1)"},
      {"part of the text is not it",
       {.some = {whole("x")}},
       {"x (1:1)"},
       true,
       "wanted warning \"x\", got x (1:1)"},
      {"a pattern", {.some = {pattern("x+ \\(1:[0-9]")}}, {"a xxx (1:1)"}, true, ""},
      {"each line matches one",
       {.some = {pattern("x"), whole("y (1:1)")}},
       {"x (1:1)"},
       true,
       "wanted warning \"y (1:1)\", got x (1:1)"},
      {"each one is matched",
       {.some = {pattern("x")}},
       {"x (1:1)", "y (1:2)"},
       true,
       "wanted no other warning, got y (1:2)"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Text(CompareAnnotations(c.wanted, "warning", c.got, c.positions)), c.difference) << c.what;
  }
  EXPECT_FALSE(ExpectedText::Pattern("a(").has_value());
}

}  // namespace
}  // namespace sidelight::promqltest
