// What the program knows about itself.
#include "src/app/introspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "src/config/command_line.h"
#include "tests/support/fake_clock.h"

namespace sidelight::app {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr char kTaps[] = "taps: [{name: a, protocol: http, listen: 127.0.0.1:0, upstream: 127.0.0.1:9}]\n";

config::Config Parse(const std::string& text) {
  Result<config::Config> config =
      config::Parse(text + kTaps, "a.yaml", [](const std::string&) { return std::nullopt; });
  EXPECT_TRUE(config) << (config ? "" : config.error().message);
  return config ? *config : config::Config();
}

TEST(IntrospectionTest, ShowsTheConfigurationInForce) {
  const FakeClock clock;
  Introspection known(Parse("interval: 1s\nlog: {level: info}\nalerting: {resend_delay: 2m}\n"), clock);
  EXPECT_THAT(known.ConfigText(), HasSubstr("interval: 1s\n"));
  EXPECT_THAT(known.ConfigText(), HasSubstr("log:\n  level: info\n"));
  known.Reloaded(Parse("interval: 1s\nlog: {level: debug}\nrule_files: [x]\nalerting: {resend_delay: 3m}\n"));
  EXPECT_THAT(known.ConfigText(), HasSubstr("interval: 1s\n"));
  EXPECT_THAT(known.ConfigText(), HasSubstr("log:\n  level: debug\n"));
  EXPECT_THAT(known.ConfigText(), HasSubstr("rule_files:\n- x\n"));
  EXPECT_THAT(known.ConfigText(), HasSubstr("alerting:\n  resend_delay: 3m\n"));
  EXPECT_THAT(known.Flags(), Contains(Pair("rules.alert.resend-delay", "3m")));
  EXPECT_THAT(known.Flags(), Contains(Pair("log.level", "debug")));
  // It is a configuration itself.
  EXPECT_TRUE(config::Parse(known.ConfigText(), "shown", [](const std::string&) { return std::nullopt; }))
      << known.ConfigText();
}

TEST(IntrospectionTest, ShowsNoSecretOfAnyRoom) {
  const std::string text = R"(
alerting:
  alertmanagers:
  - url: http://a:9093
    basic_auth: {username: hunter2, password: hunter2}
    http_headers: {X-Key: {secrets: [hunter2], values: [hunter2]}}
    alert_relabel_configs: [{source_labels: [a], target_label: b}]
exporters:
  otlp:
  - endpoint: http://b:4318
    headers: {api-key: hunter2}
    authorization: {type: hunter2, credentials: hunter2}
  remote_write:
  - url: https://c/push
    bearer_token: hunter2
    headers: {X-Scope-OrgID: hunter2}
)";
  const FakeClock clock;
  const Introspection known(Parse(text), clock);
  EXPECT_THAT(known.ConfigText(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(known.ConfigText(), HasSubstr("<secret>"));
  EXPECT_THAT(known.ConfigText(), HasSubstr("  - url: http://a:9093\n"));
}

TEST(IntrospectionTest, ShowsFlagsAsTheFileThatWouldSayTheSame) {
  const Result<config::Config> config = config::FromCommandLine(
      {.taps = {"http://127.0.0.1:80=127.0.0.1:81", "redis://127.0.0.1:82=unix:/run/\"x"},
       .service = "shop",
       .log_format = "text",
       .rules = {"a/*.yaml"},
       .alertmanagers = {"https://am.example:9093/x"}},
      [](const std::string&) { return std::nullopt; });
  ASSERT_TRUE(config);
  const FakeClock clock;
  const std::string shown = Introspection(*config, clock).ConfigText();
  const Result<config::Config> again =
      config::Parse(shown, "shown", [](const std::string&) { return std::nullopt; });
  ASSERT_TRUE(again) << again.error().message << "\n" << shown;
  EXPECT_EQ(again->service, "shop");
  EXPECT_EQ(again->listen, config->listen);
  EXPECT_EQ(again->probe_listen, config->probe_listen);
  EXPECT_EQ(again->log.format, log::Format::kText);
  ASSERT_EQ(again->taps.size(), 2u);
  EXPECT_EQ(again->taps[1].protocol, "redis");
  EXPECT_EQ(again->taps[1].tap.upstream, config->taps[1].tap.upstream);
  ASSERT_EQ(again->alerting.settings.alertmanagers.size(), 1u);
  EXPECT_EQ(again->alerting.settings.alertmanagers[0].url.authority, "am.example:9093");
  EXPECT_THAT(again->rule_files, ::testing::ElementsAre("a/*.yaml"));
}

TEST(IntrospectionTest, RemembersHowReloadsEnded) {
  FakeClock clock;
  Introspection known(Parse(""), clock);
  const UnixMillis begun = clock.UnixNow();
  EXPECT_EQ(known.Runtime().started, begun);
  EXPECT_EQ(known.Runtime().last_reload, begun);
  EXPECT_TRUE(known.Runtime().reloaded);
  clock.Advance(std::chrono::seconds(5));
  known.ReloadFailed();
  EXPECT_FALSE(known.Runtime().reloaded);
  EXPECT_EQ(known.Runtime().last_failure, begun + 5000);
  EXPECT_EQ(known.Runtime().last_reload, begun);
  clock.Advance(std::chrono::seconds(5));
  known.Reloaded(Parse(""));
  EXPECT_TRUE(known.Runtime().reloaded);
  EXPECT_EQ(known.Runtime().last_reload, begun + 10'000);
  EXPECT_EQ(known.Runtime().now, begun + 10'000);
  EXPECT_GE(known.Runtime().threads, 1u);
  EXPECT_GE(known.Runtime().cpus, 1u);
  EXPECT_NE(known.Runtime().host, "");
}

TEST(IntrospectionTest, NamesSettingsAsPrometheusNamesItsFlags) {
  const config::Config config =
      Parse("storage: {retention: 90m, memory: 10MiB}\npromql: {experimental: true}\n");
  const FakeClock clock;
  const auto flags = Introspection(config, clock).Flags();
  EXPECT_THAT(flags, Contains(Pair("storage.tsdb.retention.time", "1h30m")));
  EXPECT_THAT(flags, Contains(Pair("query.timeout", "30s")));
  EXPECT_THAT(flags, Contains(Pair("enable-feature", "promql-experimental-functions")));
  EXPECT_THAT(flags, Contains(Pair("web.enable-lifecycle", "true")));
  EXPECT_EQ(Introspection::Retention(config.storage), "1h30m or 10MiB");
  EXPECT_EQ(Introspection::Retention({.retention = std::chrono::hours(2), .memory = 1'000'000}),
            "2h or 1000000B");
}

TEST(IntrospectionTest, RemembersTheLastSampling) {
  const FakeClock clock;
  Introspection known(Parse("service: shop\ninterval: 2s\n"), clock);
  EXPECT_FALSE(known.LastSampling().last);
  EXPECT_EQ(known.LastSampling().job, "shop");
  EXPECT_EQ(known.LastSampling().interval, std::chrono::seconds(2));
  known.Sampled(12345, std::chrono::milliseconds(3));
  EXPECT_EQ(known.LastSampling().last, 12345);
  EXPECT_EQ(known.LastSampling().last_took, std::chrono::milliseconds(3));
}

}  // namespace
}  // namespace sidelight::app
