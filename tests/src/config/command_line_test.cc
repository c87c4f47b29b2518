#include "src/config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::config {
namespace {

std::optional<std::string> NoEnvironment(const std::string&) {
  return std::nullopt;
}

std::string ErrorsOf(const CommandLine& flags) {
  const Result<Config> config = FromCommandLine(flags, NoEnvironment);
  return config ? "" : config.error().message;
}

TEST(CommandLineTest, Taps) {
  CommandLine flags;
  flags.taps = {"http://0.0.0.0:8080=127.0.0.1:8081", "tcp://unix:/run/x.sock=[::1]:6379",
                "http://[::]:8082=backend:80", "auto://[::]:8083=backend:81"};
  const Result<Config> config = FromCommandLine(flags, NoEnvironment);
  ASSERT_TRUE(config) << config.error().message;
  std::vector<std::string> taps;
  for (const Tap& tap : config->taps) {
    taps.push_back(tap.tap.name + " " + tap.protocol + " " + tap.tap.listen.ToString() + " " +
                   tap.tap.upstream.ToString());
  }
  EXPECT_THAT(taps, testing::ElementsAre(
                        "http http 0.0.0.0:8080 127.0.0.1:8081", "tcp tcp unix:/run/x.sock [::1]:6379",
                        "http-2 http [::]:8082 backend:80", "auto auto [::]:8083 backend:81"));
  EXPECT_EQ(config->listen.ToString(), "0.0.0.0:9464");
  EXPECT_EQ(config->probe_listen.ToString(), "0.0.0.0:9465");
  EXPECT_EQ(config->service, "unknown_service");
  EXPECT_EQ(config->interval, std::chrono::seconds(5));
}

TEST(CommandLineTest, OtherFlags) {
  CommandLine flags;
  flags.taps = {"http://0.0.0.0:8080=127.0.0.1:8081"};
  flags.listen = "127.0.0.1:1";
  flags.probe_listen = "127.0.0.1:2";
  flags.service = "shop";
  flags.log_format = "text";
  flags.log_level = "error";
  const Result<Config> config = FromCommandLine(flags, NoEnvironment);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen.ToString(), "127.0.0.1:1");
  EXPECT_EQ(config->probe_listen.ToString(), "127.0.0.1:2");
  EXPECT_EQ(config->service, "shop");
  EXPECT_NE(config->instance, "");
  EXPECT_EQ(config->log.format, log::Format::kText);
  EXPECT_EQ(config->log.level, log::Level::kError);
}

TEST(CommandLineTest, RulesAndAlertmanagers) {
  CommandLine flags;
  flags.taps = {"http://0.0.0.0:8080=127.0.0.1:8081"};
  EXPECT_TRUE(FromCommandLine(flags, NoEnvironment)->rule_files.empty());
  flags.service = "shop";
  flags.rules = {"rules/*.yaml", "/a.yaml"};
  flags.alertmanagers = {"http://127.0.0.1:9093", "http://am:9093/prefix/"};
  const Result<Config> config = FromCommandLine(flags, NoEnvironment);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->rule_files, flags.rules);
  EXPECT_EQ(config->external_labels, (Labels{{"service", "shop"}}));
  const alertmanager::Settings& settings = config->alerting.settings;
  EXPECT_EQ(settings.external_labels, config->external_labels);
  ASSERT_EQ(settings.alertmanagers.size(), 2u);
  EXPECT_EQ(settings.alertmanagers[1].url.authority, "am:9093");
  EXPECT_EQ(settings.alertmanagers[1].url.path, "/prefix");

  flags.rules = {""};
  flags.alertmanagers = {"am:9093", "http://u:hunter2@am:9093"};
  const std::string errors = ErrorsOf(flags);
  EXPECT_THAT(errors, testing::HasSubstr("--rules \"\": the pattern is empty; name a file\n"));
  EXPECT_THAT(errors, testing::HasSubstr("--alertmanager: \"am:9093\" is not a URL"));
  EXPECT_THAT(errors, testing::Not(testing::HasSubstr("hunter2")));
}

TEST(CommandLineTest, WrongTaps) {
  const std::string form = "the form is PROTOCOL://LISTEN=UPSTREAM, as in http://0.0.0.0:8080=127.0.0.1:8081";
  const std::pair<std::string, std::string> cases[] = {
      {"", "the protocol is missing; " + form},
      {"0.0.0.0:1=b:2", "the protocol is missing; " + form},
      {"mysql://0.0.0.0:1=b:2",
       "\"mysql\" is no protocol; valid ones: http, memcached, postgres, redis, tcp, auto"},
      {"http://0.0.0.0:1", "the upstream is missing; " + form},
      {"http://=b:2", net::Address::Parse("").error().message},
      {"http://0.0.0.0:1=", net::Address::Parse("").error().message},
      {"http://0.0.0.0:1=b", net::Address::Parse("b").error().message},
      {"http://0.0.0.0:1=tls://b:1", tap::ParseUpstream("tls://b:1").error().message},
      {"http://0.0.0.0:9464=b:1",
       "the top-level \"listen\" is on \"0.0.0.0:9464\" already; choose another address"},
  };
  for (const auto& [tap, want] : cases) {
    CommandLine flags;
    flags.taps = {tap};
    EXPECT_EQ(ErrorsOf(flags), "--tap \"" + tap + "\": " + want);
  }
}

TEST(CommandLineTest, EverythingIsSaidAtOnce) {
  CommandLine flags;
  flags.taps = {"x", "http://a:1=b:2", "http://a:1=b:2"};
  flags.listen = "a:2";
  flags.probe_listen = "a:2";
  flags.service = "";
  flags.log_format = "xml";
  flags.log_level = "loud";
  EXPECT_EQ(
      ErrorsOf(flags),
      "--service \"\": the service's name is empty\n"
      "--log-format \"xml\": valid values: json, text\n"
      "--log-level \"loud\": valid values: debug, info, warn, error\n"
      "--tap \"x\": the protocol is missing; the form is PROTOCOL://LISTEN=UPSTREAM, as in "
      "http://0.0.0.0:8080=127.0.0.1:8081\n"
      "--probe-listen \"a:2\": \"listen\" and \"probe_listen\" are both \"a:2\"; they need an address each\n"
      "--tap \"http://a:1=b:2\": tap \"http\" is on \"a:1\" already; choose another address");
  EXPECT_EQ(
      ErrorsOf({}),
      "--tap is missing: the form is PROTOCOL://LISTEN=UPSTREAM, as in http://0.0.0.0:8080=127.0.0.1:8081");
}

}  // namespace
}  // namespace sidelight::config
