#include "rules/testing/unit_test_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sidelight::ruletest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(UnitTestFile, Everything) {
  const Result<UnitTestFile> file = ParseUnitTestFile(R"(
rule_files: [a.yaml, "b/*.yaml"]
evaluation_interval: 30s
fuzzy_compare: true
group_eval_order: [second, first]
tests:
  - name: one
    interval: 15s
    start_timestamp: 2026-11-20T21:40:00.5Z
    external_labels: {cluster: c1}
    external_url: http://sidelight.test
    input_series:
      - {series: 'up{job="api"}', values: 1 0x1}
      - series: h
        values: |
          {{count:1}}
          _
    alert_rule_test:
      - eval_time: 1m30s
        alertname: Down
        exp_alerts:
          - {exp_labels: {job: api}, exp_annotations: {summary: down}}
          - {}
    promql_expr_test:
      - {expr: up, eval_time: 2m, exp_samples: [{labels: 'up{job="api"}', value: 0}, {histogram: '{{count:1}}'}]}
)",
                                                      "t.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->path, "t.yaml");
  EXPECT_THAT(file->rule_files, ElementsAre("a.yaml", "b/*.yaml"));
  EXPECT_EQ(file->evaluation_interval, 30'000);
  EXPECT_TRUE(file->fuzzy_compare);
  EXPECT_THAT(file->group_eval_order, ElementsAre("second", "first"));
  ASSERT_EQ(file->tests.size(), 1u);
  const UnitTest& test = file->tests[0];
  EXPECT_EQ(test.name, "one");
  EXPECT_EQ(test.interval, 15'000);
  EXPECT_EQ(test.start, 1'795'210'800'500);
  EXPECT_EQ(test.external_labels, (Labels{{"cluster", "c1"}}));
  EXPECT_EQ(test.external_url, "http://sidelight.test");
  EXPECT_EQ(test.LatestEvalTime(), 120'000);
  ASSERT_EQ(test.series.size(), 2u);
  EXPECT_EQ(test.series[0].labels, (Labels{{"__name__", "up"}, {"job", "api"}}));
  EXPECT_EQ(test.series[0].values.size(), 3u);
  ASSERT_EQ(test.series[1].values.size(), 2u);
  EXPECT_NE(test.series[1].values[0].histogram, nullptr);
  EXPECT_TRUE(test.series[1].values[1].omitted);
  ASSERT_EQ(test.alert_tests.size(), 1u);
  EXPECT_EQ(test.alert_tests[0].eval_time, 90'000);
  ASSERT_EQ(test.alert_tests[0].alerts.size(), 2u);
  EXPECT_EQ(test.alert_tests[0].alerts[0].labels, (Labels{{"alertname", "Down"}, {"job", "api"}}));
  EXPECT_EQ(test.alert_tests[0].alerts[0].annotations, (Labels{{"summary", "down"}}));
  EXPECT_EQ(test.alert_tests[0].alerts[1].labels, (Labels{{"alertname", "Down"}}));
  ASSERT_EQ(test.expression_tests.size(), 1u);
  EXPECT_EQ(test.expression_tests[0].expr, "up");
  ASSERT_EQ(test.expression_tests[0].samples.size(), 2u);
  EXPECT_EQ(test.expression_tests[0].samples[0].labels, (Labels{{"__name__", "up"}, {"job", "api"}}));
  EXPECT_NE(test.expression_tests[0].samples[1].histogram, nullptr);
}

TEST(UnitTestFile, WhatIsNotGiven) {
  const Result<UnitTestFile> file =
      ParseUnitTestFile("rule_files: [a.yaml]\ntests: [{}, {interval: 0s}]\n", "t.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->evaluation_interval, 60'000);
  EXPECT_FALSE(file->fuzzy_compare);
  ASSERT_EQ(file->tests.size(), 2u);
  for (const UnitTest& test : file->tests) {
    EXPECT_EQ(test.interval, 60'000) << "the evaluation_interval";
    EXPECT_EQ(test.start, 0);
    EXPECT_EQ(test.LatestEvalTime(), 0);
  }
  EXPECT_TRUE(ParseUnitTestFile("", "t.yaml").has_value()) << "an empty file tests nothing";
}

TEST(UnitTestFile, OfTwoSeriesWithTheSameLabelsTheLaterOneCounts) {
  const Result<UnitTestFile> file = ParseUnitTestFile(
      "tests: [{input_series: [{series: 'a{b=\"c\"}', values: 1}, {series: '{b=\"c\", __name__=\"a\"}', "
      "values: 2 3}]}]",
      "t.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  ASSERT_EQ(file->tests[0].series.size(), 1u);
  EXPECT_EQ(file->tests[0].series[0].values.size(), 2u);
}

TEST(UnitTestFile, Start) {
  const struct {
    std::string_view text;
    UnixMillis start;
  } cases[] = {
      {"1609459200", 1'609'459'200'000},
      {"1609459200.25", 1'609'459'200'250},
      {"-1", -1000},
      {"\"2021-01-01T00:00:00Z\"", 1'609'459'200'000},
      {"0", 0},
      {"2021-01-01T01:00:00+01:00", 1'609'459'200'000},
  };
  for (const auto& c : cases) {
    const Result<UnitTestFile> file =
        ParseUnitTestFile("tests: [{start_timestamp: " + std::string(c.text) + "}]", "t.yaml");
    ASSERT_TRUE(file.has_value()) << c.text << ": " << file.error().message;
    EXPECT_EQ(file->tests[0].start, c.start) << c.text;
  }
}

TEST(UnitTestFile, Values) {
  const struct {
    std::string_view text;
    double value;
  } cases[] = {{"1.5", 1.5},         {"-2e3", -2000},     {".inf", INFINITY},
               {"-.inf", -INFINITY}, {"+.Inf", INFINITY}, {"0x10", 16}};
  for (const auto& c : cases) {
    const Result<UnitTestFile> file = ParseUnitTestFile(
        "tests: [{promql_expr_test: [{expr: a, exp_samples: [{value: " + std::string(c.text) + "}]}]}]",
        "t.yaml");
    ASSERT_TRUE(file.has_value()) << c.text << ": " << file.error().message;
    EXPECT_EQ(file->tests[0].expression_tests[0].samples[0].value, c.value) << c.text;
  }
}

TEST(UnitTestFile, Errors) {
  const struct {
    std::string_view text;
    std::string_view error;
  } cases[] = {
      {"tests: [{alert_rule_tests: []}]", "t.yaml:1:10: unknown key \"alert_rule_tests\""},
      {"groups: []", "t.yaml:1:1: this is a file of rules; a file of tests names it under \"rule_files\""},
      {"evaluation_interval: fast", "expected a duration such as 5s or 1h30m, got \"fast\""},
      {"fuzzy_compare: maybe", "t.yaml:1:16: expected true or false"},
      {"group_eval_order: [a, b, a]", "t.yaml:1:26: group name repeated in evaluation order: a"},
      {"tests: [{alert_rule_test: [{eval_time: 1m}]}]", "the key \"alertname\" is missing"},
      {"tests: [{alert_rule_test: [{alertname: ''}]}]", "its alertname is empty"},
      {"tests: [{promql_expr_test: [{eval_time: 1m}]}]", "the key \"expr\" is missing"},
      {"tests: [{input_series: [{series: a}]}]", "the key \"values\" is missing"},
      {"tests: [{input_series: [{series: 'a{', values: 1}]}]", "unexpected end of input inside braces"},
      {"tests: [{input_series: [{series: a, values: 1 x}]}]", "\"x\": this is no number"},
      {"tests: [{input_series: [{series: a, values: 1x9999999}]}]", "t.yaml:1:45: "},
      {"tests: [{promql_expr_test: [{expr: a, exp_samples: [{labels: 'a b'}]}]}]", "t.yaml:1:62: "},
      {"tests: [{promql_expr_test: [{expr: a, exp_samples: [{value: one}]}]}]",
       "expected a number, .inf, -.inf or .nan, got \"one\""},
      {"tests: [{promql_expr_test: [{expr: a, exp_samples: [{histogram: '{{'}]}]}]", "t.yaml:1:65: "},
      {"tests: [{promql_expr_test: [{expr: a, exp_samples: [{histogram: '{{count:1}} 2'}]}]}]",
       "expected one histogram"},
      {"tests: [{start_timestamp: yesterday}]", "expected seconds since 1970, or a time such as"},
      {"tests: [{start_timestamp: 1e300}]", "expected seconds since 1970, or a time such as"},
      {"evaluation_interval: 1ms\ntests: [{alert_rule_test: [{alertname: a, eval_time: 1d}]}]",
       "more than 1000000 evaluations away"},
      {"tests: [{interval: 200y, input_series: [{series: a, values: 1x9}]}]",
       "its times lie beyond what can be reckoned with"},
      {"tests: {}", "t.yaml:1:8: "},
  };
  for (const auto& c : cases) {
    const Result<UnitTestFile> file = ParseUnitTestFile(std::string(c.text), "t.yaml");
    ASSERT_FALSE(file.has_value()) << c.text;
    EXPECT_THAT(file.error().message, HasSubstr(c.error)) << c.text;
  }
}

TEST(UnitTestFile, AllErrorsAtOnce) {
  const Result<UnitTestFile> file =
      ParseUnitTestFile("rule_file: [a]\nevaluation_interval: x\ntests:\n  - interval: y\n", "t.yaml");
  ASSERT_FALSE(file.has_value());
  for (const std::string_view place : {"t.yaml:1:1: ", "t.yaml:2:22: ", "t.yaml:4:15: "}) {
    EXPECT_THAT(file.error().message, HasSubstr(place));
  }
  EXPECT_THAT(file.error().message, HasSubstr("rule_files")) << "the nearest valid key";
}

TEST(UnitTestFile, ItsSamplesAreBounded) {
  std::string text = "tests:\n- input_series:\n";
  for (int i = 0; i < 6; ++i) text += "  - {series: a" + std::to_string(i) + ", values: 1x999999}\n";
  const Result<UnitTestFile> file = ParseUnitTestFile(text, "t.yaml");
  ASSERT_FALSE(file.has_value());
  EXPECT_THAT(file.error().message, HasSubstr("t.yaml:8:"));
}

TEST(UnitTestFile, AFileThatIsNotThere) {
  const Result<UnitTestFile> file = LoadUnitTestFile("/nonexistent/t.yaml");
  ASSERT_FALSE(file.has_value());
  EXPECT_THAT(file.error().message, HasSubstr("/nonexistent/t.yaml: "));
}

}  // namespace
}  // namespace sidelight::ruletest
