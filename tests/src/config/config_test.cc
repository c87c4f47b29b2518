#include "src/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/support/folder.h"

namespace sidelight::config {
namespace {

using ::testing::HasSubstr;

std::optional<std::string> NoEnvironment(const std::string&) {
  return std::nullopt;
}

std::string ErrorsOf(const std::string& text, const Environment& environment = NoEnvironment) {
  const Result<Config> config = Parse(text, "s.yaml", environment);
  return config ? "" : config.error().message;
}

constexpr const char* kTap =
    "taps: [{name: api, protocol: http, listen: \"127.0.0.1:8080\", upstream: \"b:8081\"}]\n";

TEST(ConfigTest, Defaults) {
  const Result<Config> config = Parse(kTap, "s.yaml", NoEnvironment);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->service, "unknown_service");
  EXPECT_NE(config->instance, "");
  EXPECT_EQ(config->storage.path, "");
  EXPECT_EQ(config->storage.memory, 64u << 20);
  EXPECT_EQ(config->promql.max_concurrency, 20u);
  EXPECT_EQ(config->listen.ToString(), "0.0.0.0:9464");
  EXPECT_EQ(config->probe_listen.ToString(), "0.0.0.0:9465");
  EXPECT_EQ(config->workers, 1u);
  ASSERT_EQ(config->taps.size(), 1u);
  EXPECT_EQ(config->taps[0].protocol, "http");
  EXPECT_EQ(config->taps[0].tap.name, "api");
  EXPECT_EQ(config->taps[0].tap.upstream.ToString(), "b:8081");
}

TEST(ConfigTest, EveryKey) {
  const Result<Config> config = Parse(R"(
service: "${env:NAME}"
listen: "[::1]:1"
probe_listen: 127.0.0.1:2
web: {lifecycle: any, max_connections: 3}
log: {format: text, level: debug}
interval: 1s
workers: auto
limits: {series: 4, connections: 5, idle_series: 6m, drain: 7s, drain_delay: 8s}
storage: {path: /var/lib/sidelight, retention: 30m, memory: 8MiB, first_zero: false}
promql: {experimental: true, max_samples: 9, max_concurrency: 10, max_result_size: 11KiB, timeout: 12s}
taps:
  - name: api
    protocol: http
    role: client
    listen: unix:/run/a.sock
    upstream: 127.0.0.1:8081
    source: 127.0.0.6
    proxy_protocol: v2
    connect_timeout: 9s
    timeout: 10s
    routes: ["/a/{id}"]
    ignore: ["/healthz", "/readyz"]
    naming: {style: plain, prefix: feature_api}
  - {name: raw, protocol: tcp, listen: "127.0.0.1:0", upstream: "unix:/run/b.sock"}
  - {name: raw2, protocol: tcp, listen: "127.0.0.1:0", upstream: "unix:/run/b.sock"}
)",
                                      "s.yaml", [](const std::string& name) -> std::optional<std::string> {
                                        if (name == "NAME") return "shop";
                                        if (name == "POD_NAME") return "shop-1";
                                        if (name == "POD_NAMESPACE") return "prod";
                                        return std::nullopt;
                                      });
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->service, "shop");
  EXPECT_EQ(config->instance, "shop-1");
  EXPECT_EQ(config->listen.ToString(), "[::1]:1");
  EXPECT_EQ(config->probe_listen.ToString(), "127.0.0.1:2");
  EXPECT_EQ(config->web.lifecycle, Lifecycle::kAny);
  EXPECT_EQ(config->web.max_connections, 3u);
  EXPECT_EQ(config->log.format, log::Format::kText);
  EXPECT_EQ(config->log.level, log::Level::kDebug);
  EXPECT_EQ(config->interval, std::chrono::seconds(1));
  EXPECT_EQ(config->workers, 0u);
  EXPECT_EQ(config->limits.series, 4u);
  EXPECT_EQ(config->limits.connections, 5u);
  EXPECT_EQ(config->limits.idle_series, std::chrono::minutes(6));
  EXPECT_EQ(config->limits.drain, std::chrono::seconds(7));
  EXPECT_EQ(config->limits.drain_delay, std::chrono::seconds(8));
  EXPECT_EQ(config->storage.path, "/var/lib/sidelight");
  EXPECT_EQ(config->storage.retention, std::chrono::minutes(30));
  EXPECT_EQ(config->storage.memory, 8u << 20);
  EXPECT_FALSE(config->storage.first_zero);
  EXPECT_TRUE(config->promql.experimental);
  EXPECT_EQ(config->promql.max_samples, 9u);
  EXPECT_EQ(config->promql.max_concurrency, 10u);
  EXPECT_EQ(config->promql.max_result_size, 11u << 10);
  EXPECT_EQ(config->promql.timeout, std::chrono::seconds(12));
  ASSERT_EQ(config->taps.size(), 3u);
  const Tap& tap = config->taps[0];
  EXPECT_EQ(tap.tap.listen.ToString(), "unix:/run/a.sock");
  EXPECT_EQ(tap.tap.source->ToString(), "127.0.0.6");
  EXPECT_TRUE(tap.tap.proxy_protocol);
  EXPECT_EQ(tap.tap.connect_timeout, std::chrono::seconds(9));
  EXPECT_EQ(tap.tap.timeout, std::chrono::seconds(10));
  EXPECT_EQ(tap.meter.role, Role::kClient);
  ASSERT_EQ(tap.meter.routes.size(), 1u);
  EXPECT_EQ(tap.meter.routes[0].text(), "/a/{id}");
  EXPECT_EQ(tap.meter.ignore.size(), 2u);
  EXPECT_EQ(tap.meter.naming.style, meter::NamingStyle::kPlain);
  EXPECT_EQ(tap.meter.naming.prefix, "feature_api");
  EXPECT_EQ(config->taps[1].protocol, "tcp");
}

