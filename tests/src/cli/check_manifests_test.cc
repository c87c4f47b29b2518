// `sidelight check -`: objects of Kubernetes, as `helm template` prints them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "src/cli/check.h"
#include "tests/support/folder.h"

namespace sidelight::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kDeployment[] = R"(---
# Source: checkout/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  template:
    spec:
      initContainers:
        - name: sidelight
          env:
            - {name: PORT, value: "8081"}
            - {name: TENANT, valueFrom: {secretKeyRef: {name: tenant, key: id}}}
)";

constexpr char kTap[] =
    "    taps: [{name: api, protocol: http, listen: \"0.0.0.0:8080\", upstream: \"127.0.0.1:8081\"}]\n";

std::string ConfigMap(const std::string& config, const std::string& others = "") {
  return "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: side\ndata:\n" + others +
         "  sidelight.yaml: |\n" + config;
}

std::string PrometheusRule(const std::string& spec) {
  return "---\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: team\nspec:\n" +
         spec;
}

Report Checked(const std::string& input) {
  std::istringstream stream(input);
  return RunCheck(
      {.files = {"-"}}, [](const std::string&) { return std::nullopt; }, stream);
}

TEST(CheckManifestsTest, EverythingThatIsForUs) {
  constexpr char kOthers[] = R"(  team.rules: |
    groups: [{name: g, rules: [{record: a, expr: 1}]}]
  other.yaml: |
    neither: named
  notes.txt: |
    taps: many
  shop.py: |
    taps = [
)";
  const Report report =
      Checked(kDeployment +
              ConfigMap(std::string("    service: shop\n    rule_files: [team.rules]\n") + kTap, kOthers) +
              PrometheusRule("  groups: [{name: g, rules: [{record: a, expr: 1}, {record: b, expr: 1}]}]\n"));
  EXPECT_EQ(report.errors, "");
  EXPECT_EQ(report.output,
            "ConfigMap/side/sidelight.yaml: ok\n"
            "ConfigMap/side/team.rules: ok (1 rule)\n"
            "PrometheusRule/team: ok (2 rules)\n");
  EXPECT_EQ(report.exit_code, 0);
}

TEST(CheckManifestsTest, WhatIsWrongAndWhere) {
  struct Case {
    const char* what;
    std::string input;
    const char* want;
  };
  const Case cases[] = {
      {"the configuration, by its own lines", ConfigMap(std::string("    servce: shop\n") + kTap),
       "ConfigMap/side/sidelight.yaml:1:1: unknown key \"servce\"; did you mean \"service\"?\nservce: "
       "shop\n^\n"},
      {"no taps", ConfigMap("    service: shop\n"),
       "ConfigMap/side/sidelight.yaml:1:1: the key \"taps\" is missing"},
      {"a configuration of another name",
       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  side.yml: |\n    taps: []\n",
       "ConfigMap/x/side.yml:1:7:"},
      {"a rule file",
       ConfigMap(std::string("    rule_files: [\"*.yaml\"]\n") + kTap,
                 "  a.yaml: |\n    groups:\n    - nam: a\n"),
       "ConfigMap/side/a.yaml:2:3: unknown key \"nam\""},
      {"a rule file of an absolute name",
       ConfigMap(std::string("    rule_files: [/etc/sidelight/a.yaml]\n") + kTap,
                 "  a.yaml: |\n    groups: 1\n"),
       "ConfigMap/side/a.yaml:1:9: "},
      {"a rule file that is not there", ConfigMap(std::string("    rule_files: [a.yaml]\n") + kTap),
       "ConfigMap/side/sidelight.yaml: the rule file ConfigMap/side/a.yaml is not in the ConfigMap\n"},
      {"a rule of the Operator, by the stream's lines",
       kDeployment + PrometheusRule("  groups:\n  - name: g\n    rules:\n    - {record: a, expr: 'sum('}\n"),
       "PrometheusRule/team:23:"},
      {"a PrometheusRule without spec", "apiVersion: v1\nkind: PrometheusRule\nmetadata: {name: x}\n",
       "PrometheusRule/x:1:1: the key \"spec\" is missing"},
      {"a variable that no container has", ConfigMap(std::string("    service: ${env:NOBODY}\n") + kTap),
       "ConfigMap/side/sidelight.yaml:1:10: "},
      {"what is no YAML", "apiVersion: v1\nkind: ConfigMap\n---\ntaps: [\n", "standard input:4:"},
      {"nothing for us", kDeployment, "standard input: there is nothing in it for Sidelight"},
      {"nothing at all", "\n", "standard input: it is empty"},
  };
  for (const Case& c : cases) {
    const Report report = Checked(c.input);
    EXPECT_THAT(report.errors, HasSubstr(c.want)) << c.what;
    EXPECT_EQ(report.exit_code, 1) << c.what << '\n' << report.output << report.errors;
  }
}

TEST(CheckManifestsTest, WhatIsNotOursMayBeLarge) {
  const std::string dashboard = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata:\n  d.json: \"" +
                                std::string(1 << 20, 'x') + "\"\n";
  const Report report = Checked(dashboard + "---\n" + ConfigMap(kTap) + "---\n" + dashboard);
  EXPECT_EQ(report.exit_code, 0) << report.errors;
}

