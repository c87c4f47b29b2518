// `sidelight check` over files in a folder of its own.
#include "src/cli/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/folder.h"

namespace sidelight::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kGood[] = "groups: [{name: g, rules: [{record: a, expr: 1}, {record: b, expr: a}]}]\n";
constexpr char kTaps[] =
    "service: shop\ntaps: [{name: api, protocol: http, listen: \"127.0.0.1:8080\", upstream: "
    "\"127.0.0.1:8081\"}]\n";

class CheckTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }
  static Report Run(const std::vector<std::string>& files, const std::string& config = "") {
    return RunCheck({.files = files, .config_path = config},
                    [](const std::string&) -> std::optional<std::string> { return std::nullopt; });
  }

  const TestFolder own_folder_;
  const std::filesystem::path& folder_ = own_folder_.path();
};

TEST_F(CheckTest, ALineForEachFileWithItsRules) {
  const std::string two = Write("two.yaml", kGood);
  const std::string one = Write("one.yaml", "groups: [{name: g, rules: [{alert: A, expr: vector(1)}]}]");
  const std::string none = Write("none.yaml", "groups: []");
  const Report report = Run({two, one, none});
  EXPECT_EQ(report.output, two + ": ok (2 rules)\n" + one + ": ok (1 rule)\n" + none + ": ok (0 rules)\n");
  EXPECT_EQ(report.errors, "");
  EXPECT_EQ(report.exit_code, 0);
}

TEST_F(CheckTest, AWrongFileIsSaidWholeAndTheOthersAreStillChecked) {
  const std::string wrong = Write("wrong.yaml", "groups:\n- name: g\n  intervall: 1s\n- nam: h\n");
  const std::string good = Write("good.yaml", kGood);
  const std::string missing = folder_ / "missing.yaml";
  const Report report = Run({wrong, missing, good});
  EXPECT_EQ(report.output, good + ": ok (2 rules)\n");
  EXPECT_THAT(report.errors,
              HasSubstr(wrong + ":3:3: unknown key \"intervall\"; did you mean \"interval\"?\n"));
  EXPECT_THAT(report.errors, HasSubstr(wrong + ":4:3: the key \"name\" is missing\n"));
  EXPECT_THAT(report.errors, HasSubstr(wrong + ":4:3: unknown key \"nam\"; did you mean \"name\"?\n"));
  EXPECT_THAT(report.errors, HasSubstr(missing + ": cannot be read: No such file or directory\n"));
  EXPECT_EQ(report.exit_code, 1);
}

TEST_F(CheckTest, AWordOfPromtoolsIsNoFile) {
  // Whether there is a folder of that name or not.
  EXPECT_THAT(Run({"rules"}).errors,
              HasSubstr("; `sidelight check` takes files alone, and tells what is in each\n"));
}

TEST_F(CheckTest, WhatAFileIsFor) {
  struct Case {
    std::string text;
    std::string want;  // behind the file's name
  };
  const Case cases[] = {
      {"gruops: []\n", ":1:1: unknown key \"gruops\"; did you mean \"groups\"?\n"},
      {"group: []\n", ":1:1: unknown key \"group\"; did you mean \"groups\"?\n"},
      {"rule_files: [a]\ntests: []\n", ": these are unit tests of rules; `sidelight test rules "},
      {"service: x\n", ":1:1: the key \"taps\" is missing\n"},
      {"taps: []\ngroups_: 1\n", ":2:1: unknown key \"groups_\""},
      {"groups: [\n", ":1:9: the \"[\" of this list is not closed"},
      {"", ":1:1: the key \"taps\" is missing\n"},
  };
  for (const Case& c : cases) {
    const std::string file = Write("file.yaml", c.text);
    const Report report = Run({file});
    EXPECT_THAT(report.errors, HasSubstr(file + c.want)) << c.text;
    EXPECT_EQ(report.output, "") << c.text;
    EXPECT_EQ(report.exit_code, 1) << c.text;
  }
}

