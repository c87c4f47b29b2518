#include "exporters/alertmanager/settings.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/alertmanager/post.h"

namespace sidelight::alertmanager {
namespace {

using ::testing::HasSubstr;

struct Read {
  Settings settings;
  Status status;
};

Read ReadFrom(const std::string& text) {
  yaml::Document document = yaml::Document::Parse(text, "a.yaml", {});
  Read read;
  yaml::Mapping root = document.Root().AsMapping();
  Decode(root, &read.settings);
  root.Finish();
  read.status = document.status();
  return read;
}

std::vector<std::string> Endpoints(const Settings& settings) {
  std::vector<std::string> endpoints;
  for (const Destination& destination : settings.alertmanagers) endpoints.push_back(Endpoint(destination));
  return endpoints;
}

TEST(SettingsTest, Where) {
  const struct {
    const char* entries;
    std::vector<std::string> wanted;
  } cases[] = {
      {"[{url: 'http://am:9093'}]", {"http://am:9093/api/v2/alerts"}},
      {"[{url: 'http://am:9093/'}]", {"http://am:9093/api/v2/alerts"}},
      {"[{url: 'http://am/alerts/'}]", {"http://am/alerts/api/v2/alerts"}},
      {"[{url: 'https://am'}]", {"https://am/api/v2/alerts"}},
      {"[{url: 'http://am/a', path_prefix: /b/}]", {"http://am/a/b/api/v2/alerts"}},
      {"[{url: 'http://am', path_prefix: b}]", {"http://am/b/api/v2/alerts"}},
      {"[{url: 'http://am', path_prefix: /}]", {"http://am/api/v2/alerts"}},
      {"[{url: 'http://[::1]:9093'}, {url: 'http://b:1'}]",
       {"http://[::1]:9093/api/v2/alerts", "http://b:1/api/v2/alerts"}},
      {"[{static_configs: [{targets: ['a:9093', 'b:9093']}, {targets: [c]}]}]",
       {"http://a:9093/api/v2/alerts", "http://b:9093/api/v2/alerts", "http://c/api/v2/alerts"}},
      {"[{scheme: https, path_prefix: /am/, api_version: v2, static_configs: [{targets: ['a:9093']}]}]",
       {"https://a:9093/am/api/v2/alerts"}},
      {"[{scheme: http, static_configs: [{targets: []}]}]", {}},
      {"[]", {}},
  };
  for (const auto& c : cases) {
    const Read read = ReadFrom(fmt::format("alertmanagers: {}\n", c.entries));
    EXPECT_TRUE(read.status) << c.entries << "\n" << read.status.error().message;
    EXPECT_EQ(Endpoints(read.settings), c.wanted) << c.entries;
  }
  EXPECT_TRUE(ReadFrom("{}").settings.alertmanagers.empty());
}

TEST(SettingsTest, How) {
  const Read read = ReadFrom(R"(
alert_relabel_configs:
  - {action: labeldrop, regex: replica}
alertmanagers:
  - static_configs: [{targets: [a, b]}]
    timeout: 3s
    basic_auth: {username: us, password: secret}
    alert_relabel_configs:
      - {source_labels: [team], target_label: to}
  - url: http://c
)");
  ASSERT_TRUE(read.status) << read.status.error().message;
  ASSERT_EQ(read.settings.alert_relabel_configs.size(), 1u);
  EXPECT_EQ(read.settings.alert_relabel_configs[0].action, relabel::Action::kLabelDrop);
  ASSERT_EQ(read.settings.alertmanagers.size(), 3u);
  for (size_t i : {0, 1}) {
    const Destination& destination = read.settings.alertmanagers[i];
    EXPECT_EQ(destination.timeout, std::chrono::seconds(3));
    ASSERT_EQ(destination.alert_relabel_configs.size(), 1u);
    EXPECT_EQ(destination.alert_relabel_configs[0].target_label, "to");
    ASSERT_TRUE(destination.client.basic_auth);
    EXPECT_EQ(destination.client.basic_auth->username.value.Reveal(), "us");
    EXPECT_EQ(destination.client.basic_auth->password.value.Reveal(), "secret");
  }
  EXPECT_EQ(read.settings.alertmanagers[2].timeout, std::chrono::seconds(10));
  EXPECT_FALSE(read.settings.alertmanagers[2].client.basic_auth);
  EXPECT_EQ(read.settings.queue_capacity, 10'000u);
  EXPECT_EQ(read.settings.max_batch, 256u);
}

TEST(SettingsTest, WhatIsWrong) {
  const struct {
    const char* text;
    const char* wanted;
  } cases[] = {
      {"alertmanagers: [{url: 'ftp://am'}]", "ftp://am"},
      {"alertmanagers: [{url: am:9093}]", "\"am:9093\" is not a URL"},
      {"alertmanagers: [{url: 'http://us:pass@am'}]", "has a user in it"},
      {"alertmanagers: [{}]", "an Alertmanager needs a url"},
      {"alertmanagers: [{urls: 'http://am'}]", "url"},
      {"alertmanagers: [{url: 'http://am', time_out: 3s}]", "timeout"},
      {"alertmanagers: [{url: 'http://am', timeout: 0s}]", "timeout must be 1ms or more"},
      {"alertmanagers: [{url: 'http://am', static_configs: [{targets: [a]}]}]",
       "a url, or static_configs, and not both"},
      {"alertmanagers: [{url: 'http://am', scheme: http}]", "a url begins with its scheme"},
      {"alertmanagers: [{scheme: gopher, static_configs: [{targets: [a]}]}]", "gopher"},
      {"alertmanagers: [{static_configs: [{}]}]", "targets"},
      {"alertmanagers: [{static_configs: [{target: [a]}]}]", "targets"},
      {"alertmanagers: [{static_configs: [{targets: ['http://a']}]}]",
       "\"http://a\" is no target; write host:port"},
      {"alertmanagers: [{static_configs: [{targets: [a], labels: {b: c}}]}]", "relabelling of targets"},
      {"alertmanagers: [{static_configs: [{targets: [a]}], api_version: v1}]",
       "api_version v1 is not spoken"},
      {"alertmanagers: [{static_configs: [{targets: [a]}], api_version: v3}]", "\"v3\" is no api_version"},
      {"alertmanagers: [{url: 'http://a'}, {url: 'http://a/'}]",
       "http://a/api/v2/alerts is in the list already"},
      {"alertmanagers: [{dns_sd_configs: [{names: [am]}]}]", "Alertmanagers are not discovered"},
      {"alertmanagers: {url: 'http://a'}", "a.yaml:1:16"},
      {"alertmanagers: [http://a]", "a.yaml:1:17"},
      {"alert_relabel_config: []", "alert_relabel_configs"},
  };
  for (const auto& c : cases) {
    const Read read = ReadFrom(c.text);
    ASSERT_FALSE(read.status) << c.text;
    EXPECT_THAT(read.status.error().message, HasSubstr(c.wanted)) << c.text;
  }
}

}  // namespace
}  // namespace sidelight::alertmanager