// What one wrong line does to an otherwise good file.
TEST(ConfigTest, WrongValues) {
  const std::pair<std::string, std::string> cases[] = {
      {"service: \"\"",
       "s.yaml:1:10: the service's name is empty; name it or remove the key\nservice: \"\"\n         ^"},
      {"service:", "s.yaml:1:1: \"service\" has no value; give it one or remove the key\nservice:\n^"},
      {"service: [a]", "s.yaml:1:10: expected text, got a list\nservice: [a]\n         ^"},
      {"servise: a", "s.yaml:1:1: unknown key \"servise\"; did you mean \"service\"?\nservise: a\n^"},
      {"listen: 9464",
       "s.yaml:1:9: \"9464\" is not an address: the host is missing (0.0.0.0 means every address); write "
       "host:port, [v6]:port or unix:/path\n"
       "listen: 9464\n        ^"},
      {"web: {lifecycle: yes}",
       "s.yaml:1:18: \"yes\" is no valid value of \"lifecycle\"; valid values: any, loopback, off\n"
       "web: {lifecycle: yes}\n                 ^"},
      {"web: {max_connections: 0}",
       "s.yaml:1:24: it must be from 1 to 100000\nweb: {max_connections: 0}\n                       ^"},
      {"web: {tls: x}",
       "s.yaml:1:7: unknown key \"tls\"; valid keys: lifecycle, max_connections\nweb: {tls: x}\n      ^"},
      {"log: {level: warning}",
       "s.yaml:1:14: \"warning\" is no valid value of \"level\"; valid values: debug, error, info, warn\n"
       "log: {level: warning}\n             ^"},
      {"log: text", "s.yaml:1:6: expected a mapping of keys and values, got \"text\"\nlog: text\n     ^"},
      {"interval: 5",
       "s.yaml:1:11: expected a duration such as 5s or 1h30m, got \"5\": its unit is missing: y, w, d, h, m, "
       "s or ms\n"
       "interval: 5\n          ^"},
      {"interval: 10ms", "s.yaml:1:11: it must be at least 100ms\ninterval: 10ms\n          ^"},
      {"workers: 0", "s.yaml:1:10: it must be from 1 to 256\nworkers: 0\n         ^"},
      {"workers: many",
       "s.yaml:1:10: \"many\" is neither a whole number nor \"auto\"\n"
       "workers: many\n         ^"},
      {"limits: {series: 1e4}",
       "s.yaml:1:18: expected a whole number, got \"1e4\": only the digits 0 to 9 may stand in it\n"
       "limits: {series: 1e4}\n                 ^"},
      {"limits: {idle_series: 0}",
       "s.yaml:1:23: it must be at least 1s\nlimits: {idle_series: 0}\n                      ^"},
      {"storage: {path: \"\"}",
       "s.yaml:1:17: the path is empty; name a folder or remove the key\nstorage: {path: \"\"}\n             "
       "  "
       " ^"},
      {"storage: {retention: 1s}",
       "s.yaml:1:22: it must be at least 1m\nstorage: {retention: 1s}\n                     ^"},
      {"storage: {memory: 64MB}",
       "s.yaml:1:19: expected a size such as 64MiB or 512KiB, got \"64MB\": its unit must be B, KiB, MiB, "
       "GiB or TiB\n"
       "storage: {memory: 64MB}\n                  ^"},
      {"storage: {memory: 64}",
       "s.yaml:1:19: it must be at least 1MiB\nstorage: {memory: 64}\n                  ^"},
      {"storage: {pat: x}",
       "s.yaml:1:11: unknown key \"pat\"; did you mean \"path\"?\nstorage: {pat: x}\n          ^"},
      {"promql: {timeout: 0}",
       "s.yaml:1:19: it must be at least 1ms\npromql: {timeout: 0}\n                  ^"},
      {"promql: {max_samples: 0}",
       "s.yaml:1:23: it must be from 1 to 10000000000\npromql: {max_samples: 0}\n                      ^"},
      {"promql: {experimental: maybe}",
       "s.yaml:1:24: expected true or false, got \"maybe\": write true or false\npromql: {experimental: "
       "maybe}\n"
       "                       ^"},
      {"ingest: {}",
       "s.yaml:1:1: unknown key \"ingest\"; valid keys: alerting, evaluation_interval, exporters, "
       "external_labels, external_url, interval, limits, listen, log, metric_relabel_configs, packs, "
       "probe_listen, promql, rule_files, service, "
       "storage, taps, web, workers\ningest: {}\n^"},
      {"probe_listen: 0.0.0.0:9464",
       "s.yaml:1:15: \"listen\" and \"probe_listen\" are both \"0.0.0.0:9464\"; they need an address each\n"
       "probe_listen: 0.0.0.0:9464\n              ^"},
      {"listen: 0.0.0.0:9465",
       "s.yaml:1:9: \"listen\" and \"probe_listen\" are both \"0.0.0.0:9465\"; they need an address each\n"
       "listen: 0.0.0.0:9465\n        ^"},
  };
  for (const auto& [line, want] : cases) EXPECT_EQ(ErrorsOf(line + "\n" + kTap), want) << "input: " << line;
}

