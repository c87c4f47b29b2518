#include "core/model/naming.h"

#include <gtest/gtest.h>

namespace sidelight {
namespace {

TEST(PrometheusName, FollowsTheCompatibilityPage) {
  const struct {
    const char* otel;
    const char* unit;
    MetricType type;
    const char* want;
  } cases[] = {
      {"http.server.request.duration", "s", MetricType::kHistogram, "http_server_request_duration_seconds"},
      {"http.server.request.body.size", "By", MetricType::kHistogram, "http_server_request_body_size_bytes"},
      {"http.server.active_requests", "{request}", MetricType::kGauge, "http_server_active_requests"},
      {"http.client.open_connections", "{connection}", MetricType::kGauge, "http_client_open_connections"},
      {"rpc.server.call.duration", "s", MetricType::kHistogram, "rpc_server_call_duration_seconds"},
      {"db.client.response.returned_rows", "{row}", MetricType::kHistogram,
       "db_client_response_returned_rows"},
      {"requests", "", MetricType::kCounter, "requests_total"},
      {"requests_total", "", MetricType::kCounter, "requests_total"},
      {"requests.total", "", MetricType::kCounter, "requests_total"},
      {"requests", "{request}", MetricType::kCounter, "requests_total"},
      {"sent.bytes", "By", MetricType::kCounter, "sent_bytes_total"},
      {"sent_total", "By", MetricType::kCounter, "sent_bytes_total"},
      {"cpu.time", "s", MetricType::kCounter, "cpu_time_seconds_total"},
      {"already_seconds", "s", MetricType::kHistogram, "already_seconds"},
      {"milliseconds", "s", MetricType::kGauge, "milliseconds_seconds"},
      {"cpu.utilization", "1", MetricType::kGauge, "cpu_utilization_ratio"},
      {"cpu.utilization", "1", MetricType::kCounter, "cpu_utilization_total"},
      {"throughput", "By/s", MetricType::kGauge, "throughput_bytes_per_second"},
      {"a..b--c", "", MetricType::kGauge, "a_b_c"},
      {"a__b", "", MetricType::kGauge, "a_b"},
      {"rule:name", "", MetricType::kGauge, "rule:name"},
      {"2xx", "", MetricType::kGauge, "_2xx"},
      {"size.", "By", MetricType::kGauge, "size_bytes"},
      {"gr\xc3\xb6\xc3\x9f"
       "e",
       "", MetricType::kGauge, "gr_e"},
  };
  for (const auto& c : cases) {
    const std::string got = PrometheusName(c.otel, c.unit, c.type);
    EXPECT_EQ(got, c.want) << c.otel << " in " << c.unit;
    EXPECT_TRUE(IsClassicMetricName(got)) << got;
  }
}

TEST(PrometheusUnit, IsAWord) {
  const struct {
    const char* ucum;
    const char* want;
  } cases[] = {
      {"", ""},
      {"1", ""},
      {"s", "seconds"},
      {"ms", "milliseconds"},
      {"By", "bytes"},
      {"KiBy", "kibibytes"},
      {"%", "percent"},
      {"Cel", "celsius"},
      {"By/s", "bytes_per_second"},
      {"{request}/s", "per_second"},
      {"1/m", "per_minute"},
      {"{request}", ""},
      {"{a}By{b}", "bytes"},
      {"widgets", "widgets"},
      {"m", "meters"},
      {"By/{operation}", "bytes"},
      {"{unclosed", ""},
      {"}", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(PrometheusUnit(c.ucum), c.want) << c.ucum;
}

TEST(UcumUnit, IsTheWayBackOfTheWord) {
  const struct {
    const char* word;
    const char* want;
  } cases[] = {
      {"", ""},
      {"seconds", "s"},
      {"bytes", "By"},
      {"ratio", "1"},
      {"percent", "%"},
      {"bytes_per_second", "By/s"},
      {"per_second", "1/s"},
      {"widgets_per_minute", "widgets/m"},
      {"super_second", "super_second"},
      {"widgets", "widgets"},
      {"per_", "1/"},
  };
  for (const auto& c : cases) EXPECT_EQ(UcumUnit(c.word), c.want) << c.word;
  for (const char* ucum : {"s", "ms", "By", "KiBy", "Cel", "%", "By/s", "By/h"}) {
    EXPECT_EQ(UcumUnit(PrometheusUnit(ucum)), ucum);
  }
}

TEST(AttributeOfLabel, IsTheConventionsNameOrTheLabelsOwn) {
  const struct {
    const char* label;
    const char* name;
    AttributeKind kind;
  } cases[] = {
      {"http_request_method", "http.request.method", AttributeKind::kString},
      {"http_response_status_code", "http.response.status_code", AttributeKind::kInteger},
      {"db_response_status_code", "db.response.status_code", AttributeKind::kString},
      {"server_port", "server.port", AttributeKind::kInteger},
      {"error_type", "error.type", AttributeKind::kString},
      {"otel_metric_overflow", "otel.metric.overflow", AttributeKind::kBoolean},
      {"tap", "tap", AttributeKind::kString},
      {"http.route", "http.route", AttributeKind::kString},
      {"http_request", "http_request", AttributeKind::kString},
      {"", "", AttributeKind::kString},
  };
  for (const auto& c : cases) {
    const OtelAttribute got = AttributeOfLabel(c.label);
    EXPECT_EQ(got.name, c.name) << c.label;
    EXPECT_EQ(got.kind, c.kind) << c.label;
    if (got.name != c.label) {
      EXPECT_EQ(PrometheusLabelName(got.name), c.label);
    }
  }
}

TEST(PrometheusLabelName, KeepsLettersDigitsAndUnderscores) {
  const struct {
    const char* attribute;
    const char* want;
  } cases[] = {
      {"http.request.method", "http_request_method"},
      {"error.type", "error_type"},
      {"a:b", "a_b"},
      {"5xx", "_5xx"},
      {"plain", "plain"},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(PrometheusLabelName(c.attribute), c.want) << c.attribute;
}

TEST(ClassicNames, AreAsciiWordsThatStartWithNoDigit) {
  const struct {
    const char* name;
    bool metric;
    bool label;
  } cases[] = {
      {"", false, false},    {"a", true, true},     {"_a1", true, true},
      {"1a", false, false},  {"a:b", true, false},  {":", true, false},
      {"a.b", false, false}, {"a b", false, false}, {"\xc3\xa4", false, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(IsClassicMetricName(c.name), c.metric) << c.name;
    EXPECT_EQ(IsClassicLabelName(c.name), c.label) << c.name;
  }
}

}  // namespace
}  // namespace sidelight
