// The keys of `exporters`, and OpenTelemetry's environment variables where they say nothing of OTLP.
#include "src/config/exporters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sidelight::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Variables = std::map<std::string, std::string>;

constexpr const char* kTap =
    "\ntaps: [{name: api, protocol: http, listen: \"127.0.0.1:8080\", upstream: \"b:8081\"}]\n";
constexpr const char* kSecret = "hunter2";

Environment With(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

Result<Config> ParseIn(const std::string& path, const std::string& text, Variables variables = {}) {
  return Parse(text + kTap, path, With(std::move(variables)));
}

std::string ErrorsOf(const std::string& text, Variables variables = {}) {
  const Result<Config> config = ParseIn("s.yaml", text, std::move(variables));
  return config ? "" : config.error().message;
}

// Where OTLP goes: "http://a:1/v1/metrics http://b:2".
std::string Names(const Exporters& exporters) {
  std::string names;
  for (const otlp::Destination& one : exporters.otlp) names += (names.empty() ? "" : " ") + one.Name();
  return names;
}

// "service.name=shop ...".
std::string AttributesOf(const Exporters& exporters) {
  std::string text;
  for (const otlp::Attribute& attribute : exporters.resource.attributes) {
    text += (text.empty() ? "" : " ") + attribute.key + "=" + std::get<std::string>(attribute.value);
  }
  return text;
}

TEST(ExportersTest, WithoutThemNothingLeaves) {
  const Result<Config> config = ParseIn("s.yaml", "");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->exporters.empty());
  EXPECT_EQ(config->exporters.queue.max_bytes, 64u << 20);
  EXPECT_EQ(config->exporters.queue.max_age, std::chrono::hours(24));
  EXPECT_EQ(AttributesOf(config->exporters),
            "service.instance.id=" + config->instance + " service.name=unknown_service");
}

TEST(ExportersTest, EveryKeyOfOtlp) {
  const Result<Config> config = ParseIn("/etc/sidelight/s.yaml", R"(
exporters:
  otlp:
    - endpoint: https://collector:4318/base/
      protocol: http/json
      compression: gzip
      temporality: delta
      histograms: exponential
      interval: 10s
      timeout: 3s
      headers: {x-tenant: shop}
      basic_auth: {username: u, password_file: secrets/password}
      tls_config: {ca_file: ca.pem, cert_file: /abs/cert.pem, key_file: key.pem}
    - metrics_endpoint: http://b:1/opentelemetry/v1/metrics
    - {endpoint: "http://c:4317", protocol: grpc}
)");
  ASSERT_TRUE(config) << config.error().message;
  const std::vector<otlp::Destination>& all = config->exporters.otlp;
  EXPECT_EQ(Names(config->exporters),
            "https://collector:4318/base/v1/metrics http://b:1/opentelemetry/v1/metrics http://c:4317");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].protocol, otlp::Protocol::kHttpJson);
  EXPECT_TRUE(all[0].gzip);
  EXPECT_EQ(all[0].temporality, otlp::Temporality::kDelta);
  EXPECT_EQ(all[0].histograms, otlp::HistogramForm::kExponential);
  EXPECT_EQ(all[0].interval, std::chrono::seconds(10));
  EXPECT_EQ(all[0].timeout, std::chrono::seconds(3));
  ASSERT_EQ(all[0].client.headers.size(), 1u);
  EXPECT_EQ(all[0].client.headers[0].first, "x-tenant");
  EXPECT_EQ(all[0].client.headers[0].second.value.Reveal(), "shop");
  // Files stand where the configuration does.
  EXPECT_EQ(all[0].client.basic_auth->password.file, "/etc/sidelight/secrets/password");
  EXPECT_EQ(all[0].client.tls.ca_file, "/etc/sidelight/ca.pem");
  EXPECT_EQ(all[0].client.tls.cert_file, "/abs/cert.pem");
  EXPECT_EQ(all[1].protocol, otlp::Protocol::kHttpProtobuf);
  EXPECT_FALSE(all[1].gzip);
  EXPECT_EQ(all[1].temporality, otlp::Temporality::kCumulative);
  EXPECT_EQ(all[1].interval, std::chrono::seconds(60));
  EXPECT_EQ(all[1].timeout, std::chrono::seconds(10));
  EXPECT_EQ(all[2].protocol, otlp::Protocol::kGrpc);
}