TEST(ConfigTest, NoTap) {
  EXPECT_EQ(ErrorsOf(""), "s.yaml:1:1: the key \"taps\" is missing");
  EXPECT_EQ(ErrorsOf("service: a\n"), "s.yaml:1:1: the key \"taps\" is missing\nservice: a\n^");
  EXPECT_EQ(ErrorsOf("taps:\n"),
            "s.yaml:1:1: \"taps\" has no value; give it one or remove the key\ntaps:\n^");
  EXPECT_EQ(ErrorsOf("taps: []\n"),
            "s.yaml:1:7: there is no tap in it; Sidelight measures what a tap carries\ntaps: []\n      ^");
  EXPECT_EQ(ErrorsOf("taps: {}\n"), "s.yaml:1:7: expected a list, got a mapping\ntaps: {}\n      ^");
  EXPECT_EQ(ErrorsOf("taps: [api]\n"),
            "s.yaml:1:8: expected a mapping of keys and values, got \"api\"\ntaps: [api]\n       ^");
}

TEST(ConfigTest, EverythingIsSaidAtOnce) {
  EXPECT_EQ(
      ErrorsOf("intervall: 5s\n"
               "workers: -1\n"
               "taps:\n"
               "  - name: api\n"
               "    protocol: htp\n"
               "    upsteam: 127.0.0.1:8081\n"
               "    routes: [orders]\n"
               "  - protocol: tcp\n"),
      "s.yaml:1:1: unknown key \"intervall\"; did you mean \"interval\"?\nintervall: 5s\n^\n"
      "s.yaml:2:10: expected a whole number, got \"-1\": it must not be negative\n"
      "workers: -1\n         ^\n"
      "s.yaml:4:5: the key \"listen\" is missing\n  - name: api\n    ^\n"
      "s.yaml:4:5: the key \"upstream\" is missing\n  - name: api\n    ^\n"
      "s.yaml:5:15: \"htp\" is no valid value of \"protocol\"; did you mean \"http\"?\n"
      "    protocol: htp\n              ^\n"
      "s.yaml:6:5: unknown key \"upsteam\"; did you mean \"upstream\"?\n"
      "    upsteam: 127.0.0.1:8081\n    ^\n" +
          [] {
            const Result<meter::RoutePattern> pattern = meter::RoutePattern::Parse("orders");
            return "s.yaml:7:14: " + pattern.error().message + "\n    routes: [orders]\n             ^\n";
          }() +
          "s.yaml:8:5: the key \"name\" is missing\n  - protocol: tcp\n    ^\n"
          "s.yaml:8:5: the key \"listen\" is missing\n  - protocol: tcp\n    ^\n"
          "s.yaml:8:5: the key \"upstream\" is missing\n  - protocol: tcp\n    ^");
}

