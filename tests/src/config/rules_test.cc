// The keys that rules and alerts have.
#include "src/config/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sidelight::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTap =
    "\ntaps: [{name: api, protocol: http, listen: \"127.0.0.1:8080\", upstream: \"b:8081\"}]\n";

Environment With(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

Result<Config> ParseIn(const std::string& path, const std::string& text,
                       const Environment& environment = With({})) {
  return Parse(text + kTap, path, environment);
}

std::string ErrorsOf(const std::string& text, const Environment& environment = With({})) {
  const Result<Config> config = ParseIn("s.yaml", text, environment);
  return config ? "" : config.error().message;
}

TEST(RulesTest, WithoutThemNothingIsEvaluated) {
  const Result<Config> config = ParseIn("s.yaml", "");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->rule_files.empty());
  EXPECT_TRUE(config->packs.empty());
  EXPECT_TRUE(config->alerting.settings.alertmanagers.empty());
  EXPECT_EQ(config->alerting.resend_delay, std::chrono::minutes(1));
  EXPECT_EQ(config->evaluation_interval, std::chrono::seconds(5));
  EXPECT_EQ(config->external_url, "");
  EXPECT_EQ(config->external_labels, (Labels{{"service", "unknown_service"}}));
}

TEST(RulesTest, EveryKey) {
  const Result<Config> config = ParseIn("/etc/sidelight/s.yaml", R"(
service: shop
external_labels: {cluster: eu-1, 'two words': x}
external_url: https://a.example/b/
evaluation_interval: 100ms
rule_files: [rules/*.yaml, /abs/a.yaml]
packs: [slo, http]
alerting:
  resend_delay: 3s
  alert_relabel_configs: [{action: labeldrop, regex: replica}]
  alertmanagers:
    - url: http://a:9093/prefix
      timeout: 3s
      basic_auth: {username: u, password_file: secrets/password}
      tls_config: {ca_file: ca.pem, cert_file: /abs/cert.pem, key_file: key.pem}
    - url: http://b:9093
      authorization: {credentials_file: token}
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->external_labels, (Labels{{"service", "shop"}, {"cluster", "eu-1"}, {"two words", "x"}}));
  EXPECT_EQ(config->external_url, "https://a.example/b");
  EXPECT_EQ(config->evaluation_interval, std::chrono::milliseconds(100));
  EXPECT_THAT(config->rule_files, ElementsAre("/etc/sidelight/rules/*.yaml", "/abs/a.yaml"));
  EXPECT_THAT(config->packs, ElementsAre("slo", "http"));
  EXPECT_EQ(config->alerting.resend_delay, std::chrono::seconds(3));
  const alertmanager::Settings& settings = config->alerting.settings;
  EXPECT_EQ(settings.external_labels, config->external_labels);
  EXPECT_EQ(settings.alert_relabel_configs.size(), 1u);
  ASSERT_EQ(settings.alertmanagers.size(), 2u);
  const alertmanager::Destination& a = settings.alertmanagers[0];
  EXPECT_EQ(a.url.authority, "a:9093");
  EXPECT_EQ(a.timeout, std::chrono::seconds(3));
  ASSERT_TRUE(a.client.basic_auth);
  EXPECT_EQ(a.client.basic_auth->password.file, "/etc/sidelight/secrets/password");
  EXPECT_EQ(a.client.tls.ca_file, "/etc/sidelight/ca.pem");
  EXPECT_EQ(a.client.tls.cert_file, "/abs/cert.pem");
  EXPECT_EQ(a.client.tls.key_file, "/etc/sidelight/key.pem");
  ASSERT_TRUE(settings.alertmanagers[1].client.authorization);
  EXPECT_EQ(settings.alertmanagers[1].client.authorization->credentials.file, "/etc/sidelight/token");
}

TEST(RulesTest, ExternalLabels) {
  const Environment pod = With({{"POD_NAMESPACE", "prod"}, {"POD_NAME", "shop-1"}, {"REGION", "eu"}});
  const std::pair<std::string, Labels> cases[] = {
      {"service: shop", {{"service", "shop"}, {"namespace", "prod"}, {"pod", "shop-1"}}},
      {"external_labels: {}", {{"service", "unknown_service"}, {"namespace", "prod"}, {"pod", "shop-1"}}},
      {"service: shop\nexternal_labels: {pod: \"\", service: other, n: 010, region: \"${env:REGION}\"}",
       {{"service", "other"}, {"namespace", "prod"}, {"n", "010"}, {"region", "eu"}}},
  };
  for (const auto& [text, want] : cases) {
    const Result<Config> config = ParseIn("s.yaml", text, pod);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->external_labels, want) << text << " gave " << config->external_labels.ToString();
  }
  const Result<Config> empty = ParseIn("s.yaml", "", With({{"POD_NAMESPACE", ""}, {"POD_NAME", ""}}));
  EXPECT_EQ(empty->external_labels, (Labels{{"service", "unknown_service"}}));
}

TEST(RulesTest, WrongValues) {
  const std::pair<std::string, std::string> cases[] = {
      {"external_labels: [a]", "s.yaml:1:18: expected a mapping of keys and values, got a list"},
      {"external_labels: {\"\": a}", "s.yaml:1:19: a label's name is empty"},
      {"external_labels: {a: [b]}", "s.yaml:1:22: expected text, got a list"},
      {"external_url: sidelight:9464",
       "s.yaml:1:15: \"sidelight:9464\" is not a URL; write http://host:port/path or https://host"},
      {"evaluation_interval: 10ms", "s.yaml:1:22: it must be at least 100ms"},
      {"evaluation_interval: 5",
       "s.yaml:1:22: expected a duration such as 5s or 1h30m, got \"5\": its unit is missing: y, w, d, h, m, "
       "s or ms"},
      {"rule_files: rules/*.yaml", "s.yaml:1:13: expected a list, got \"rules/*.yaml\""},
      {"rule_files: [\"\"]", "s.yaml:1:14: the pattern is empty; name a file, or several as in rules/*.yaml"},
      {"packs: [htp]", "s.yaml:1:9: \"htp\" is no pack; did you mean \"http\"?"},
      {"packs: [everything]",
       "s.yaml:1:9: \"everything\" is no pack; valid packs: cache, database, export, http, sidelight, slo"},
      {"packs: [slo, http, slo]", "s.yaml:1:20: \"slo\" stands in the list already; remove one of them"},
      {"alerting: {resend_delay: 1ms}", "s.yaml:1:26: it must be at least 100ms"},
      {"alerting: {resend_dely: 1m}",
       "s.yaml:1:12: unknown key \"resend_dely\"; did you mean \"resend_delay\"?"},
      {"rule_file: []", "s.yaml:1:1: unknown key \"rule_file\"; did you mean \"rule_files\"?"},
  };
  for (const auto& [text, want] : cases) {
    const std::string got = ErrorsOf(text);
    EXPECT_EQ(got.substr(0, got.find('\n')), want) << "input: " << text;
    EXPECT_EQ(got.find("s.yaml", 1), std::string::npos) << "more than one error: " << got;
  }
}

TEST(RulesTest, NoErrorShowsASecret) {
  const Environment secret = [](const std::string&) { return std::optional<std::string>("hunter2"); };
  const std::string got = ErrorsOf(
      "external_url: \"${env:A}\"\nevaluation_interval: ${env:A}\npacks: [\"${env:A}\"]\n"
      "rule_files: [\"${env:A}/[\"]\nalerting: {resend_delay: \"${env:A}\", alertmanagers: [{url: "
      "\"${env:A}\", timeout: \"${env:A}\"}, {url: \"http://u:${env:A}@a\"}]}",
      secret);
  EXPECT_THAT(got, HasSubstr("s.yaml:1:15: "));
  EXPECT_THAT(got, HasSubstr("s.yaml:3:9: "));
  EXPECT_THAT(got, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace sidelight::config