TEST(ExportersTest, EveryKeyOfRemoteWrite) {
  const Result<Config> config = ParseIn("/etc/sidelight/s.yaml", R"(
exporters:
  remote_write:
    - url: http://mimir:9009/api/v1/push
      name: mimir
      remote_timeout: 4s
      protobuf_message: io.prometheus.write.v2.Request
      send_exemplars: true
      send_native_histograms: false
      write_relabel_configs: [{action: drop, source_labels: [__name__], regex: sidelight_.*}]
      queue_config: {max_shards: 2, max_samples_per_send: 500, batch_send_deadline: 1s, min_backoff: 50ms, max_backoff: 9s}
      headers: {X-Scope-OrgID: shop}
      authorization: {credentials_file: token}
    - url: http://prometheus:9090/api/v1/write
)");
  ASSERT_TRUE(config) << config.error().message;
  const std::vector<remote_write::Destination>& all = config->exporters.remote_write;
  ASSERT_EQ(all.size(), 2u);
  EXPECT_FALSE(config->exporters.empty());
  EXPECT_EQ(all[0].name, "mimir");
  EXPECT_EQ(all[0].url.path, "/api/v1/push");
  EXPECT_EQ(all[0].timeout, std::chrono::seconds(4));
  EXPECT_EQ(all[0].message, remote_write::Message::kWrite2);
  EXPECT_TRUE(all[0].send_exemplars);
  EXPECT_FALSE(all[0].send_native_histograms);
  EXPECT_EQ(all[0].write_relabel_configs.size(), 1u);
  EXPECT_EQ(all[0].shards, 2u);
  EXPECT_EQ(all[0].max_samples_per_send, 500u);
  EXPECT_EQ(all[0].batch_send_deadline, std::chrono::seconds(1));
  EXPECT_EQ(all[0].min_backoff, std::chrono::milliseconds(50));
  EXPECT_EQ(all[0].max_backoff, std::chrono::seconds(9));
  EXPECT_EQ(all[0].client.headers.size(), 1u);
  EXPECT_EQ(all[0].client.authorization->credentials.file, "/etc/sidelight/token");
  EXPECT_EQ(all[1].name, "http://prometheus:9090/api/v1/write");
  EXPECT_EQ(all[1].message, remote_write::Message::kWrite1);
}

TEST(ExportersTest, Queue) {
  const Result<Config> config = ParseIn("s.yaml", "exporters: {queue: {max_size: 8MiB, max_age: 1m}}");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->exporters.queue.max_bytes, 8u << 20);
  EXPECT_EQ(config->exporters.queue.max_age, std::chrono::minutes(1));
  EXPECT_TRUE(config->exporters.empty());
}