TEST_F(CheckTest, WarningsLeaveTheExitCode) {
  const std::string file =
      Write("r.yaml",
            "groups:\n- name: g\n  rules:\n  - {record: a, expr: 1}\n  - {record: a, expr: 2}\n---\nx: 1\n");
  const Report report = Run({file});
  EXPECT_EQ(report.output, file + ": ok (2 rules)\n");
  EXPECT_EQ(report.errors,
            "warning: " + file +
                ":6:1: a second document begins here; only the first is read, and what follows is ignored\n"
                "warning: " +
                file + ":5: a: a rule of this name, with the same labels, is already in line 4\n");
  EXPECT_EQ(report.exit_code, 0);
}

// Without a configuration only labels of well-known metrics can be judged; with one, names and ranges too.
TEST_F(CheckTest, WhatTheConfigurationAdds) {
  const std::string rules = Write("r.yaml", R"(groups:
- name: g
  rules:
  - {record: a, expr: 'http_server_request_duration_seconds_count{status="500"}'}
  - {record: b, expr: 'rate(feature_api_request_total[3h])'}
)");
  const std::string label = ":4: a: the metric \"http_server_request_duration_seconds_count\" has no label";
  EXPECT_THAT(Run({rules}).errors, HasSubstr(rules + label));
  EXPECT_THAT(Run({rules}).errors, Not(HasSubstr(": b: ")));

  const std::string config = Write(
      "sidelight.yaml",
      "taps: [{name: api, protocol: http, listen: \"127.0.0.1:8080\", upstream: \"127.0.0.1:8081\", naming: "
      "{style: plain, prefix: feature_api}}]\nstorage: {retention: 2h}\n");
  const Report report = Run({rules}, config);
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.output, rules + ": ok (2 rules)\n");
  EXPECT_THAT(
      report.errors,
      HasSubstr(rules + ":4: a: nothing gives the metric \"http_server_request_duration_seconds_count\"\n"));
  EXPECT_THAT(
      report.errors,
      HasSubstr(rules +
                ":5: b: its expression looks 3h back, and the storage keeps 2h (storage.retention)\n"));
  EXPECT_THAT(report.errors,
              HasSubstr(rules + ":5: b: nothing gives the metric \"feature_api_request_total\"; did "
                                "you mean \"feature_api_requests_total\"?\n"));
}

TEST_F(CheckTest, BothNamings) {
  const std::string plain = Write("plain.yaml", R"(groups:
- name: g
  rules:
  - alert: HighErrorRate
    expr: rate(feature_api_requests_total{status_code=~"5.."}[5m]) > 0.05
    annotations: {summary: "{{ $labels.endpoint }} {{ $labels.method }}"}
  - {alert: Slow, expr: 'histogram_quantile(0.95, feature_api_duration_seconds) > 0.2'}
  - {alert: Slower, expr: 'histogram_quantile(0.95, sum by (le) (rate(feature_api_duration_seconds_bucket[5m])))'}
)");
  const std::string otel = Write("otel.yaml", R"(groups:
- name: g
  rules:
  - alert: Errors
    expr: sum by (tap, http_route) (rate(http_server_request_duration_seconds_count{error_type!~"|client_gone"}[5m]))
    annotations: {summary: "{{ $labels.http_route }} of {{ $labels.tap }}"}
)");
  const std::string tap =
      "{name: api, protocol: http, listen: \"127.0.0.1:8080\", upstream: \"127.0.0.1:8081\"";
  const std::string naming = ", naming: {style: plain, prefix: feature_api}";
  const std::string with_plain = Write("a.yaml", "taps: [" + tap + naming + "}]\n");
  const std::string with_otel = Write("b.yaml", "taps: [" + tap + "}]\n");
  EXPECT_EQ(Run({plain}, with_plain).errors, "");
  EXPECT_EQ(Run({otel}, with_otel).errors, "");
  EXPECT_THAT(Run({otel}, with_plain).errors, HasSubstr("nothing gives the metric"));
  EXPECT_THAT(Run({plain}, with_otel).errors, HasSubstr("nothing gives the metric"));
}

