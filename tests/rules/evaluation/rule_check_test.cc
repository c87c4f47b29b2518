// What `check` says of rules that are right and yet probably not meant.
#include "rules/evaluation/rule_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace sidelight::rules {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const MetricCatalogue& Catalogue(bool complete) {
  static const std::vector<MetricCatalogue::Metric> kMetrics = {
      {"requests_total", {"method", "status_code"}},
      {"latency_seconds", {"method"}},
      {"latency_seconds_bucket", {"method", "le"}},
      {"connections", {}},
  };
  static const MetricCatalogue kComplete{kMetrics, true};
  static const MetricCatalogue kPartial{kMetrics, false};
  return complete ? kComplete : kPartial;
}

RuleFile Parsed(const std::string& text, const std::string& name = "r.yaml") {
  Result<RuleFile> file = ParseRuleFile(text, name, {});
  EXPECT_TRUE(file) << text << '\n' << file.error().message;
  return file ? *std::move(file) : RuleFile{};
}

std::vector<std::string> Warnings(const std::string& text, const RuleCheckOptions& options) {
  const std::vector<RuleFile> files = {Parsed(text)};
  return CheckRules(files, files, options);
}

// The warnings about one alert of that expression, without their place.
std::vector<std::string> WarningsOf(const std::string& expr, bool complete = true,
                                    const std::string& rest = "annotations: {}") {
  const std::string prefix = "r.yaml:3: A: ";
  std::vector<std::string> warnings =
      Warnings("groups:\n- name: g\n  rules: [{alert: A, expr: '" + expr + "', " + rest + "}]",
               {.catalogue = &Catalogue(complete)});
  for (std::string& warning : warnings) {
    EXPECT_TRUE(warning.starts_with(prefix)) << warning;
    warning.erase(0, prefix.size());
  }
  return warnings;
}

TEST(RuleCheckTest, NothingIsSaidOfGoodRules) {
  const std::string exprs[] = {
      "requests_total",
      "rate(requests_total{method=\"GET\", status_code=~\"5..\"}[5m]) > 1",
      "sum by (method, job, instance) (requests_total)",
      "histogram_quantile(0.9, sum by (le, method) (rate(latency_seconds_bucket[5m])))",
      "histogram_quantile(0.9, latency_seconds)",
      "requests_total / on (method) group_left latency_seconds",
      "requests_total / ignoring (status_code) latency_seconds",
      "sum without (nope) (requests_total)",
      "requests_total{nope=\"\"}",  // which a missing label satisfies
      "requests_total{nope!=\"x\"}",
      "absent(requests_total{method=\"GET\"})",
      "ALERTS{alertstate=\"firing\"}",
      "{job=\"x\", any=\"y\"}",  // of no metric in particular
      "vector(1) > time()",
      "label_replace(connections, \"new\", \"$1\", \"job\", \"(.*)\") * on (new) connections",
      "sum by (new) (label_join(connections, \"new\", \"-\", \"job\", \"instance\"))",
      "sum by (value) (count_values(\"value\", connections))",
  };
  for (const std::string& expr : exprs) EXPECT_THAT(WarningsOf(expr), IsEmpty()) << expr;
}

TEST(RuleCheckTest, MetricsThatNothingGives) {
  EXPECT_THAT(WarningsOf("rate(request_total[5m])"),
              ElementsAre("nothing gives the metric \"request_total\"; did you mean \"requests_total\"?"));
  EXPECT_THAT(WarningsOf("up == 0"), ElementsAre("nothing gives the metric \"up\""));
  EXPECT_THAT(WarningsOf("{__name__=\"up\"}"), ElementsAre("nothing gives the metric \"up\""));
  // Each is said once, however often the rule has it.
  EXPECT_THAT(WarningsOf("up / up + down"),
              ElementsAre("nothing gives the metric \"up\"", "nothing gives the metric \"down\""));
  // Without the configuration nobody knows of all.
  EXPECT_THAT(WarningsOf("rate(request_total[5m])", false), IsEmpty());
}

TEST(RuleCheckTest, LabelsThatNothingSets) {
  struct Case {
    std::string expr;
    std::string want;
  };
  const Case cases[] = {
      {"requests_total{status=\"500\"}",
       "the metric \"requests_total\" has no label \"status\"; there are instance, job, method, status_code"},
      {"requests_total{statuscode=\"500\"}",
       "the metric \"requests_total\" has no label \"statuscode\"; did you mean \"status_code\"?"},
      {"max_over_time(requests_total{code=~\"5..\"}[5m:1m])",
       "the metric \"requests_total\" has no label \"code\"; there are instance, job, method, status_code"},
      {"sum by (status) (rate(requests_total[5m]))",
       "what \"sum by\" takes together has no label \"status\"; there are instance, job, method, "
       "status_code"},
      {"sum by (method) (sum by (job) (requests_total))",
       "what \"sum by\" takes together has no label \"method\"; there are job"},
      {"topk by (zone) (1, connections)",
       "what \"topk by\" takes together has no label \"zone\"; there are instance, job"},
      {"requests_total / on (zone) latency_seconds",
       "neither side of \"/\" has a label \"zone\"; there are instance, job, method, status_code"},
      {"requests_total / on (method) group_left (zone) latency_seconds",
       "neither side of \"/\" has a label \"zone\"; there are instance, job, method, status_code"},
  };
  for (const bool complete : {true, false}) {
    for (const Case& c : cases) EXPECT_THAT(WarningsOf(c.expr, complete), ElementsAre(c.want)) << c.expr;
  }
}

