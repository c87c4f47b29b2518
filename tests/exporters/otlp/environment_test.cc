// OpenTelemetry's environment variables.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "exporters/otlp/settings.h"

namespace sidelight::otlp {
namespace {

using Variables = std::map<std::string, std::string>;

Environment Of(const Variables& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

constexpr const char* kEnd = "OTEL_EXPORTER_OTLP_";
constexpr const char* kMetricsEnd = "OTEL_EXPORTER_OTLP_METRICS_";

std::string Key(const char* end) {
  return std::string(kEnd) + end;
}
std::string MetricsKey(const char* end) {
  return std::string(kMetricsEnd) + end;
}

// With an endpoint, unless they have one.
Destination Read(Variables variables) {
  variables.emplace(Key("ENDPOINT"), "http://general:4318");
  const Result<std::optional<Destination>> read = FromEnvironment(Of(variables));
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read && *read);
  return read && *read ? **read : Destination();
}

std::string HeadersOf(const Destination& destination) {
  const Result<http::Fields> headers = destination.client.Headers();
  EXPECT_TRUE(headers);
  std::string text;
  for (const auto& [name, value] : *headers) text += "[" + name + "=" + value + "]";
  return text;
}

TEST(OtlpEnvironmentTest, WhetherAtAll) {
  const struct {
    Variables variables;
    bool want;
  } cases[] = {
      {{}, false},
      {{{Key("ENDPOINT"), "http://a"}}, true},
      {{{MetricsKey("ENDPOINT"), "http://a"}}, true},
      {{{Key("ENDPOINT"), ""}}, false},
      {{{Key("TRACES_ENDPOINT"), "http://a"}}, false},
      {{{Key("PROTOCOL"), "grpc"}}, false},
      {{{"OTEL_METRICS_EXPORTER", "otlp"}}, true},
      {{{"OTEL_METRICS_EXPORTER", "prometheus, OTLP"}}, true},
      {{{"OTEL_METRICS_EXPORTER", "none"}, {Key("ENDPOINT"), "http://a"}}, false},
      {{{"OTEL_METRICS_EXPORTER", "prometheus"}, {Key("ENDPOINT"), "http://a"}}, false},
      {{{"OTEL_METRICS_EXPORTER", ""}, {Key("ENDPOINT"), "http://a"}}, true},
      {{{"OTEL_SDK_DISABLED", "True"}, {Key("ENDPOINT"), "http://a"}}, false},
      {{{"OTEL_SDK_DISABLED", "1"}, {Key("ENDPOINT"), "http://a"}}, true},
      {{{"OTEL_SDK_DISABLED", "true"}, {Key("PROTOCOL"), "nonsense"}}, false},
  };
  for (const auto& c : cases) {
    const Result<std::optional<Destination>> read = FromEnvironment(Of(c.variables));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->has_value(), c.want) << testing::PrintToString(c.variables);
  }
}

TEST(OtlpEnvironmentTest, Endpoints) {
  const std::string general = Key("ENDPOINT");
  const std::string metrics = MetricsKey("ENDPOINT");
  const std::string protocol = Key("PROTOCOL");
  const std::string insecure = Key("INSECURE");
  const struct {
    Variables variables;
    const char* want;
  } cases[] = {
      {{{"OTEL_METRICS_EXPORTER", "otlp"}}, "http://localhost:4318/v1/metrics"},
      {{{"OTEL_METRICS_EXPORTER", "otlp"}, {protocol, "grpc"}}, "http://localhost:4317"},
      {{{general, "http://a:4318"}}, "http://a:4318/v1/metrics"},
      {{{general, " http://a:4318/ "}}, "http://a:4318/v1/metrics"},
      {{{general, "https://a/otlp/"}}, "https://a/otlp/v1/metrics"},
      {{{metrics, "http://a:4318"}}, "http://a:4318"},
      {{{metrics, "http://a:4318/v1/metrics"}}, "http://a:4318/v1/metrics"},
      {{{metrics, "http://a:4318/mine/"}}, "http://a:4318/mine/"},
      {{{general, "http://g:1"}, {metrics, "http://m:2/x"}}, "http://m:2/x"},
      {{{general, "http://g:1"}, {metrics, ""}}, "http://g:1/v1/metrics"},
      {{{general, "http://a:4317"}, {protocol, "grpc"}}, "http://a:4317"},
      {{{general, "http://a:4317/path"}, {protocol, "grpc"}}, "http://a:4317"},
      {{{general, "a:4317"}, {protocol, "grpc"}}, "https://a:4317"},
      {{{general, "a:4317"}, {protocol, "grpc"}, {insecure, "TRUE"}}, "http://a:4317"},
      {{{general, "a:4317"}, {protocol, "grpc"}, {insecure, "yes"}}, "https://a:4317"},
      {{{general, "https://a:4317"}, {protocol, "grpc"}, {insecure, "true"}}, "https://a:4317"},
      {{{general, "a:4317"}, {protocol, "grpc"}, {insecure, "true"}, {MetricsKey("INSECURE"), "false"}},
       "https://a:4317"},
  };
  for (const auto& c : cases) {
    const Result<std::optional<Destination>> read = FromEnvironment(Of(c.variables));
    ASSERT_TRUE(read) << testing::PrintToString(c.variables) << read.error().message;
    ASSERT_TRUE(*read) << testing::PrintToString(c.variables);
    EXPECT_EQ((*read)->Name(), c.want) << testing::PrintToString(c.variables);
  }
}

TEST(OtlpEnvironmentTest, MetricsBeforeGeneral) {
  Variables variables = {{Key("PROTOCOL"), "grpc"},           {Key("HEADERS"), "a=general"},
                         {Key("COMPRESSION"), "none"},        {Key("TIMEOUT"), "1000"},
                         {Key("CERTIFICATE"), "/general/ca"}, {Key("CLIENT_CERTIFICATE"), "/general/cert"},
                         {Key("CLIENT_KEY"), "/general/key"}};
  Destination read = Read(variables);
  EXPECT_EQ(read.protocol, Protocol::kGrpc);
  EXPECT_EQ(HeadersOf(read), "[a=general]");
  EXPECT_FALSE(read.gzip);
  EXPECT_EQ(read.timeout, std::chrono::seconds(1));
  EXPECT_EQ(read.client.tls.ca_file, "/general/ca");
  EXPECT_EQ(read.client.tls.cert_file, "/general/cert");
  EXPECT_EQ(read.client.tls.key_file, "/general/key");

  variables.insert({{MetricsKey("PROTOCOL"), "HTTP/JSON"},
                    {MetricsKey("HEADERS"), "a=metrics"},
                    {MetricsKey("COMPRESSION"), "gzip"},
                    {MetricsKey("TIMEOUT"), "2500"},
                    {MetricsKey("CERTIFICATE"), "/metrics/ca"},
                    {MetricsKey("CLIENT_CERTIFICATE"), "/metrics/cert"},
                    {MetricsKey("CLIENT_KEY"), "/metrics/key"}});
  read = Read(variables);
  EXPECT_EQ(read.protocol, Protocol::kHttpJson);
  EXPECT_EQ(HeadersOf(read), "[a=metrics]");
  EXPECT_TRUE(read.gzip);
  EXPECT_EQ(read.timeout, std::chrono::milliseconds(2500));
  EXPECT_EQ(read.client.tls.ca_file, "/metrics/ca");
  EXPECT_EQ(read.client.tls.cert_file, "/metrics/cert");
  EXPECT_EQ(read.client.tls.key_file, "/metrics/key");
}

TEST(OtlpEnvironmentTest, TheRest) {
  const Destination plain = Read({});
  EXPECT_EQ(plain.protocol, Protocol::kHttpProtobuf);
  EXPECT_EQ(plain.temporality, Temporality::kCumulative);
  EXPECT_EQ(plain.histograms, HistogramForm::kExplicit);
  EXPECT_EQ(plain.interval, std::chrono::seconds(60));
  EXPECT_EQ(plain.timeout, std::chrono::seconds(10));
  EXPECT_EQ(Read({{Key("TIMEOUT"), "0"}}).timeout, std::chrono::hours(24)) << "0 is no limit";
  EXPECT_EQ(Read({{"OTEL_METRIC_EXPORT_INTERVAL", "500"}}).interval, std::chrono::milliseconds(500));
  const std::string temporality = MetricsKey("TEMPORALITY_PREFERENCE");
  EXPECT_EQ(Read({{temporality, "Cumulative"}}).temporality, Temporality::kCumulative);
  EXPECT_EQ(Read({{temporality, "DELTA"}}).temporality, Temporality::kDelta);
  EXPECT_EQ(Read({{temporality, "lowmemory"}}).temporality, Temporality::kDelta);
  const std::string form = MetricsKey("DEFAULT_HISTOGRAM_AGGREGATION");
  EXPECT_EQ(Read({{form, "explicit_bucket_histogram"}}).histograms, HistogramForm::kExplicit);
  EXPECT_EQ(Read({{form, "base2_exponential_bucket_histogram"}}).histograms, HistogramForm::kExponential);
}

TEST(OtlpEnvironmentTest, Headers) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"a=b", "[a=b]"},
      {" a = b , c=d,", "[a=b][c=d]"},
      {"Authorization=Basic%20dXM6cGE%3D", "[Authorization=Basic dXM6cGE=]"},
      {"Authorization=Basic dXM6cGE==", "[Authorization=Basic dXM6cGE==]"},
      {"a=b%2Cc%3dd", "[a=b,c=d]"},
      {"a=", "[a=]"},
      {",,", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(HeadersOf(Read({{Key("HEADERS"), c.text}})), c.want) << c.text;
}