// One wrong line, and the place and the sentence that it gets.
TEST(ExportersTest, Errors) {
  const std::pair<std::string, std::string> cases[] = {
      {"exporters: 1", "s.yaml:1:12: expected a mapping of keys and values, got \"1\""},
      {"exporters: {otpl: []}", "s.yaml:1:13: unknown key \"otpl\"; did you mean \"otlp\"?"},
      {"exporters: {prometheus: []}",
       "s.yaml:1:13: unknown key \"prometheus\"; valid keys: otlp, queue, remote_write"},
      {"exporters: {otlp: {endpoint: x}}", "s.yaml:1:19: expected a list, got a mapping"},
      {"exporters: {otlp: [{}]}",
       "s.yaml:1:20: a destination needs an endpoint, as in endpoint: http://collector:4318"},
      {"exporters: {otlp: [{endpoint: \"http://a\", metrics_endpoint: \"http://b\"}]}",
       "s.yaml:1:61: a destination has an endpoint or a metrics_endpoint, and not both"},
      {"exporters: {otlp: [{endpoint: \"http://a:1\"}, {endpoint: \"http://a:1/\"}]}",
       "s.yaml:1:46: http://a:1/v1/metrics is in the list already"},
      {"exporters: {otlp: [{endpoint: \"http://a:1/x\", protocol: grpc}]}",
       "s.yaml:1:31: grpc has no path; leave out what follows host and port"},
      {"exporters: {otlp: [{endpoint: \"http://a\", protocol: http}]}",
       "s.yaml:1:53: \"http\" is no valid value of \"protocol\"; valid values: grpc, http/json, "
       "http/protobuf"},
      {"exporters: {otlp: [{endpoint: \"http://a\", interval: 1ms}]}",
       "s.yaml:1:53: it must be at least 100ms"},
      {"exporters: {remote_write: [{}]}", "s.yaml:1:28: the key \"url\" is missing"},
      {"exporters: {remote_write: [{url: \"http://a:1\"}, {url: \"http://a:1\"}]}",
       "s.yaml:1:49: http://a:1 is in the list already; another name can tell them apart"},
      {"exporters: {remote_write: [{url: \"http://a:1\", queue_config: {capacity: 1}}]}",
       "what waits is bounded by exporters.queue.max_size; leave it out"},
      {"exporters: {remote_write: [{url: \"http://a:1\", queue_config: {max_shards: 65}}]}",
       "it must be from 1 to 64"},
      {"exporters: {remote_write: [{url: \"http://a:1\", write_relabel_configs: [{action: dorp}]}]}",
       "s.yaml:1:81: this is no action of relabelling"},
      {"exporters: {queue: {max_size: 7MiB}}", "s.yaml:1:31: it must be at least 8MiB"},
      {"exporters: {queue: {max_size: 64}}", "s.yaml:1:31: it must be at least 8MiB"},
      {"exporters: {queue: {max_age: 59s}}", "s.yaml:1:30: it must be at least 1m"},
      {"exporters: {queue: {max_bytes: 64MiB}}", "s.yaml:1:21: unknown key \"max_bytes\""},
  };
  for (const auto& [line, want] : cases) EXPECT_THAT(ErrorsOf(line), HasSubstr(want)) << "input: " << line;
}

TEST(ExportersTest, AllErrorsOfAllOfThemAreSaidAtOnce) {
  const std::string errors =
      ErrorsOf("exporters:\n  otlp: [{}]\n  remote_write: [{}]\n  queue: {max_age: 1s}\nlog: {level: loud}",
               {{"OTEL_RESOURCE_ATTRIBUTES", "nothing"}});
  for (const char* place : {"s.yaml:2:10: ", "s.yaml:3:18: ", "s.yaml:4:20: ", "s.yaml:5:14: "}) {
    EXPECT_THAT(errors, HasSubstr(place));
  }
  EXPECT_THAT(errors, HasSubstr("OTEL_RESOURCE_ATTRIBUTES: pair 1 is not key=value"));
}

TEST(ExportersTest, TheEnvironmentSaysWhereOtlpGoesUnlessTheFileDoes) {
  const struct {
    const char* file;
    Variables environment;
    std::string want;
  } cases[] = {
      {"", {}, ""},
      {"", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}}, "http://c:4318/v1/metrics"},
      {"", {{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4318/x"}}, "http://c:4318/x"},
      {"", {{"OTEL_METRICS_EXPORTER", "otlp"}}, "http://localhost:4318/v1/metrics"},
      {"", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}, {"OTEL_METRICS_EXPORTER", "prometheus"}}, ""},
      {"", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}, {"OTEL_SDK_DISABLED", "true"}}, ""},
      // The other keys say nothing of OTLP.
      {"exporters: {queue: {max_age: 1h}}",
       {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}},
       "http://c:4318/v1/metrics"},
      {"exporters: {remote_write: [{url: \"http://p:1\"}]}",
       {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}},
       "http://c:4318/v1/metrics"},
      {"exporters: {otlp: [{endpoint: \"http://f:1\"}]}",
       {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}},
       "http://f:1/v1/metrics"},
      // An empty list is a word too: OTLP goes nowhere.
      {"exporters: {otlp: []}", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}}, ""},
      // What the file has taken the place of is not even read.
      {"exporters: {otlp: []}", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense"}}, ""},
  };
  for (const auto& c : cases) {
    const Result<Config> config = ParseIn("s.yaml", c.file, c.environment);
    ASSERT_TRUE(config) << c.file << "\n" << config.error().message;
    EXPECT_EQ(Names(config->exporters), c.want) << c.file;
  }
}