TEST(RuleCheckTest, LabelsOfTemplates) {
  const std::string expr = "sum by (method) (requests_total)";
  EXPECT_THAT(WarningsOf(expr, true, "annotations: {s: '{{ $labels.method }} of {{ $labels.job }}'}"),
              ElementsAre("\"s\": the result of the expression has no label \"job\"; there are method"));
  EXPECT_THAT(WarningsOf(expr, true, "labels: {l: '{{ .Labels.job }}'}"),
              ElementsAre("\"l\": the result of the expression has no label \"job\"; there are method"));
  // What the rule itself adds its templates do not see.
  EXPECT_THAT(WarningsOf(expr, true, "labels: {team: x}, annotations: {s: '{{ $labels.team }}'}"), SizeIs(1));
  EXPECT_THAT(WarningsOf("up", false, "annotations: {s: '{{ $labels.any }}'}"), IsEmpty());
  EXPECT_THAT(WarningsOf("vector(1)", true, "annotations: {s: '{{ $labels.any }}'}"),
              ElementsAre("\"s\": the result of the expression has no label \"any\""));
}

TEST(RuleCheckTest, RulesUseWhatOthersRecord) {
  const RuleFile uses = Parsed("groups: [{name: g, rules: [{alert: A, expr: 'job:rate:5m{any=\"x\"}'}]}]");
  const RuleFile records = Parsed("groups: [{name: g, rules: [{record: 'job:rate:5m', expr: connections}]}]");
  const RuleCheckOptions options{.catalogue = &Catalogue(true)};
  const std::vector<RuleFile> both = {uses, records};
  const std::span<const RuleFile> first = std::span(both).first(1);
  EXPECT_THAT(CheckRules(first, both, options), IsEmpty());
  EXPECT_THAT(CheckRules(first, first, options),
              ElementsAre("r.yaml:1: A: nothing gives the metric \"job:rate:5m\""));
}

TEST(RuleCheckTest, LooksBackFurtherThanTheStorage) {
  struct Case {
    std::string expr;
    std::string want;  // "" is nothing
  };
  const Case cases[] = {
      {"rate(a[2h])", ""},
      {"rate(a[2h1s])", "2h1s"},
      {"a offset 3h", "3h"},
      {"a offset -3h", ""},
      {"rate(a[1h] offset 2h)", "3h"},
      {"max_over_time(rate(a[1h])[2h:1m])", "3h"},
      {"max_over_time(a[1h:1m] offset 90m)", "2h30m"},
      {"rate(a[5m]) / rate(a[1d])", "1d"},
      {"max_over_time(a[200y:1d] offset 200y)", "400y"},
      {"a", ""},
  };
  for (const Case& c : cases) {
    const std::string text = "groups: [{name: g, rules: [{record: r, expr: '" + c.expr + "'}]}]";
    const std::vector<std::string> got = Warnings(text, {.retention = 2h});
    if (c.want.empty()) {
      EXPECT_THAT(got, IsEmpty()) << c.expr;
    } else {
      EXPECT_THAT(got, ElementsAre("r.yaml:1: r: its expression looks " + c.want +
                                   " back, and the storage keeps 2h (storage.retention)"))
          << c.expr;
    }
    EXPECT_THAT(Warnings(text, {}), IsEmpty()) << c.expr;
  }
}

TEST(RuleCheckTest, ResultsThatNoRuleTakes) {
  EXPECT_THAT(Warnings("groups: [{name: g, rules: [{record: r, expr: 'a[5m]'}]}]", {}),
              ElementsAre("r.yaml:1: r: its expression gives a range vector, which no rule can take: every "
                          "evaluation will fail"));
  EXPECT_THAT(Warnings("groups: [{name: g, rules: [{record: r, expr: '\"text\"'}]}]", {}),
              ElementsAre(HasSubstr("its expression gives a string,")));
}

// Of one name and the same labels, in one file, whatever their group.
TEST(RuleCheckTest, RulesThatAreThereTwice) {
  const std::string text = R"(groups:
- name: g
  labels: {a: 1}
  rules:
  - {record: r, expr: x}
  - {record: r, expr: y, labels: {a: 2}}
  - {record: r, expr: y}
- name: h
  rules:
  - {record: r, expr: z}
  - {record: r, expr: z, labels: {a: 1}}
  - {alert: B, expr: z}
  - {alert: B, expr: y}
)";
  EXPECT_THAT(Warnings(text, {}),
              ElementsAre("r.yaml:7: r: a rule of this name, with the same labels, is already in line 5",
                          "r.yaml:11: r: a rule of this name, with the same labels, is already in line 5",
                          "r.yaml:13: B: a rule of this name, with the same labels, is already in line 12"));
  const std::vector<RuleFile> two = {Parsed(text, "a.yaml"), Parsed(text, "b.yaml")};
  EXPECT_THAT(CheckRules(two, two, {}), SizeIs(6));
}

// Looking for near names is bounded, and the warnings are there all the same.
TEST(RuleCheckTest, ManyUnknownNames) {
  std::string rules;
  for (int i = 0; i < 1000; ++i)
    rules += "  - {record: r" + std::to_string(i) + ", expr: request_total_" + std::to_string(i) + "}\n";
  EXPECT_THAT(Warnings("groups:\n- name: g\n  rules:\n" + rules, {.catalogue = &Catalogue(true)}),
              SizeIs(1000));
}

}  // namespace
}  // namespace sidelight::rules