TEST(OtlpEnvironmentTest, WhatIsWrong) {
  const struct {
    std::string name;
    const char* value;
    const char* want;
  } cases[] = {
      {Key("PROTOCOL"), "http", "is none of http/protobuf, http/json, grpc"},
      {Key("ENDPOINT"), "a:4318", "is not a URL"},
      {MetricsKey("ENDPOINT"), "http://us:hunter2@a", "has a user in it"},
      {MetricsKey("ENDPOINT"), "http://a/v1?key=hunter2", "has more in it than a path"},
      {Key("HEADERS"), "hunter2", "pair 1 is not key=value"},
      {Key("HEADERS"), "a=b,=hunter2", "pair 2 is not key=value"},
      {Key("HEADERS"), "a=hunter2%", "the value of a has a % without two hex digits"},
      {Key("HEADERS"), "a=hunter2%zz", "the value of a has a % without two hex digits"},
      {Key("HEADERS"), "a b=hunter2", "\"a b\" cannot be the name of a header"},
      {Key("HEADERS"), "a=hunter2%0d%0aevil: 1", "the value of a has a line break in it"},
      {MetricsKey("COMPRESSION"), "zstd", "is none of none, gzip"},
      {Key("TIMEOUT"), "10s", "is no number of milliseconds"},
      {Key("TIMEOUT"), "-1", "is no number of milliseconds"},
      {"OTEL_METRIC_EXPORT_INTERVAL", "0", "is no number of milliseconds"},
      {MetricsKey("TEMPORALITY_PREFERENCE"), "sometimes", "is none of cumulative, delta, lowmemory"},
      {MetricsKey("DEFAULT_HISTOGRAM_AGGREGATION"), "drop", "is none of explicit_bucket_histogram"},
      {Key("CLIENT_KEY"), "/key", "go together"},
  };
  for (const auto& c : cases) {
    const Result<std::optional<Destination>> read =
        FromEnvironment(Of({{"OTEL_METRICS_EXPORTER", "otlp"}, {c.name, c.value}}));
    ASSERT_FALSE(read) << c.name << "=" << c.value;
    const std::string& message = read.error().message;
    EXPECT_NE(message.find(c.want), std::string::npos) << message;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
    EXPECT_EQ(message.starts_with(c.name + ": "), c.name != Key("CLIENT_KEY")) << message;
  }
}