TEST(ConfigTest, TapsThatExcludeEachOther) {
  const std::string a =
      "- {name: a, protocol: http, listen: \"x:1\", upstream: \"b:1\", naming: {style: plain, prefix: p}}\n";
  const std::pair<std::string, std::string> cases[] = {
      {"- {name: a, protocol: tcp, listen: \"x:2\", upstream: \"b:1\"}",
       "s.yaml:3:10: another tap is named \"a\" already; each needs a name of its own"},
      {"- {name: c, protocol: tcp, listen: \"x:1\", upstream: \"b:1\"}",
       "s.yaml:3:36: tap \"a\" is on \"x:1\" already; choose another address"},
      {"- {name: c, protocol: tcp, listen: \"0.0.0.0:9464\", upstream: \"b:1\"}",
       "s.yaml:3:36: the top-level \"listen\" is on \"0.0.0.0:9464\" already; choose another address"},
      {"- {name: c, protocol: tcp, listen: \"0.0.0.0:9465\", upstream: \"b:1\"}",
       "s.yaml:3:36: \"probe_listen\" is on \"0.0.0.0:9465\" already; choose another address"},
      {"- {name: c, protocol: http, listen: \"x:2\", upstream: \"b:1\", naming: {style: plain, prefix: p}}",
       "s.yaml:3:92: tap \"a\" already gives its http series the prefix \"p\"; choose another"},
      {"- {name: c, protocol: http, listen: \"x:2\", upstream: \"b:1\", naming: {style: plain, prefix: q}}",
       ""},
      {"- {name: c, protocol: redis, listen: \"x:2\", upstream: \"b:1\", naming: {style: plain, prefix: q}}\n"
       "- {name: d, protocol: postgres, listen: \"x:3\", upstream: \"b:1\", naming: {style: plain, prefix: "
       "q}}",
       ""},
      {"- {name: c, protocol: redis, listen: \"x:2\", upstream: \"b:1\", naming: {style: plain, prefix: q}}\n"
       "- {name: d, protocol: memcached, listen: \"x:3\", upstream: \"b:1\", naming: {style: plain, prefix: "
       "q}}",
       "s.yaml:4:97: tap \"c\" already gives its cache series the prefix \"q\"; choose another"},
      {"- {name: c, protocol: redis, listen: \"x:2\", upstream: \"b:1\", naming: {style: plain, prefix: p}}",
       "s.yaml:3:93: tap \"a\" already gives its cache series the prefix \"p\"; choose another"},
      {"- {name: c, protocol: auto, listen: \"x:2\", upstream: \"b:1\", naming: {style: plain, prefix: p}}",
       "s.yaml:3:92: tap \"a\" already gives its http series the prefix \"p\"; choose another"},
      {"- {name: c, protocol: auto, listen: \"x:2\", upstream: \"b:1\", naming: {style: plain, prefix: q}}\n"
       "- {name: d, protocol: postgres, listen: \"x:3\", upstream: \"b:1\", naming: {style: plain, prefix: "
       "q}}",
       "s.yaml:4:96: tap \"c\" already gives its postgres series the prefix \"q\"; choose another"},
      {"- {name: c, protocol: auto, listen: \"x:2\", upstream: \"b:1\", routes: [/a], ignore: [/b], "
       "keyspaces: "
       "[\"k:*\"], cache_window: 1m, slow_query: 1s, log_slow_queries: true, role: client, naming: {style: "
       "plain, prefix: q}}",
       ""},
  };
  for (const auto& [tap, want] : cases) {
    const std::string got = ErrorsOf("taps:\n" + a + tap);
    EXPECT_EQ(got.substr(0, got.find('\n')), want) << "input: " << tap;
    EXPECT_EQ(got.find("s.yaml", 1), std::string::npos) << got;
  }
}