TEST(ExportersTest, WhatIsWrongInTheEnvironmentNamesTheVariable) {
  const std::pair<Variables, std::string> cases[] = {
      {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"}}, "OTEL_EXPORTER_OTLP_ENDPOINT: "},
      {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "udp"}},
       "OTEL_EXPORTER_OTLP_PROTOCOL: \"udp\" is none of http/protobuf, http/json, grpc"},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "a=%x1"}},
       "OTEL_RESOURCE_ATTRIBUTES: the value of a has a % without two hex digits"},
  };
  for (const auto& [environment, want] : cases) {
    EXPECT_THAT(ErrorsOf("service: a", environment), HasSubstr("s.yaml:1:1: " + want));
  }
}

TEST(ExportersTest, WhoIsMeasured) {
  const struct {
    const char* file;
    Variables environment;
    std::string want;
  } cases[] = {
      {"service: shop",
       {{"POD_NAME", "shop-1"}},
       "k8s.pod.name=shop-1 service.instance.id=shop-1 service.name=shop"},
      {"",
       {{"OTEL_SERVICE_NAME", "cart"}, {"POD_NAME", "p"}, {"OTEL_RESOURCE_ATTRIBUTES", "team=a%20b, zone=1"}},
       "k8s.pod.name=p service.instance.id=p service.name=cart team=a b zone=1"},
      {"",
       {{"POD_NAME", "p"},
        {"POD_NAMESPACE", "prod"},
        {"POD_UID", "u"},
        {"NODE_NAME", "n"},
        {"CONTAINER_NAME", "c"}},
       "k8s.container.name=c k8s.namespace.name=prod k8s.node.name=n k8s.pod.name=p k8s.pod.uid=u "
       "service.instance.id=p service.name=unknown_service"},
      // Whoever writes an attribute means it, but for the service's name, which the file has said.
      {"service: shop",
       {{"POD_NAME", "p"},
        {"OTEL_RESOURCE_ATTRIBUTES", "service.name=x,k8s.pod.name=y,service.instance.id=z"}},
       "k8s.pod.name=y service.instance.id=z service.name=shop"},
  };
  for (const auto& c : cases) {
    const Result<Config> config = ParseIn("s.yaml", c.file, c.environment);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(AttributesOf(config->exporters), c.want);
  }
}

// Whatever is wrong beside it, or with it.
TEST(ExportersTest, NoSecretIsShown) {
  const std::string s = kSecret;
  const std::pair<std::string, Variables> cases[] = {
      {"exporters: {otlp: [{endpoint: \"http://a\", headers: {api-key: " + s + "}, intervall: 1s}]}", {}},
      {"exporters: {otlp: [{endpoint: \"http://a\", headers: {\"api key\": " + s + "}}]}", {}},
      {"exporters: {otlp: [{endpoint: \"http://a\", headers: {api-key: [" + s + "]}}]}", {}},
      {"exporters: {otlp: [{endpoint: \"http://a\", basic_auth: {username: u, pasword: " + s + "}}]}", {}},
      {"exporters: {otlp: [{endpoint: \"http://u:" + s + "@a\"}]}", {}},
      {"exporters: {remote_write: [{url: \"http://u:" + s + "@a\"}]}", {}},
      {"exporters: {remote_write: [{url: \"http://a\", bearer_token: " + s + ", nothing: 1}]}", {}},
      {"exporters: {remote_write: [{url: \"http://a\", headers: {User-Agent: " + s + "}}]}", {}},
      {"service: a",
       {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"}, {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=" + s + "%"}}},
      {"service: a",
       {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"}, {"OTEL_EXPORTER_OTLP_HEADERS", "api key=" + s}}},
      {"service: a", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:" + s + "@a"}}},
  };
  for (const auto& [text, environment] : cases) {
    const std::string errors = ErrorsOf(text, environment);
    EXPECT_NE(errors, "") << text;
    EXPECT_THAT(errors, Not(HasSubstr(s))) << text;
  }
}

}  // namespace
}  // namespace sidelight::config
