#include "exporters/otlp/settings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::otlp {
namespace {

struct Read {
  std::vector<Destination> destinations;
  Status status;
};

Read ReadFrom(const std::string& text) {
  yaml::Document document = yaml::Document::Parse(text, "a.yaml", {});
  Read read;
  yaml::Mapping root = document.Root().AsMapping();
  Decode(root.Get("otlp"), &read.destinations);
  root.Finish();
  read.status = document.status();
  return read;
}

TEST(OtlpSettingsTest, Where) {
  const struct {
    const char* entry;
    const char* want;
  } cases[] = {
      {"{endpoint: 'http://c:4318'}", "http://c:4318/v1/metrics"},
      {"{endpoint: 'http://c:4318/'}", "http://c:4318/v1/metrics"},
      {"{endpoint: 'https://c/otlp/'}", "https://c/otlp/v1/metrics"},
      {"{endpoint: 'http://[::1]:4318', protocol: http/json}", "http://[::1]:4318/v1/metrics"},
      {"{metrics_endpoint: 'https://c'}", "https://c"},
      {"{metrics_endpoint: 'https://c/api/v2/otlp'}", "https://c/api/v2/otlp"},
      {"{metrics_endpoint: 'https://c/otlp/'}", "https://c/otlp/"},
      {"{endpoint: 'http://c:4317', protocol: grpc}", "http://c:4317"},
      {"{endpoint: 'https://c:4317/', protocol: grpc}", "https://c:4317"},
  };
  for (const auto& c : cases) {
    const Read read = ReadFrom("otlp: [" + std::string(c.entry) + "]\n");
    ASSERT_TRUE(read.status) << c.entry << "\n" << read.status.error().message;
    ASSERT_EQ(read.destinations.size(), 1u) << c.entry;
    EXPECT_EQ(read.destinations[0].Name(), c.want) << c.entry;
  }
  EXPECT_TRUE(ReadFrom("otlp: []\n").destinations.empty());
}

TEST(OtlpSettingsTest, How) {
  const Read read = ReadFrom(R"(
otlp:
  - endpoint: http://a
  - endpoint: http://b
    protocol: http/json
    compression: gzip
    temporality: delta
    histograms: exponential
    interval: 15s
    timeout: 3s
    headers: {api-key: hunter2}
    tls_config: {ca_file: ca.pem}
    metric_relabel_configs: [{action: labeldrop, regex: network_.*}]
    authorization: {credentials: token}
)");
  ASSERT_TRUE(read.status) << read.status.error().message;
  ASSERT_EQ(read.destinations.size(), 2u);
  const Destination& plain = read.destinations[0];
  EXPECT_EQ(plain.protocol, Protocol::kHttpProtobuf);
  EXPECT_FALSE(plain.gzip);
  EXPECT_TRUE(plain.metric_relabel_configs.empty());
  EXPECT_EQ(read.destinations[1].metric_relabel_configs.size(), 1u);
  EXPECT_EQ(plain.temporality, Temporality::kCumulative);
  EXPECT_EQ(plain.histograms, HistogramForm::kExplicit);
  EXPECT_EQ(plain.interval, std::chrono::seconds(60));
  EXPECT_EQ(plain.timeout, std::chrono::seconds(10));
  const Destination& all = read.destinations[1];
  EXPECT_EQ(all.protocol, Protocol::kHttpJson);
  EXPECT_TRUE(all.gzip);
  EXPECT_EQ(all.temporality, Temporality::kDelta);
  EXPECT_EQ(all.histograms, HistogramForm::kExponential);
  EXPECT_EQ(all.interval, std::chrono::seconds(15));
  EXPECT_EQ(all.timeout, std::chrono::seconds(3));
  EXPECT_EQ(all.client.tls.ca_file, "ca.pem");
  const Result<http::Fields> headers = all.client.Headers();
  ASSERT_TRUE(headers);
  std::string text;
  for (const auto& [name, value] : *headers) text += name + "=" + value + " ";
  EXPECT_EQ(text, "Authorization=Bearer token api-key=hunter2 ");
}

TEST(OtlpSettingsTest, WhatIsWrong) {
  const struct {
    const char* entry;
    const char* want;
  } cases[] = {
      {"[{}]", "a destination needs an endpoint"},
      {"[{endpoint: 'c:4318'}]", "\"c:4318\" is not a URL"},
      {"[{endpoint: 'http://us:hunter2@c'}]", "has a user in it"},
      {"[{endpoint: 'http://c/?key=hunter2'}]", "\"http://c/?...\" has more in it than a path"},
      {"[{endpoint: 'http://c', metrics_endpoint: 'http://c/a'}]", "and not both"},
      {"[{metrics_endpoint: 'http://c/a', protocol: grpc}]", "grpc has no path; write it as endpoint"},
      {"[{endpoint: 'http://c/a', protocol: grpc}]", "grpc has no path; leave out"},
      {"[{endpoint: 'http://c', protocol: http}]", "http/protobuf"},
      {"[{endpoint: 'http://c', compression: zstd}]", "gzip"},
      {"[{endpoint: 'http://c', temporality: lowmemory}]", "cumulative"},
      {"[{endpoint: 'http://c', histograms: native}]", "exponential"},
      {"[{endpoint: 'http://c', interval: 50ms}]", "it must be at least 100ms"},
      {"[{endpoint: 'http://c', timeout: 0s}]", "it must be at least 1ms"},
      {"[{endpoint: 'http://c', headers: {'a b': hunter2}}]", "\"a b\" cannot be the name of a header"},
      {"[{endpoint: 'http://c', time_out: hunter2}]", "timeout"},
      {"[{endpoint: 'http://c'}, {endpoint: 'http://c/'}]", "http://c/v1/metrics is in the list already"},
      {"{endpoint: 'http://c'}", "a.yaml:1:7"},
      {"[http://c]", "a.yaml:1:8"},
  };
  for (const auto& c : cases) {
    const Read read = ReadFrom("otlp: " + std::string(c.entry) + "\n");
    ASSERT_FALSE(read.status) << c.entry;
    const std::string& message = read.status.error().message;
    EXPECT_NE(message.find(c.want), std::string::npos) << c.entry << "\n" << message;
  }
}

}  // namespace
}  // namespace sidelight::otlp