TEST_F(CheckTest, AConfigurationBringsItsRules) {
  Write("rules/one.yaml", kGood);
  Write("rules/two.yaml", "groups: [{name: g, rules: [{record: c, expr: b}, {record: d, expr: nothing}]}]");
  Write("rules/wrong.txt", "groups: 1");
  const std::string config = Write("sidelight.yaml", std::string(kTaps) + "rule_files: [rules/*.yaml]\n");
  const Report report = Run({config});
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.output, config + ": ok\n" + folder_.string() + "/rules/one.yaml: ok (2 rules)\n" +
                               folder_.string() + "/rules/two.yaml: ok (2 rules)\n");
  EXPECT_EQ(report.errors,
            "warning: " + folder_.string() + "/rules/two.yaml:1: d: nothing gives the metric \"nothing\"\n");

  Write("rules/three.yaml", "groups: 1");
  const Report wrong = Run({config});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.errors, StartsWith(folder_.string() + "/rules/three.yaml:1:9: expected a list"));
  EXPECT_THAT(wrong.output, HasSubstr("one.yaml: ok"));
}

// A rule file that is checked by itself may use what the configuration's others record.
TEST_F(CheckTest, RulesOfTheConfigurationAreKnown) {
  Write("rules/one.yaml", kGood);
  const std::string config = Write("sidelight.yaml", std::string(kTaps) + "rule_files: [rules/*.yaml]\n");
  const std::string file = Write("new.yaml", "groups: [{name: g, rules: [{record: c, expr: b}]}]");
  EXPECT_EQ(Run({file}, config).errors, "");
  EXPECT_EQ(Run({file}, config).output, file + ": ok (1 rule)\n");
}

TEST_F(CheckTest, RuleFilesThatAreNotThere) {
  const std::string config =
      Write("sidelight.yaml", std::string(kTaps) + "rule_files: [none/*.yaml, gone.yaml]\n");
  const Report report = Run({config});
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_THAT(report.errors, HasSubstr("warning: " + config + ": there is no rule file " + folder_.string() +
                                       "/none/*.yaml\n"));
  EXPECT_THAT(report.errors,
              HasSubstr(config + ": the rule file " + folder_.string() + "/gone.yaml is not there\n"));
}

TEST_F(CheckTest, Packs) {
  const std::string config = Write("sidelight.yaml", std::string(kTaps) + "packs: [http, slo]\n");
  const Report report = Run({config});
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_THAT(report.output, StartsWith(config + ": ok\npack:http: ok ("));
  EXPECT_THAT(report.output, HasSubstr("\npack:slo: ok ("));
  EXPECT_EQ(report.errors, "");

  const std::string shorter =
      Write("shorter.yaml", std::string(kTaps) + "packs: [slo]\nstorage: {retention: 1h}\n");
  EXPECT_EQ(Run({shorter}).exit_code, 0);
  EXPECT_THAT(Run({shorter}).errors, StartsWith("warning: pack:slo:"));
  EXPECT_THAT(Run({shorter}).errors,
              HasSubstr("looks 2h back, and the storage keeps 1h (storage.retention)\n"));
}

TEST_F(CheckTest, AWrongConfigurationIsAllThatIsSaid) {
  const std::string config = Write("sidelight.yaml", "service: x\n");
  const std::string rules = Write("r.yaml", kGood);
  const Report report = Run({rules}, config);
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(report.output, "");
  EXPECT_THAT(report.errors, StartsWith(config + ":1:1: the key \"taps\" is missing\n"));
}

}  // namespace
}  // namespace sidelight::cli
