// What is in force after a reload, and what waits for a restart. That every key of the documentation is in
// one of the two classes is documentation_test.cc's.
#include "src/config/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace sidelight::config {
namespace {

using ::testing::IsEmpty;

constexpr char kTap[] = "{name: a, protocol: http, listen: 127.0.0.1:1, upstream: 127.0.0.1:2}";

std::optional<std::string> NoEnvironment(const std::string&) {
  return std::nullopt;
}

Config Read(const std::string& text) {
  Result<Config> config = Parse(text, "f.yaml", NoEnvironment);
  EXPECT_TRUE(config) << text << (config ? "" : config.error().message);
  return config ? *std::move(config) : Config();
}

// With a tap.
Config With(const std::string& text) {
  return Read(text + "taps: [" + kTap + "]\n");
}

Config WithTaps(const std::string& taps) {
  return Read("taps: [" + taps + "]\n");
}

TEST(ReloadTest, NothingWaitsForWhatIsOnlyWrittenInAnotherWay) {
  const Config running = With(
      "interval: 5s\nstorage: {memory: 64MiB, retention: 2h}\nlimits: {drain_delay: 0}\n"
      "metric_relabel_configs: [{action: labeldrop, regex: a}]\n");
  const Config fresh = With(
      "interval: 5000ms\nstorage: {retention: 120m}\nworkers: 1\nlisten: 0.0.0.0:9464\n"
      "metric_relabel_configs: [{regex: \"a\", action: labeldrop, separator: \";\"}]\n");
  EXPECT_THAT(AfterReload(running, fresh, true).waiting, IsEmpty());
}

TEST(ReloadTest, WhatWaitsIsNamedAndStaysInForce) {
  const std::string write = "exporters: {remote_write: [{url: \"http://a:1\", name: m";
  const struct {
    std::string running;
    std::string fresh;
    std::vector<std::string> waiting;
    std::string shown;  // of the configuration then; "": as `fresh` is
  } kRows[] = {
      {"interval: 1s\n",
       "interval: 2s\nlog: {level: warn}\n",
       {"interval"},
       "interval: 1s\nlog: {level: warn}\n"},
      {"", "interval: 1s\nlog: {level: warn}\n", {"interval"}, "log: {level: warn}\n"},
      {"web: {lifecycle: any}\n", "", {"web.lifecycle"}, ""},
      {"limits: {series: 7, connections: 8}\n",
       "limits: {connections: 9, series: 7, drain: 1s}\n",
       {"limits.connections", "limits.drain"},
       "limits: {connections: 8, series: 7}\n"},
      {"alerting: {resend_delay: 1m}\n", "alerting: {resend_delay: 2m}\n", {}, ""},
      {"exporters: {queue: {max_size: 16MiB, max_age: 1h}}\n",
       "exporters: {otlp: [{endpoint: \"http://a:1\"}], queue: {max_size: 32MiB, max_age: 1h}}\n",
       {"exporters.queue.max_size"},
       "exporters: {otlp: [{endpoint: \"http://a:1\"}], queue: {max_size: 16MiB, max_age: 1h}}\n"},
      {write + ", queue_config: {max_shards: 2}}]}\n",
       "exporters: {remote_write: [{url: \"http://b:1\", queue_config: {max_shards: 9}}, {url: "
       "\"http://a:1\", "
       "name: m, remote_timeout: 3s}]}\n",
       {"exporters.remote_write[m].queue_config.max_shards"},
       "exporters: {remote_write: [{url: \"http://b:1\", queue_config: {max_shards: 9}}, {url: "
       "\"http://a:1\", "
       "name: m, remote_timeout: 3s, queue_config: {max_shards: 2}}]}\n"},
      {write + "}]}\n",
       write + ", queue_config: {max_shards: 2}}]}\n",
       {"exporters.remote_write[m].queue_config.max_shards"},
       write + "}]}\n"},
      {"metric_relabel_configs: [{action: labeldrop, regex: a}]\n",
       "metric_relabel_configs: [{action: labeldrop, regex: b}]\n",
       {"metric_relabel_configs"},
       "metric_relabel_configs: [{action: labeldrop, regex: a}]\n"},
  };
  for (const auto& row : kRows) {
    const std::string what = row.running + "then\n" + row.fresh;
    const Reload reload = AfterReload(With(row.running), With(row.fresh), true);
    EXPECT_EQ(reload.waiting, row.waiting) << what;
    const bool as_fresh = row.shown.empty() && row.waiting.empty();
    const std::string shown = yaml::ToYaml(reload.config.shown);
    // Taps come last in what is written here, and what was added stands behind them.
    const Config wanted = With(as_fresh ? row.fresh : row.shown.empty() ? row.running : row.shown);
    const Config again = Read(shown);
    EXPECT_EQ(yaml::ToYaml(again.shown), shown) << what;
    EXPECT_THAT(AfterReload(wanted, again, true).waiting, IsEmpty()) << what << "is shown as\n" << shown;
    EXPECT_EQ(again.shown.children.size(), wanted.shown.children.size()) << shown;
    EXPECT_EQ(reload.config.interval, wanted.interval) << what;
    EXPECT_EQ(reload.config.web.lifecycle, wanted.web.lifecycle) << what;
    EXPECT_EQ(reload.config.limits.connections, wanted.limits.connections) << what;
    EXPECT_EQ(reload.config.log.level, wanted.log.level) << what;
    EXPECT_EQ(reload.config.alerting.resend_delay, wanted.alerting.resend_delay) << what;
    EXPECT_EQ(reload.config.exporters.queue.max_bytes, wanted.exporters.queue.max_bytes) << what;
    EXPECT_EQ(reload.config.exporters.remote_write, wanted.exporters.remote_write) << what;
    EXPECT_EQ(reload.config.metric_relabel_configs, wanted.metric_relabel_configs) << what;
  }
}

TEST(ReloadTest, TapsAreNamedOneByOne) {
  const std::string a = kTap;
  const std::string b = "{name: b, protocol: redis, listen: 127.0.0.1:3, upstream: 127.0.0.1:4}";
  const std::string other_a =
      "{name: a, protocol: http, listen: 127.0.0.1:1, upstream: 127.0.0.1:2, routes: [/x]}";
  const struct {
    std::string running;
    std::string fresh;
    std::vector<std::string> waiting;
  } kRows[] = {
      {a, a, {}},
      {a + ", " + b, b + ", " + a, {}},
      {a, a + ", " + b, {"taps[b]"}},
      {a + ", " + b, b, {"taps[a]"}},
      {a + ", " + b, other_a + ", " + b, {"taps[a]"}},
  };
  for (const auto& row : kRows) {
    const Config running = WithTaps(row.running);
    const Reload reload = AfterReload(running, WithTaps(row.fresh), true);
    EXPECT_EQ(reload.waiting, row.waiting) << row.running << " then " << row.fresh;
    EXPECT_EQ(reload.config.taps, running.taps) << row.running << " then " << row.fresh;
    EXPECT_EQ(yaml::ToYaml(reload.config.shown), yaml::ToYaml(running.shown));
  }
}

// The first destinations may come with a reload, and the settings of their queue with them.
TEST(ReloadTest, AQueueThatIsNotOpenYetTakesItsSettings) {
  const Reload reload = AfterReload(With(""), With("exporters: {queue: {max_age: 1h}}\n"), false);
  EXPECT_THAT(reload.waiting, IsEmpty());
  EXPECT_EQ(reload.config.exporters.queue.max_age, std::chrono::hours(1));
}

TEST(ReloadTest, WhoWeAreStays) {
  const Config running = With("service: shop\nexternal_labels: {cluster: a}\n");
  const struct {
    std::string fresh;
    Labels wanted;
  } kRows[] = {
      {"service: cart\nexternal_labels: {cluster: b}\n", Labels{{"cluster", "b"}, {"service", "shop"}}},
      {"service: cart\nexternal_labels: {service: x}\n", Labels{{"service", "x"}}},
      {"service: cart\nexternal_labels: {service: \"\"}\n", Labels{}},
  };
  for (const auto& row : kRows) {
    const Reload reload = AfterReload(running, With(row.fresh), true);
    EXPECT_THAT(reload.waiting, ::testing::ElementsAre("service")) << row.fresh;
    EXPECT_EQ(reload.config.service, "shop") << row.fresh;
    EXPECT_EQ(reload.config.external_labels, row.wanted) << row.fresh;
    EXPECT_EQ(reload.config.alerting.settings.external_labels, row.wanted) << row.fresh;
    EXPECT_EQ(reload.config.exporters.resource, running.exporters.resource) << row.fresh;
  }
}

TEST(ReloadTest, TheLongestKeyCounts) {
  EXPECT_EQ(EffectOf("exporters.remote_write[].queue_config.max_samples_per_send"), Effect::kReload);
  EXPECT_EQ(EffectOf("exporters.remote_write[].queue_config.max_shards"), Effect::kRestart);
  EXPECT_EQ(EffectOf("taps[].naming.style"), Effect::kRestart);
  EXPECT_EQ(EffectOf("log"), Effect::kReload);
  EXPECT_EQ(EffectOf("logs"), std::nullopt);
  EXPECT_EQ(EffectOf("limits.other"), std::nullopt);
}

}  // namespace
}  // namespace sidelight::config
