// Rule files: what they say, and the exact words that refuse those that are wrong.
#include "rules/evaluation/rule_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/folder.h"

namespace sidelight::rules {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

RuleFile Parsed(const std::string& text, const RuleFileOptions& options = {}) {
  Result<RuleFile> file = ParseRuleFile(text, "r.yaml", options);
  EXPECT_TRUE(file) << text << '\n' << file.error().message;
  return file ? *std::move(file) : RuleFile{};
}

// The error's message; "" when there is none.
std::string ErrorOf(const std::string& text, const RuleFileOptions& options = {}) {
  const Result<RuleFile> file = ParseRuleFile(text, "r.yaml", options);
  return file ? "" : file.error().message;
}

// The first rule of a file that has `rule` alone; flow YAML without the braces.
RuleDefinition RuleOf(const std::string& rule) {
  RuleFile file = Parsed("groups: [{name: g, rules: [{" + rule + "}]}]");
  if (file.groups.size() != 1 || file.groups[0].rules.size() != 1) return {};
  return file.groups[0].rules[0];
}

TEST(RuleFileTest, SaysEverything) {
  const RuleFile file = Parsed(R"(groups:
- name: first
  interval: 30s
  query_offset: 1m
  limit: 7
  labels: {team: shop, tier: "1"}
  rules:
  - record: job:requests:rate5m
    expr: sum by(job) (rate(requests_total[5m]))
    labels: {tier: "2", gone: ""}
  - alert: Slow
    expr: |
      latency_seconds
        > 1
    for: 5m
    keep_firing_for: 1h30m
    labels: {severity: page, team: ""}
    annotations: {summary: "slow: {{ $value }}", "a.b": x}
- name: second
)");
  EXPECT_EQ(file.path, "r.yaml");
  EXPECT_THAT(file.warnings, IsEmpty());
  ASSERT_EQ(file.groups.size(), 2u);
  const GroupDefinition& first = file.groups[0];
  EXPECT_EQ(first.file, "r.yaml");
  EXPECT_EQ(first.name, "first");
  EXPECT_EQ(first.interval, Duration(30s));
  EXPECT_EQ(first.query_offset, Duration(1min));
  EXPECT_EQ(first.limit, 7u);
  ASSERT_EQ(first.rules.size(), 2u);

  const RuleDefinition& record = first.rules[0];
  EXPECT_EQ(record.kind, RuleDefinition::Kind::kRecording);
  EXPECT_EQ(record.name, "job:requests:rate5m");
  EXPECT_EQ(record.query, "sum by (job) (rate(requests_total[5m]))");
  EXPECT_EQ(record.text, "sum by(job) (rate(requests_total[5m]))");
  EXPECT_NE(record.expr, nullptr);
  EXPECT_EQ(record.labels, (Labels{{"team", "shop"}, {"tier", "2"}}));
  EXPECT_THAT(record.removed_labels, ElementsAre("gone"));
  EXPECT_EQ(record.line, 8);

  const RuleDefinition& alert = first.rules[1];
  EXPECT_EQ(alert.kind, RuleDefinition::Kind::kAlerting);
  EXPECT_EQ(alert.name, "Slow");
  EXPECT_EQ(alert.query, "latency_seconds > 1");
  EXPECT_EQ(alert.hold, Duration(5min));
  EXPECT_EQ(alert.keep_firing_for, Duration(90min));
  EXPECT_EQ(alert.labels, (Labels{{"severity", "page"}, {"tier", "1"}}));
  EXPECT_THAT(alert.removed_labels, ElementsAre("team"));
  EXPECT_EQ(alert.annotations, (Labels{{"a.b", "x"}, {"summary", "slow: {{ $value }}"}}));
  EXPECT_EQ(alert.line, 11);

  EXPECT_EQ(file.groups[1].interval, std::nullopt);
  EXPECT_EQ(file.groups[1].query_offset, std::nullopt);
  EXPECT_EQ(file.groups[1].limit, 0u);
  EXPECT_THAT(file.groups[1].rules, IsEmpty());
}

TEST(RuleFileTest, TakesWhatUpstreamTakes) {
  const std::string texts[] = {
      "",
      "groups:\n",
      "groups: []\n",
      "groups: [{name: g, rules: []}]",
      "groups: [{name: g, rules: }]",
      "groups: [{name: g, interval: 0s, limit: -1, labels: {}, rules: [{record: a, expr: 1}]}]",
      "groups: [{name: g, rules: [{record: a, expr: 1, for: 0s, annotations: {}}]}]",
      "groups: [{name: g, rules: [{record: '', alert: A, expr: 1, for: , labels: }]}]",
      "groups: [{name: g, rules: [{record: \"http.server requests\", expr: '{\"a.b\"}'}]}]",
      "groups: [{name: g, rules: [{alert: 'any text: {at} all', expr: 1}]}]",
      "groups: [{name: g, rules: [{alert: A, expr: 1, labels: {a: 1, b: true, c: 1.50, d: ~}}]}]",
      "groups: [{name: g, rules: [{alert: A, expr: 1, labels: {\"ü\": x}, annotations: {\"a b\": y}}]}]",
      "groups: [{name: g, rules: [{alert: A, expr: 1, for: 1d2h3m4s5ms}]}]",
      "groups: [{name: g, rules: [{alert: A, expr: \"vector(1)\", labels: {a: '{{ $labels.x }}'}}]}]",
      // What other programs fill in templates is just text in a recording rule.
      "groups: [{name: g, rules: [{record: a, expr: 1, labels: {a: '{{ }'}}]}]",
  };
  for (const std::string& text : texts) EXPECT_EQ(ErrorOf(text), "") << text;
}

TEST(RuleFileTest, ValuesAreTakenAsText) {
  const RuleDefinition rule = RuleOf("alert: A, expr: 1, labels: {a: 010, b: yes, c: 1.50, d: ~, e: 0x1F}");
  EXPECT_EQ(rule.labels, (Labels{{"a", "010"}, {"b", "yes"}, {"c", "1.50"}, {"e", "0x1F"}}));
  EXPECT_THAT(rule.removed_labels, ElementsAre("d"));
}

TEST(RuleFileTest, AZeroIntervalIsNone) {
  const RuleFile file = Parsed("groups: [{name: g, interval: 0s, query_offset: 0s}]");
  EXPECT_EQ(file.groups[0].interval, std::nullopt);
  EXPECT_EQ(file.groups[0].query_offset, Duration::zero());
}

// The labels of a group are each rule's own as far as that has none of the name.
TEST(RuleFileTest, LabelsOfAGroup) {
  struct Case {
    std::string group;
    std::string rule;
    Labels want;
    std::vector<std::string> removed;
  };
  const Case cases[] = {
      {"{a: 1}", "{}", {{"a", "1"}}, {}},
      {"{a: 1}", "{a: 2}", {{"a", "2"}}, {}},
      {"{a: 1}", "{a: ''}", {}, {"a"}},
      {"{a: ''}", "{a: 1}", {{"a", "1"}}, {}},
      {"{a: ''}", "{}", {}, {"a"}},
      {"{a: ''}", "{a: ''}", {}, {"a"}},
      {"{b: 1, a: ''}", "{c: '', d: 2}", {{"b", "1"}, {"d", "2"}}, {"a", "c"}},
  };
  for (const Case& c : cases) {
    const RuleFile file = Parsed("groups: [{name: g, labels: " + c.group +
                                 ", rules: [{record: r, expr: 1, labels: " + c.rule + "}]}]");
    const RuleDefinition& rule = file.groups.at(0).rules.at(0);
    EXPECT_EQ(rule.labels, c.want) << c.group << c.rule;
    EXPECT_EQ(rule.removed_labels, c.removed) << c.group << c.rule;
  }
}

TEST(RuleFileTest, SaysWhatIsWrongAndWhere) {
  struct Case {
    std::string text;
    std::string want;
  };
  const std::string a_rule = "groups: [{name: g, rules: [{";
  const Case cases[] = {
      {"group: []", "r.yaml:1:1: unknown key \"group\"; did you mean \"groups\"?\ngroup: []\n^"},
      {"- a", "r.yaml:1:1: expected a mapping of keys and values, got a list\n- a\n^"},
      {"groups: {a: 1}", "r.yaml:1:9: expected a list, got a mapping\ngroups: {a: 1}\n        ^"},
      {"groups: [\n",
       "r.yaml:1:9: the \"[\" of this list is not closed, or a \",\" is missing; text with { } "
       "[ ] , needs quotes\ngroups: [\n        ^"},
      {"groups: [{rules: []}]",
       "r.yaml:1:10: the key \"name\" is missing\ngroups: [{rules: []}]\n         ^"},
      {"groups: [{name: ''}]", "r.yaml:1:17: a group needs a name\ngroups: [{name: ''}]\n                ^"},
      {"groups: [{name: }]",
       "r.yaml:1:11: \"name\" has no value; give it one or remove the key\ngroups: [{name: }]\n          ^"},
      {"groups:\n- name: a\n- name: b\n- name: a\n",
       "r.yaml:4:9: the group \"a\" is already given in line 2; a file has a name only once\n"
       "- name: a\n        ^"},
      {"groups:\n- name: g\n  intervall: 1s",
       "r.yaml:3:3: unknown key \"intervall\"; did you mean \"interval\"?\n  intervall: 1s\n  ^"},
      {"groups:\n- name: g\n  ownership: me",
       "r.yaml:3:3: unknown key \"ownership\"; valid keys: interval, labels, limit, name, query_offset, "
       "rules\n  ownership: me\n  ^"},
      {"groups:\n- name: g\n  interval: 10",
       "r.yaml:3:13: expected a duration such as 5s or 1h30m, got \"10\": its unit is missing: y, w, d, h, "
       "m, s or ms\n  interval: 10\n            ^"},
      {"groups:\n- name: g\n  limit: \"5\"",
       "r.yaml:3:10: expected a whole number, got the quoted text \"5\"; remove the quotes\n"
       "  limit: \"5\"\n         ^"},
      {"groups:\n- name: g\n  labels: {__name__: x}",
       "r.yaml:3:12: \"__name__\" is the metric's name, which a label of a rule cannot set\n"
       "  labels: {__name__: x}\n           ^"},
      {a_rule + "expr: 1}]}]",
       "r.yaml:1:28: a rule needs \"record\", the name of a metric, or \"alert\", the name of an alert\n" +
           a_rule + "expr: 1}]}]\n                           ^"},
      {"groups:\n- name: g\n  rules:\n  - record: a\n    alert: b\n    expr: 1\n",
       "r.yaml:4:13: a rule has either \"record\" or \"alert\", and this one has both\n"
       "  - record: a\n            ^"},
      {"groups:\n- name: g\n  rules:\n  - record: a{b=\"c\"}\n    expr: 1\n",
       "r.yaml:4:13: \"a{b=\\\"c\\\"}\" is no name of a metric, as there are braces in it; labels stand "
       "under "
       "\"labels\", an expression under \"expr\"\n  - record: a{b=\"c\"}\n            ^"},
      {"groups:\n- name: g\n  rules:\n  - alert: a\n",
       "r.yaml:4:5: the key \"expr\" is missing\n  - alert: a\n    ^"},
      {"groups:\n- name: g\n  rules:\n  - alert: a\n    expr: ''\n",
       "r.yaml:5:11: \"expr\" is empty; a rule needs an expression\n    expr: ''\n          ^"},
      {"groups:\n- name: g\n  rules:\n  - record: a\n    expr: 1\n    for: 1s\n",
       "r.yaml:6:10: only alerts have \"for\", and this rule records; remove it\n    for: 1s\n         ^"},
      {"groups:\n- name: g\n  rules:\n  - record: a\n    expr: 1\n    keep_firing_for: 1s\n",
       "r.yaml:6:22: only alerts have \"keep_firing_for\", and this rule records; remove it\n"
       "    keep_firing_for: 1s\n                     ^"},
      {"groups:\n- name: g\n  rules:\n  - record: a\n    expr: 1\n    annotations: {b: c}\n",
       "r.yaml:6:18: only alerts have \"annotations\", and this rule records; remove it\n"
       "    annotations: {b: c}\n                 ^"},
      {"groups:\n- name: g\n  rules:\n  - alert: a\n    expr: 1\n    labels: {'': c}\n",
       "r.yaml:6:14: a name is missing here\n    labels: {'': c}\n             ^"},
      {"groups:\n- name: g\n  rules:\n  - alert: a\n    expr: 1\n    labels: [b]\n",
       "r.yaml:6:13: expected a mapping of keys and values, got a list\n    labels: [b]\n            ^"},
      {"groups:\n- name: g\n  rules:\n  - alert: a\n    expr: 1\n    annotations: {b: [c]}\n",
       "r.yaml:6:22: expected text, got a list\n    annotations: {b: [c]}\n                     ^"},
      {"groups:\n- name: g\n  rules:\n  - alert: a\n    expr: 1\n    annotation: {b: c}\n",
       "r.yaml:6:5: unknown key \"annotation\"; did you mean \"annotations\"?\n    annotation: {b: c}\n    "
       "^"},
      {"groups:\n- name: g\n  rules:\n  - alert: a\n    expr: 1\n    alert: b\n",
       "r.yaml:6:5: duplicate key \"alert\"; it is already given in line 4\n    alert: b\n    ^"},
  };
  for (const Case& c : cases) EXPECT_EQ(ErrorOf(c.text), c.want) << "input: " << c.text;
}

TEST(RuleFileTest, PromqlIsShownWhereItIsWrong) {
  struct Case {
    std::string expr;  // as it stands behind "expr:", in line 5
    std::string want;  // the beginning of the error
  };
  const Case cases[] = {
      {" up +", "r.yaml:5:15: PromQL parse error: unexpected end of input\n"},
      {" rate(up)",
       "r.yaml:5:16: PromQL parse error: expected type range vector in call to function \"rate\""},
      {" 'rate(up)'", "r.yaml:5:17: PromQL parse error: expected type range vector"},
      {" |\n      up\n        + rate(up)\n", "r.yaml:7:16: PromQL parse error: expected type range vector"},
      {" >-\n      up\n      + rate(up)\n", "r.yaml:7:14: PromQL parse error: expected type range vector"},
      {" up\n      + rate(up)\n", "r.yaml:6:14: PromQL parse error: expected type range vector"},
      // Behind what is escaped the place is the expression's, and the file's that of its beginning.
      {" 'up{a=''b''} + rate(up)'", "r.yaml:5:11: PromQL 1:18: parse error: expected type range vector"},
      {" ' '", "r.yaml:5:12: PromQL parse error: no expression found in input"},
  };
  for (const Case& c : cases) {
    const std::string text = "groups:\n- name: g\n  rules:\n  - record: a\n    expr:" + c.expr;
    EXPECT_THAT(ErrorOf(text), StartsWith(c.want)) << "input: " << c.expr;
  }
}

TEST(RuleFileTest, EverythingWrongIsSaidAtOnce) {
  const std::string error = ErrorOf(R"(groups:
- name: g
  intervall: 5s
  rules:
  - alert: A
    expr: rate(x)
    fro: 5m
    annotations: {summary: "{{ $nope }}"}
  - {record: "a{}", expr: "1 +"}
- name: g
other: 1
)");
  for (const std::string_view place : {"r.yaml:3:3: ", "r.yaml:6:16: ", "r.yaml:7:5: ", "r.yaml:8:28: ",
                                       "r.yaml:9:14: ", "r.yaml:9:31: ", "r.yaml:10:9: ", "r.yaml:11:1: "}) {
    EXPECT_THAT(error, HasSubstr(place));
  }
  EXPECT_EQ(std::count(error.begin(), error.end(), '^'), 8);
}

TEST(RuleFileTest, TemplatesAreParsed) {
  struct Case {
    std::string where;
    std::string place;
  };
  const Case cases[] = {
      {"labels: {a: '{{ $labels.x'}", "6:17"},
      {"annotations: {a: x, b: '{{ $label.x }}'}", "6:28"},
      {"annotations: {a: '{{ nofunction 1 }}'}", "6:22"},
      {"annotations: {a: '{{ if }}{{ end }}'}", "6:22"},
  };
  for (const Case& c : cases) {
    const std::string error =
        ErrorOf("groups:\n- name: g\n  rules:\n  - alert: Broken\n    expr: 1\n    " + c.where);
    EXPECT_THAT(error, StartsWith("r.yaml:" + c.place + ": ")) << c.where;
    EXPECT_THAT(error, HasSubstr("__alert_Broken")) << c.where;
  }
  // Those of a group are, as soon as there is an alert to have them.
  const std::string labels = "groups:\n- name: g\n  labels: {a: '{{ $nope }}'}\n  rules:\n  - ";
  EXPECT_EQ(ErrorOf(labels + "{record: a, expr: 1}"), "");
  EXPECT_THAT(ErrorOf(labels + "{alert: a, expr: 1}"), StartsWith("r.yaml:3:15: "));
}

TEST(RuleFileTest, KeysOfOthersAreNamedAsSuch) {
  const auto error = [](std::string_view key) { return "\"" + std::string(key) + "\" is a key of "; };
  for (const std::string_view key :
       {"type", "eval_offset", "eval_delay", "concurrency", "params", "headers", "notifier_headers", "debug",
        "tenant", "extra_filter_labels", "partial_response_strategy", "source_tenants"}) {
    const std::string text = "groups:\n- name: g\n  " + std::string(key) + ": x\n";
    EXPECT_THAT(ErrorOf(text), StartsWith("r.yaml:3:3: " + error(key))) << text;
    EXPECT_THAT(ErrorOf(text), HasSubstr("and has no meaning here; remove it\n")) << text;
  }
  for (const std::string_view key : {"debug", "update_entries_limit"}) {
    const std::string text =
        "groups:\n- name: g\n  rules:\n  - alert: a\n    expr: 1\n    " + std::string(key) + ": x\n";
    EXPECT_THAT(ErrorOf(text), StartsWith("r.yaml:6:5: " + error(key) + "vmalert")) << text;
  }
  EXPECT_THAT(ErrorOf("namespace: x\ngroups: []\n"), StartsWith("r.yaml:1:1: " + error("namespace")));
}

TEST(RuleFileTest, UnknownFieldsCanBeIgnored) {
  const std::string text =
      "own: 1\ngroups:\n- name: g\n  eval_offset: 5m\n  rules:\n  - {alert: a, expr: 1, runbook: x}\n";
  EXPECT_EQ(ErrorOf(text, {.ignore_unknown_fields = true}), "");
  EXPECT_THAT(ErrorOf(text),
              AllOf(HasSubstr("r.yaml:1:1: "), HasSubstr("r.yaml:4:3: "), HasSubstr("\"runbook\"")));
}

TEST(RuleFileTest, OldRulesForNames) {
  const RuleFileOptions legacy{.legacy_names = true};
  struct Case {
    std::string rule;
    std::string want;  // "" is taken
  };
  const Case cases[] = {
      {"record: 'a:b_1', expr: 1, labels: {a_1: x}", ""},
      {"record: a.b, expr: 1", "\"a.b\" is no name of a metric: letters, digits"},
      {"alert: a.b, expr: 1", ""},
      {"alert: a, expr: 1, labels: {1a: x}", "\"1a\" is no valid name"},
      {"alert: a, expr: 1, annotations: {a-b: x}", "\"a-b\" is no valid name"},
  };
  for (const Case& c : cases) {
    const std::string text = "groups: [{name: g, rules: [{" + c.rule + "}]}]";
    EXPECT_EQ(ErrorOf(text), "") << text;
    EXPECT_EQ(ErrorOf(text, legacy).empty(), c.want.empty()) << text;
    EXPECT_THAT(ErrorOf(text, legacy), HasSubstr(c.want)) << text;
  }
}

TEST(RuleFileTest, ExperimentalPromqlOnRequest) {
  const std::string text = "groups: [{name: g, rules: [{record: a, expr: 'limitk(1, up)'}]}]";
  EXPECT_THAT(ErrorOf(text), HasSubstr("limitk"));
  EXPECT_EQ(ErrorOf(text, {.parser = {.experimental = true}}), "");
}

TEST(RuleFileTest, AnchorsAndMergeKeys) {
  const RuleFile file = Parsed(R"(groups:
- name: g
  rules:
  - &page
    alert: A
    expr: up == 0
    for: 5m
    labels: &labels {severity: page}
  - <<: *page
    alert: B
    labels: {<<: *labels, team: shop}
)");
  const RuleDefinition& rule = file.groups.at(0).rules.at(1);
  EXPECT_EQ(rule.name, "B");
  EXPECT_EQ(rule.query, "up == 0");
  EXPECT_EQ(rule.hold, Duration(5min));
  EXPECT_EQ(rule.labels, (Labels{{"severity", "page"}, {"team", "shop"}}));
  EXPECT_EQ(rule.line, 9);
}

TEST(RuleFileTest, ASecondDocumentIsAWarning) {
  const RuleFile file = Parsed("groups: [{name: g}]\n---\ngroups: [{name: h}]\n");
  EXPECT_EQ(file.groups.size(), 1u);
  EXPECT_THAT(file.warnings, ElementsAre(StartsWith("r.yaml:2:1: a second document begins here")));
}

// A few lines of YAML that ask for gigabytes: each rule has all labels of its group.
TEST(RuleFileTest, CopiesOfAGroupsLabelsAreBounded) {
  std::string rules;
  for (int i = 0; i < 1000; ++i) rules += "  - *r\n";
  const std::string text =
      "groups:\n- name: a\n  rules: [&r {record: r, expr: 1}]\n- name: b\n  labels: {a: " +
      std::string(100'000, 'x') + "}\n  rules:\n" + rules;
  EXPECT_THAT(ErrorOf(text),
              StartsWith("r.yaml:5:11: the labels of groups come to more than 64 MiB when each "
                         "rule has them\n"));
}

TEST(RuleFileTest, Loads) {
  const TestFolder folder;
  const std::string path = folder.path() / "r.yaml";
  std::ofstream(path) << "groups: [{name: g, rules: [{record: a, expr: 1}]}]";
  const Result<RuleFile> file = LoadRuleFile(path, {});
  ASSERT_TRUE(file);
  EXPECT_EQ(file->path, path);
  EXPECT_EQ(file->groups.at(0).file, path);

  std::ofstream(path) << "groups: [{nam: g}]";
  const Result<RuleFile> wrong = LoadRuleFile(path, {});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, StartsWith(path + ":1:10: the key \"name\" is missing"));
  std::filesystem::remove_all(folder.path());
  const Result<RuleFile> missing = LoadRuleFile(path, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, path + ": cannot be read: No such file or directory");
}

TEST(RuleFileTest, FilesOfKubernetesObjects) {
  const TestFolder folder;
  const std::string path = folder.path() / "objects.yaml";
  const auto load = [&](const std::string& text) {
    std::ofstream(path) << text;
    return LoadRuleFile(path, {});
  };
  const std::string rule_head =
      "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: a, labels: {x: "
      "y}}\nspec:\n";
  const std::string other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {c: \"" +
                            std::string(1 << 20, 'd') + "\"}\n";

  Result<RuleFile> file = load(other + "---\n" + rule_head +
                               "  groups:\n  - name: g\n    rules:\n    - record: r\n      expr: 1\n---\n" +
                               rule_head + "  groups: [{name: h, rules: [{alert: A, expr: up == 0}]}]\n");
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->groups.size(), 2u);
  EXPECT_EQ(file->groups[0].name, "g");
  EXPECT_EQ(file->groups[0].file, path);
  EXPECT_EQ(file->groups[0].rules.at(0).line, 13);
  EXPECT_EQ(file->groups[1].rules.at(0).name, "A");

  file = load(
      R"({"apiVersion":"v1","kind":"List","items":[{"apiVersion":"monitoring.coreos.com/v1",)"
      R"("kind":"PrometheusRule","spec":{"groups":[{"name":"g","rules":[{"record":"r","expr":"1"}]}]}}]})");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->groups.at(0).rules.at(0).name, "r");

  struct Case {
    const char* what;
    std::string text;
    std::string want;
  };
  const Case cases[] = {
      {"by the lines of the file", other + "---\n" + rule_head + "  groups: [{nam: g}]\n",
       ":10:12: the key \"name\" is missing"},
      {"without a spec", "apiVersion: v1\nkind: PrometheusRule\n", ":1:1: the key \"spec\" is missing"},
      {"no YAML", rule_head + "  groups: [\n", ":5:11: the \"[\" of this list is not closed"},
      {"a group twice", rule_head + "  groups: [{name: g}]\n---\n" + rule_head + "  groups: [{name: g}]\n",
       ": two PrometheusRules in it have a group \"g\""},
      {"none", "apiVersion: v1\nkind: ConfigMap\ndata: {a: PrometheusRule}\n",
       ": of Kubernetes' objects a PrometheusRule holds rules, and there is none in it"},
  };
  for (const Case& c : cases) {
    file = load(c.text);
    ASSERT_FALSE(file) << c.what;
    EXPECT_THAT(file.error().message, HasSubstr(path + c.want)) << c.what;
  }
}

}  // namespace
}  // namespace sidelight::rules
