#include "rules/testing/unit_test_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace sidelight::ruletest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A directory of files.
class UnitTestRunnerTest : public ::testing::Test {
 protected:
  UnitTestRunnerTest() {
    std::string path = ::testing::TempDir() + "unit_test_runner.XXXXXX";
    folder_ = mkdtemp(path.data());
    Write("rules.yaml", R"(
groups:
  - name: alerts
    interval: 17s
    rules:
      - alert: Down
        expr: up == 0
        for: 2m
        labels: {severity: page}
        annotations:
          text: '{{ $labels.job }} in {{ $externalLabels.cluster }}: {{ $value }} ({{ $externalURL }})'
  - name: recorded
    rules:
      - {record: up:sum, expr: sum(up)}
      - {record: up:sum:twice, expr: up:sum * 2}
)");
  }
  ~UnitTestRunnerTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  UnitTestReport RunFile(const std::string& text, const UnitTestOptions& options = {}) const {
    Write("test.yaml", text);
    return RunUnitTestFile((folder_ / "test.yaml").string(), options);
  }
  // Of one test, over rules.yaml and a series up{job="a"} that is 0 from the second minute on.
  std::vector<std::string> Failures(const std::string& asked) const {
    return RunFile(R"(
rule_files: [rules.yaml]
tests:
  - input_series: [{series: 'up{job="a"}', values: '1 0x100'}]
    external_labels: {cluster: c1}
    external_url: http://sidelight.test
)" + asked)
        .failures;
  }

  std::filesystem::path folder_;
};

TEST_F(UnitTestRunnerTest, WhatIsAsExpected) {
  EXPECT_THAT(Failures(R"(
    alert_rule_test:
      - {eval_time: 0m, alertname: Down}
      - {eval_time: 2m59s, alertname: Down, exp_alerts: []}
      - {eval_time: 1h, alertname: Nobody's}
      - eval_time: 3m
        alertname: Down
        exp_alerts:
          - exp_labels: {severity: page, job: a}
            exp_annotations: {text: 'a in c1: 0 (http://sidelight.test)'}
    promql_expr_test:
      - {expr: 'up:sum:twice', eval_time: 0m, exp_samples: [{labels: 'up:sum:twice', value: 2}]}
      - {expr: 'ALERTS', eval_time: 1m, exp_samples: [
          {labels: 'ALERTS{alertname="Down", alertstate="pending", job="a", severity="page"}', value: 1}]}
      - {expr: 'ALERTS_FOR_STATE', eval_time: 30m, exp_samples: [
          {labels: 'ALERTS_FOR_STATE{alertname="Down", job="a", severity="page"}', value: 60}]}
      - {expr: 'time()', eval_time: 90s, exp_samples: [{value: 90}]}
      - {expr: '0 / 0', exp_samples: [{value: .nan}]}
      - {expr: 'vector(0) == 1'}
)"),
              IsEmpty());
}

TEST_F(UnitTestRunnerTest, WhatIsNot) {
  EXPECT_THAT(Failures(R"(
    name: the night
    alert_rule_test:
      - {eval_time: 1h30m, alertname: Down, exp_alerts: [{exp_labels: {job: a}}]}
      - {eval_time: 90s, alertname: Down, exp_alerts: [{}]}
    promql_expr_test:
      - {expr: 'up', eval_time: 36h, exp_samples: [{labels: up, value: 1.5}]}
      - {expr: 'up', eval_time: 1m, exp_samples: [{labels: 'up{job="a"}', value: 1}]}
      - {expr: 'up[', eval_time: 1500ms}
      - {expr: 'up[1m]'}
)"),
              ElementsAre(R"(    name: the night,
    alertname: Down, time: 1m30s, 
        exp:[
            0:
              Labels:{alertname="Down"}
              Annotations:{}
            ], 
        got:[])",
                          R"text(    name: the night,
    alertname: Down, time: 1h30m, 
        exp:[
            0:
              Labels:{alertname="Down", job="a"}
              Annotations:{}
            ], 
        got:[
            0:
              Labels:{alertname="Down", job="a", severity="page"}
              Annotations:{text="a in c1: 0 (http://sidelight.test)"}
            ])text",
                          R"(    expr: "up", time: 1d12h,
        exp: {__name__="up"} 1.5E+00
        got: nil)",
                          R"(    expr: "up", time: 1m,
        exp: {__name__="up", job="a"} 1E+00
        got: {__name__="up", job="a"} 0E+00)",
                          HasSubstr("    expr: \"up[\", time: 1s500ms, err: 1:4: parse error"),
                          "    expr: \"up[1m]\", time: 0s, err: rule result is not a vector or scalar"));
}