TEST(ConfigTest, WhatTheRoomsRefuse) {
  const auto with = [](const std::string& more) {
    return ErrorsOf("taps:\n- {name: a, protocol: http, listen: \"x:1\", upstream: \"b:1\", " + more + "}");
  };
  for (const std::string more :
       {"naming: {style: plain}", "naming: {style: plain, prefix: 1x}", "naming: {style: plain, prefix: a-b}",
        "role: both", "source: b", "source: \"127.0.0.1:5\"", "routes: [\"/a/{\"]", "ignore: /healthz",
        "connect_timeout: 0", "proxy_protocol: v1", "timeout: x"}) {
    const std::string got = with(more);
    EXPECT_THAT(got, HasSubstr("s.yaml:2:")) << "input: " << more;
    EXPECT_EQ(got.find("s.yaml", 1), std::string::npos) << "more than one error: " << got;
  }
  for (const std::string key : {"naming", "role"}) {
    EXPECT_THAT(
        ErrorsOf("taps:\n- {name: a, protocol: tcp, listen: \"x:1\", upstream: \"b:1\", " + key + ": x}"),
        HasSubstr("s.yaml:2:60: unknown key \"" + key + "\""));
  }
  EXPECT_THAT(
      ErrorsOf(
          "taps:\n- {name: a, protocol: tcp, listen: \"x:1\", upstream: \"unix:/b\", source: 127.0.0.6}"),
      HasSubstr("s.yaml:2:"));
}

TEST(ConfigTest, KeysThatDoNotFitTheProtocol) {
  const std::pair<std::string, std::string> cases[] = {
      {"http, keyspaces: [a]",
       "s.yaml:2:72: \"keyspaces\" goes with protocol memcached or redis or auto and not with http; remove "
       "it"},
      {"tcp, cache_window: 1m",
       "s.yaml:2:74: \"cache_window\" goes with protocol http or memcached or redis or auto and not with "
       "tcp; "
       "remove it"},
      {"postgres, cache_window: 1m",
       "s.yaml:2:79: \"cache_window\" goes with protocol http or memcached or redis or auto and not with "
       "postgres; remove it"},
      {"http, slow_query: 1s",
       "s.yaml:2:73: \"slow_query\" goes with protocol memcached or postgres or redis or auto and not with "
       "http; remove it"},
      {"memcached, routes: [/a]",
       "s.yaml:2:74: \"routes\" goes with protocol http or auto and not with memcached; remove it"},
      {"postgres, ignore: [/a]",
       "s.yaml:2:73: \"ignore\" goes with protocol http or auto and not with postgres; remove it"},
      {"redis, keyspaces: [a], cache_window: 1m", ""},
      {"memcached, keyspaces: [a], cache_window: 1m", ""},
      {"http, cache_window: 1m", ""},
      {"redis, slow_query: 1s, log_slow_queries: true", ""},
      {"postgres, slow_query: 1s, role: client", ""},
  };
  for (const auto& [keys, want] : cases) {
    const std::string got =
        ErrorsOf("taps:\n- {name: a, listen: \"x:1\", upstream: \"b:1\", protocol: " + keys + "}");
    EXPECT_EQ(got.substr(0, got.find('\n')), want) << "input: " << keys;
  }
}

TEST(ConfigTest, NoErrorShowsWhatCameFromTheEnvironment) {
  const Environment environment = [](const std::string&) { return std::optional<std::string>("hunter2"); };
  const std::string got = ErrorsOf(
      "service: ${env:A}\nlisten: ${env:A}\ninterval: ${env:A}\nworkers: ${env:A}\nlog: {level: "
      "\"${env:A}\"}\n"
      "taps: [{name: a, protocol: \"${env:A}\", listen: \"${env:A}\", upstream: \"${env:A}\", source: "
      "\"${env:A}\", "
      "routes: [\"${env:A}\"], naming: {style: plain, prefix: \"${env:A}-x\"}}]\n",
      environment);
  EXPECT_THAT(got, HasSubstr("\"${env:A}\" is not an address"));
  EXPECT_EQ(got.find("hunter2"), std::string::npos) << got;
}

TEST(ConfigTest, LoadsAFile) {
  const TestFolder folder;
  const std::string path = folder.path() / "sidelight.yaml";
  std::ofstream(path) << kTap;
  EXPECT_TRUE(Load(path));
  std::ofstream(path) << "taps: 1\n";
  EXPECT_EQ(Load(path).error().message, path + ":1:7: expected a list, got \"1\"\ntaps: 1\n      ^");
  std::filesystem::remove_all(folder.path());
  EXPECT_EQ(Load(path).error().message, path + ": cannot be read: No such file or directory");
}

}  // namespace
}  // namespace sidelight::config