TEST(CheckManifestsTest, AStreamMayBeLong) {
  std::string others;
  for (int i = 0; i < 70'000; ++i) others += "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
  const Report good = Checked(others + ConfigMap(kTap) + PrometheusRule("  groups: []\n"));
  EXPECT_EQ(good.errors, "");
  EXPECT_EQ(good.output, "ConfigMap/side/sidelight.yaml: ok\nPrometheusRule/team: ok (0 rules)\n");
  EXPECT_THAT(Checked(others + PrometheusRule("  groups: [{nam: g}]\n")).errors,
              HasSubstr("PrometheusRule/team:280007:12: the key \"name\" is missing"));
}

// As `kubectl get prometheusrules,configmaps -o yaml` prints them, and with `-o json`.
TEST(CheckManifestsTest, Lists) {
  constexpr char kYaml[] = R"(apiVersion: v1
items:
- apiVersion: monitoring.coreos.com/v1
  kind: PrometheusRule
  metadata:
    name: team
  spec:
    groups:
    - name: g
      rules:
      - expr: sum(
        record: a
- apiVersion: v1
  data:
    d.json: '[LARGE]'
  kind: ConfigMap
  metadata:
    name: dashboard
- apiVersion: v1
  data:
    sidelight.yaml: |
      servce: shop
      taps: [{name: api, protocol: http, listen: "0.0.0.0:8080", upstream: "127.0.0.1:8081"}]
  kind: ConfigMap
  metadata:
    name: side
kind: List
metadata:
  resourceVersion: ""
)";
  constexpr char kJson[] =
      R"({"apiVersion": "v1", "items": [{"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",)"
      R"("metadata": {"name": "team"}, "spec": {"groups": [{"name": "g", "rules": [{"record": "a",)"
      R"("expr": "sum("}]}]}},)"
      R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dashboard"}, "data": {"d.json": "[LARGE]"}},)"
      R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "side"}, "data": {"sidelight.yaml":)"
      R"("servce: shop\ntaps: [{name: api, protocol: http, listen: '0.0.0.0:8080', upstream: '127.0.0.1:8081'}]\n"}}],)"
      R"("kind": "List", "metadata": {"resourceVersion": ""}})";
  struct Case {
    const char* what;
    std::string input;
    const char* where;
  };
  for (const Case& c : {Case{"YAML", kYaml, "PrometheusRule/team:11:19: PromQL"},
                        Case{"JSON", kJson, "PrometheusRule/team:1:202: PromQL"}}) {
    std::string input = c.input;
    input.replace(input.find("LARGE"), 5, std::string(1 << 20, 'x'));
    const Report report = Checked(input);
    EXPECT_THAT(report.errors, HasSubstr(c.where)) << c.what;
    EXPECT_THAT(report.errors, HasSubstr("ConfigMap/side/sidelight.yaml:1:1: unknown key \"servce\""))
        << c.what;
    EXPECT_THAT(report.errors, ::testing::Not(HasSubstr("standard input"))) << c.what;
  }
}

TEST(CheckManifestsTest, AFileOfRulesInAConfiguration) {
  const TestFolder own;
  const std::filesystem::path& folder = own.path();
  std::ofstream(folder / "team.yaml")
      << PrometheusRule("  groups: [{name: g, rules: [{record: a, expr: 1}]}]\n");
  std::ofstream(folder / "sidelight.yaml") << "rule_files: [team.yaml]\n" << std::string(kTap).substr(4);
  const Report report =
      RunCheck({.files = {folder / "sidelight.yaml"}}, [](const std::string&) { return std::nullopt; });
  EXPECT_EQ(report.errors, "");
  EXPECT_THAT(report.output, HasSubstr("team.yaml: ok (1 rule)\n"));
}

// What a Secret holds nobody knows here; that there is one is enough.
TEST(CheckManifestsTest, VariablesOfContainers) {
  const std::string config =
      "    service: \"${env:TENANT}\"\n"
      "    taps: [{name: api, protocol: http, listen: \"0.0.0.0:8080\", upstream: "
      "\"127.0.0.1:${env:PORT}\"}]\n";
  const Report report = Checked(ConfigMap(config) + kDeployment);
  EXPECT_EQ(report.errors, "");
  EXPECT_EQ(report.output, "ConfigMap/side/sidelight.yaml: ok\n");
}

TEST(CheckManifestsTest, WildcardsThatMatchNothingAreAWarning) {
  const Report report = Checked(ConfigMap(std::string("    rule_files: [rules/*.yaml]\n") + kTap));
  EXPECT_EQ(
      report.errors,
      "warning: ConfigMap/side/sidelight.yaml: there is no rule file ConfigMap/side/rules/*.yaml in the "
      "ConfigMap\n");
  EXPECT_EQ(report.exit_code, 0);
}

TEST(CheckManifestsTest, AFileWithObjects) {
  const TestFolder folder;
  const std::filesystem::path file = folder.path() / "check_manifests.yaml";
  std::ofstream(file) << ConfigMap(std::string("    rule_files: [a.yaml]\n") + kTap)
                      << PrometheusRule("  groups: [{name: g, rules: [{record: a, expr: 1}]}]\n");
  const Report report = RunCheck({.files = {file}}, [](const std::string&) { return std::nullopt; });
  const std::string path = file.string() + ": ConfigMap/side/";
  EXPECT_EQ(report.errors,
            path + "sidelight.yaml: the rule file " + path + "a.yaml is not in the ConfigMap\n");
  EXPECT_EQ(report.output,
            path + "sidelight.yaml: ok\n" + file.string() + ": PrometheusRule/team: ok (1 rule)\n");
  EXPECT_EQ(report.exit_code, 1);
}

}  // namespace
}  // namespace sidelight::cli
