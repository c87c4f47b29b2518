#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/prometheus/remote_write/settings.h"

namespace sidelight::remote_write {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

struct Read {
  std::vector<Destination> destinations;
  Status status;
};

Read ReadFrom(const std::string& list) {
  yaml::Document document = yaml::Document::Parse("remote_write: " + list, "a.yaml", {});
  Read read;
  yaml::Mapping root = document.Root().AsMapping();
  Decode(root.Get("remote_write"), &read.destinations);
  root.Finish();
  read.status = document.status();
  return read;
}

// The error of a destination with that key in it.
std::string ErrorOf(const std::string& keys) {
  const Read read = ReadFrom(fmt::format("[{{url: 'http://a/w', {}}}]", keys));
  return read.status ? "none" : read.status.error().message;
}

TEST(RemoteWriteSettingsTest, Defaults) {
  const Read read = ReadFrom("[{url: 'http://receiver:9090/api/v1/write'}]");
  ASSERT_TRUE(read.status) << read.status.error().message;
  const Destination& destination = read.destinations.at(0);
  EXPECT_EQ(destination.name, "http://receiver:9090/api/v1/write");
  EXPECT_EQ(destination.url.path, "/api/v1/write");
  EXPECT_EQ(destination.timeout, seconds(30));
  EXPECT_EQ(destination.message, Message::kWrite1);
  EXPECT_FALSE(destination.send_exemplars);
  EXPECT_FALSE(destination.send_native_histograms);
  EXPECT_TRUE(destination.send_metadata);
  EXPECT_EQ(destination.metadata_interval, seconds(60));
  EXPECT_TRUE(destination.write_relabel_configs.empty());
  EXPECT_EQ(destination.shards, 4u);
  EXPECT_EQ(destination.max_samples_per_send, 2000u);
  EXPECT_EQ(destination.batch_send_deadline, seconds(5));
  EXPECT_EQ(destination.min_backoff, milliseconds(30));
  EXPECT_EQ(destination.max_backoff, seconds(5));
  EXPECT_TRUE(ReadFrom("[]").destinations.empty());
}

TEST(RemoteWriteSettingsTest, EveryKey) {
  const Read read = ReadFrom(R"(
  - url: https://mimir/push/
    name: mimir
    remote_timeout: 7s
    protobuf_message: io.prometheus.write.v2.Request
    send_exemplars: true
    send_native_histograms: false
    metadata_config: {send: false, send_interval: 10m}
    write_relabel_configs: [{action: drop, source_labels: [__name__], regex: go_.*}]
    queue_config: {max_shards: 2, max_samples_per_send: 500, batch_send_deadline: 1s, min_backoff: 100ms, max_backoff: 10s}
    headers: {X-Scope-OrgID: team}
    http_headers: {X-Other: {values: [b]}}
    basic_auth: {username: u, password: p}
    tls_config: {insecure_skip_verify: true}
)");
  ASSERT_TRUE(read.status) << read.status.error().message;
  const Destination& destination = read.destinations.at(0);
  EXPECT_EQ(destination.name, "mimir");
  EXPECT_TRUE(destination.url.tls);
  EXPECT_EQ(destination.timeout, seconds(7));
  EXPECT_EQ(destination.message, Message::kWrite2);
  EXPECT_TRUE(destination.send_exemplars);
  EXPECT_FALSE(destination.send_native_histograms);
  EXPECT_FALSE(destination.send_metadata);
  EXPECT_EQ(destination.metadata_interval, std::chrono::minutes(10));
  ASSERT_EQ(destination.write_relabel_configs.size(), 1u);
  EXPECT_EQ(destination.write_relabel_configs[0].action, relabel::Action::kDrop);
  EXPECT_EQ(destination.shards, 2u);
  EXPECT_EQ(destination.max_samples_per_send, 500u);
  EXPECT_EQ(destination.batch_send_deadline, seconds(1));
  EXPECT_EQ(destination.min_backoff, milliseconds(100));
  EXPECT_EQ(destination.max_backoff, seconds(10));
  const Result<http::Fields> headers = destination.client.Headers();
  ASSERT_TRUE(headers);
  EXPECT_THAT(*headers,
              testing::IsSupersetOf<http::Fields::value_type>({{"X-Scope-OrgID", "team"}, {"X-Other", "b"}}));
}

TEST(RemoteWriteSettingsTest, NativeHistogramsGoWithTheSecondMessage) {
  const Read read = ReadFrom(
      "[{url: 'http://a', protobuf_message: io.prometheus.write.v2.Request}, "
      "{url: 'http://b', protobuf_message: prometheus.WriteRequest, send_native_histograms: true}]");
  ASSERT_TRUE(read.status) << read.status.error().message;
  EXPECT_TRUE(read.destinations[0].send_native_histograms);
  EXPECT_EQ(read.destinations[1].message, Message::kWrite1);
  EXPECT_TRUE(read.destinations[1].send_native_histograms);
}

TEST(RemoteWriteSettingsTest, WhatIsWrong) {
  const struct {
    const char* keys;
    const char* wanted;
  } cases[] = {
      {"remote_timeout: 0s", "it must be at least 1ms"},
      {"remote_timeout: soon", "soon"},
      {"protobuf_message: v3", "io.prometheus.write.v2.Request"},
      {"queue_config: {max_shards: 0}", "it must be from 1 to 64"},
      {"queue_config: {max_shards: 65}", "it must be from 1 to 64"},
      {"queue_config: {max_samples_per_send: 10001}", "it must be from 1 to 10000"},
      {"queue_config: {batch_send_deadline: 0}", "it must be at least 1ms"},
      {"queue_config: {min_backoff: 6s}", "max_backoff is shorter than min_backoff"},
      {"queue_config: {min_shards: 1}", "leave it out"},
      {"queue_config: {capacity: 10000}", "exporters.queue.max_size"},
      {"queue_config: {sample_age_limit: 1h}", "exporters.queue.max_age"},
      {"queue_config: {retry_on_http_429: true}", "429 is always tried again"},
      {"metadata_config: {max_samples_per_send: 5}", "leave it out"},
      {"metadata_config: {send_interval: 0}", "it must be at least 1ms"},
      {"write_relabel_configs: [{action: eat}]", "eat"},
      {"headers: {User-Agent: me}", "the header User-Agent cannot be set here"},
      {"headers: {x-prometheus-remote-write-version: '3'}", "cannot be set here"},
      {"headers: {Content-Type: text/plain}", "cannot be set here"},
      {"headers: {'a b': c}", "this is no header's name"},
      {"headers: {X-A: \"a\\r\\nB: c\"}", "a line break"},
      {"http_headers: {X-Prometheus-Remote-Write-Version: {values: ['9']}}", "cannot be set here"},
      {"sigv4: {}", "sigv4 is not spoken"},
      {"azuread: {}", "azuread is not spoken"},
      {"google_iam: {}", "google_iam is not spoken"},
      {"round_robin_dns: true", "leave this out"},
      {"proxy_url: 'http://p'", "without a proxy"},
      {"oauth2: {}", "oauth2 is not spoken"},
      {"name: ''", "the name is empty"},
      {"send_exemplar: true", "send_exemplars"},
  };
  for (const auto& c : cases) EXPECT_THAT(ErrorOf(c.keys), HasSubstr(c.wanted)) << c.keys;
  EXPECT_THAT(ReadFrom("[{name: a}]").status.error().message, HasSubstr("url"));
  EXPECT_THAT(ReadFrom("[{url: 'ftp://a'}]").status.error().message, HasSubstr("is not a URL"));
  EXPECT_THAT(ReadFrom("[{url: 'http://a?b=c'}]").status.error().message,
              HasSubstr("more in it than a path"));
  EXPECT_THAT(ReadFrom("[{url: 'http://a/b'}, {url: 'http://a/b/'}]").status.error().message,
              HasSubstr("is in the list already"));
  EXPECT_TRUE(ReadFrom("[{url: 'http://a/b'}, {url: 'http://a/b', name: two}]").status);
}

TEST(RemoteWriteSettingsTest, NoSecretInAnError) {
  for (const char* const keys : {"headers: {X-Key: hunter2\\n, User-Agent: a}", "headers: hunter2",
                                 "bearer_token: hunter2, password: hunter2", "headers: {X-Key: [hunter2]}"}) {
    const std::string error = ErrorOf(keys);
    EXPECT_NE(error, "none") << keys;
    EXPECT_THAT(error, Not(HasSubstr("hunter2"))) << keys;
  }
}

}  // namespace
}  // namespace sidelight::remote_write