TEST_F(UnitTestRunnerTest, ARuleThatFailsEndsItsTest) {
  Write("twins.yaml", "groups: [{name: g, rules: [{record: x, expr: up, labels: {job: one}}]}]");
  const UnitTestReport report = RunFile(R"(
rule_files: [twins.yaml]
tests:
  - input_series: [{series: 'up{job="a"}', values: 1}, {series: 'up{job="b"}', values: _ 1}]
    promql_expr_test: [{expr: '1', eval_time: 5m, exp_samples: []}]
  - promql_expr_test: [{expr: '1', eval_time: 5m, exp_samples: []}]
)");
  EXPECT_EQ(report.tests, 2u);
  EXPECT_THAT(
      report.failures,
      ElementsAre("    rule: x, time: 1m0s, err: vector contains metrics with the same labelset after "
                  "applying rule labels",
                  "    expr: \"1\", time: 5m,\n        exp: nil\n        got: {} 1E+00"));
}

TEST_F(UnitTestRunnerTest, GroupsInOrder) {
  Write("order.yaml", R"(
groups:
  - {name: reads, rules: [{record: read, expr: written}]}
  - {name: writes, rules: [{record: written, expr: time()}]}
)");
  const std::string test = R"(
rule_files: [order.yaml]
tests:
  - promql_expr_test:
      - {expr: read, eval_time: 1m, exp_samples: [{labels: read, value: SEEN}]}
)";
  const auto run = [&](const std::string& order, const std::string& seen) {
    std::string text = order + test;
    return RunFile(text.replace(text.find("SEEN"), 4, seen)).failures;
  };
  EXPECT_THAT(run("", "0"), IsEmpty()) << "as the file has them";
  EXPECT_THAT(run("group_eval_order: [reads, writes]", "0"), IsEmpty());
  EXPECT_THAT(run("group_eval_order: [writes, reads]", "60"), IsEmpty());
}

TEST_F(UnitTestRunnerTest, FloatsMayDifferInTheirLastBitWhenTheFileSaysSo) {
  const std::string test = R"(
tests:
  - promql_expr_test: [{expr: '0.1 + 0.2', exp_samples: [{value: 0.3}]}]
)";
  EXPECT_EQ(RunFile(test).failures.size(), 1u);
  EXPECT_THAT(RunFile("fuzzy_compare: true" + test).failures, IsEmpty());
  EXPECT_EQ(RunFile("fuzzy_compare: true\ntests: [{promql_expr_test: [{expr: '0.3000000000000002', "
                    "exp_samples: [{value: 0.3}]}]}]")
                .failures.size(),
            1u);
}

TEST_F(UnitTestRunnerTest, ItBeginsAtItsStart) {
  EXPECT_THAT(RunFile(R"(
rule_files: [rules.yaml]
tests:
  - start_timestamp: 1609459200
    input_series: [{series: up, values: 0x10}]
    alert_rule_test: [{eval_time: 1m, alertname: Down}]
    promql_expr_test:
      - {expr: time(), eval_time: 1m, exp_samples: [{value: 1609459260}]}
      - {expr: ALERTS_FOR_STATE, eval_time: 1m, exp_samples: [
          {labels: 'ALERTS_FOR_STATE{alertname="Down", severity="page"}', value: 1609459200}]}
)")
                  .failures,
              IsEmpty());
}