std::string ResourceText(const Variables& variables) {
  const Result<Resource> resource = ResourceFrom("shop", "pod-1", Of(variables));
  if (!resource) return resource.error().message;
  std::string text;
  for (const Attribute& attribute : resource->attributes) {
    text += (text.empty() ? "" : " ") + attribute.key + "=" + std::get<std::string>(attribute.value);
  }
  return text;
}

TEST(OtlpEnvironmentTest, WhoIsMeasured) {
  const struct {
    Variables variables;
    const char* want;
  } cases[] = {
      {{}, "service.instance.id=pod-1 service.name=shop"},
      {{{"POD_NAME", "p"},
        {"POD_NAMESPACE", "n"},
        {"POD_UID", "u"},
        {"NODE_NAME", "o"},
        {"CONTAINER_NAME", "c"}},
       "k8s.container.name=c k8s.namespace.name=n k8s.node.name=o k8s.pod.name=p k8s.pod.uid=u "
       "service.instance.id=pod-1 service.name=shop"},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "team=a%2Cb,service.name=other,service.instance.id=7,x%3Dy=z"}},
       "service.instance.id=7 service.name=shop team=a,b x=y=z"},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=q"}, {"POD_NAME", "p"}},
       "k8s.pod.name=q service.instance.id=pod-1 service.name=shop"},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "team"}}, "OTEL_RESOURCE_ATTRIBUTES: pair 1 is not key=value"},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "a%=b"}},
       "OTEL_RESOURCE_ATTRIBUTES: the key a% has a % without two hex digits; write %25 for it"},
  };
  for (const auto& c : cases) EXPECT_EQ(ResourceText(c.variables), c.want);
}

}  // namespace
}  // namespace sidelight::otlp