TEST_F(UnitTestRunnerTest, RuleFilesAreFoundBesideTheTest) {
  Write("more/a.yaml", "groups: [{name: a, rules: [{record: a, expr: '1'}]}]");
  Write("more/b.yaml", "groups: [{name: b, rules: [{record: b, expr: '2'}]}]");
  const UnitTestReport report = RunFile("rule_files: [more/*.yaml, more/a.yaml, none*.yaml, '" +
                                        (folder_ / "rules.yaml").string() + R"(']
tests:
  - promql_expr_test: [{expr: 'a + b', exp_samples: [{value: 3}]}]
)");
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_THAT(report.warnings, ElementsAre("no file match pattern none*.yaml"));
}

TEST_F(UnitTestRunnerTest, RuleFilesOfThePrometheusOperator) {
  Write("objects.yaml", R"(apiVersion: v1
kind: List
items:
- apiVersion: monitoring.coreos.com/v1
  kind: PrometheusRule
  metadata: {name: a}
  spec:
    groups: [{name: a, rules: [{record: a, expr: '1'}]}]
- apiVersion: monitoring.coreos.com/v1
  kind: PrometheusRule
  metadata: {name: b}
  spec:
    groups: [{name: b, rules: [{record: b, expr: a + 1}]}]
)");
  EXPECT_THAT(RunFile(R"(
rule_files: [objects.yaml]
group_eval_order: [a, b]
tests:
  - promql_expr_test: [{expr: 'a + b', exp_samples: [{value: 3}]}]
)")
                  .failures,
              IsEmpty());
}

TEST_F(UnitTestRunnerTest, FilesThatAreWrong) {
  Write("wrong.yaml", "groups: [{name: g, rules: [{record: x, expr: 'up +'}, {alert: a}]}]");
  const UnitTestReport rules =
      RunFile("rule_files: [wrong.yaml]\ntests: [{promql_expr_test: [{expr: '1'}]}]");
  EXPECT_EQ(rules.tests, 0u);
  ASSERT_EQ(rules.failures.size(), 1u);
  EXPECT_THAT(rules.failures[0], HasSubstr("wrong.yaml:1:"));
  EXPECT_THAT(rules.failures[0], HasSubstr("expr"));

  const UnitTestReport test = RunFile("tests: 1");
  ASSERT_EQ(test.failures.size(), 1u);
  EXPECT_THAT(test.failures[0], HasSubstr("test.yaml:1:8: "));
  EXPECT_THAT(RunUnitTestFile((folder_ / "none.yaml").string(), {}).failures,
              ElementsAre(HasSubstr("none.yaml: ")));
}

TEST_F(UnitTestRunnerTest, NamesChooseTests) {
  const std::string text = R"(
tests:
  - {name: one apple, promql_expr_test: [{expr: '1'}]}
  - {name: two apples, promql_expr_test: [{expr: '2'}]}
  - {promql_expr_test: [{expr: '3'}]}
)";
  const struct {
    std::vector<std::string> patterns;
    size_t tests;
  } cases[] = {{{}, 3}, {{"apple"}, 2}, {{"^two"}, 1}, {{"one", "two"}, 2}, {{"pear"}, 0}, {{"^$"}, 1}};
  for (const auto& c : cases) {
    const Result<NameFilter> filter = NameFilter::Make(c.patterns);
    ASSERT_TRUE(filter.has_value());
    EXPECT_EQ(RunFile(text, {.filter = *filter}).tests, c.tests) << ::testing::PrintToString(c.patterns);
  }
  EXPECT_FALSE(NameFilter::Make({"("}).has_value());
}

TEST_F(UnitTestRunnerTest, Options) {
  Write("extra.yaml", "groups: [{name: g, owner: me, rules: [{record: x, expr: 'mad_over_time(up[1m])'}]}]");
  const std::string text = "rule_files: [extra.yaml]\ntests: [{promql_expr_test: [{expr: 'vector(0) > 1'}]}]";
  EXPECT_FALSE(RunFile(text).failures.empty());
  EXPECT_FALSE(RunFile(text, {.ignore_unknown_fields = true}).failures.empty());
  EXPECT_FALSE(RunFile(text, {.parser = {.experimental = true}}).failures.empty());
  EXPECT_THAT(RunFile(text, {.parser = {.experimental = true}, .ignore_unknown_fields = true}).failures,
              IsEmpty());
}

}  // namespace
}  // namespace sidelight::ruletest
