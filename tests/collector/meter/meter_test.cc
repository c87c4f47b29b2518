#include "collector/meter/meter.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/model/naming.h"
#include "tests/support/fake_clock.h"

namespace sidelight::meter {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::vector<RoutePattern> Patterns(const std::vector<std::string>& texts) {
  std::vector<RoutePattern> patterns;
  for (const auto& text : texts) patterns.push_back(*RoutePattern::Parse(text));
  return patterns;
}

// A request as a test writes it down.
struct Request {
  std::string method = "GET";
  std::string path = "/orders";
  int status = 200;
  Outcome outcome = Outcome::kAnswered;
  std::string version = "1.1";
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 512;
  Duration first_byte = milliseconds(20);
  Duration duration = milliseconds(30);
  Duration pipeline_wait = Duration::zero();  // when not zero, it was pipelined
  bool traced = false;
  TraceId trace = {};
};

class MeterTest : public ::testing::Test {
 protected:
  Meter& Make(Options options = {}, Identity identity = {.tap = "api"}, size_t series_limit = 1000) {
    registry_ =
        std::make_unique<metrics::Registry>(clock_, metrics::Registry::Options{.series_limit = series_limit});
    meter_ = std::make_unique<Meter>(*registry_, clock_, identity, std::move(options), hours(1));
    sink_ = std::make_unique<MeterShard>(meter_.get(), registry_->AddShard());
    return *meter_;
  }

  Exchange ExchangeOf(const Request& request) const {
    Exchange exchange;
    exchange.operation = request.method;
    exchange.target = request.path;
    exchange.protocol_version = request.version;
    exchange.status = request.status;
    exchange.outcome = request.outcome;
    exchange.request_bytes = request.request_bytes;
    exchange.response_bytes = request.response_bytes;
    exchange.start = clock_.Now();
    exchange.has_first_byte = request.status != 0;
    exchange.first_byte = exchange.start + request.first_byte;
    exchange.end = exchange.start + request.duration;
    exchange.pipelined = request.pipeline_wait != Duration::zero();
    exchange.pipeline_wait = request.pipeline_wait;
    if (request.traced) exchange.trace = request.trace;
    return exchange;
  }

  void Do(const Request& request) { Do(*sink_, request); }
  void Do(MeterShard& sink, const Request& request) {
    const Exchange exchange = ExchangeOf(request);
    sink.Started(exchange);
    sink.Ended(exchange);
  }

  // Every series whose name begins so, as name{labels} with its value; of histograms, count and sum.
  std::vector<std::string> Series(const std::string& prefix) const {
    std::vector<std::string> series;
    const auto snapshot = registry_->Collect();
    for (const MetricFamily& family : snapshot->families) {
      if (family.name.rfind(prefix, 0) != 0) continue;
      for (const Metric& metric : family.metrics) {
        std::string line = family.name + metric.labels.ToString();
        if (family.type == MetricType::kHistogram) {
          line += fmt::format(" {} {:.6g}", metric.histogram->count, metric.histogram->sum);
        } else {
          line += fmt::format(" {}", metric.value);
        }
        series.push_back(std::move(line));
      }
    }
    return series;
  }

  const Metric* Find(const std::string& name) const {
    last_ = registry_->Collect();
    for (const MetricFamily& family : last_->families) {
      if (family.name == name && family.metrics.size() == 1) return &family.metrics[0];
    }
    return nullptr;
  }

  FakeClock clock_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<Meter> meter_;
  std::unique_ptr<MeterShard> sink_;
  mutable std::shared_ptr<const Snapshot> last_;
};

TEST_F(MeterTest, OneRequestIsTheseSeries) {
  Make({.routes = Patterns({"/orders/{id}"})});
  Do({.method = "POST",
      .path = "/orders/7",
      .status = 201,
      .request_bytes = 100,
      .pipeline_wait = milliseconds(4)});
  const std::string labels =
      R"({http_request_method="POST", http_response_status_code="201", http_route="/orders/{id}", )"
      R"(network_protocol_version="1.1", tap="api", url_scheme="http"})";
  const std::string method_labels = R"({http_request_method="POST", tap="api", url_scheme="http"})";
  EXPECT_THAT(Series(""),
              ElementsAreArray({
                  "http_server_active_requests" + method_labels + " 0",
                  "http_server_request_body_size_bytes" + labels + " 1 100",
                  "http_server_request_duration_seconds" + labels + " 1 0.03",
                  "http_server_request_pipeline_wait_seconds" + method_labels + " 1 0.004",
                  "http_server_request_time_to_first_byte_seconds" + labels + " 1 0.02",
                  "http_server_response_body_size_bytes" + labels + " 1 512",
                  std::string(R"(sidelight_series_overflow_total{tap="api"} 0)"),
                  std::string(R"(sidelight_tap_exchanges_total{tap="api"} 1)"),
                  std::string(R"(sidelight_tap_exchanges_unobserved_total{tap="api"} 0)"),
                  std::string(R"(sidelight_tap_opaque_total{reason="desynchronized", tap="api"} 0)"),
                  std::string(R"(sidelight_tap_opaque_total{reason="limit", tap="api"} 0)"),
                  std::string(R"(sidelight_tap_opaque_total{reason="not_protocol", tap="api"} 0)"),
                  std::string(R"(sidelight_tap_opaque_total{reason="upgraded", tap="api"} 0)"),
              }));
}

TEST_F(MeterTest, BucketsAndUnits) {
  Make();
  Do({});
  const Metric* duration = Find("http_server_request_duration_seconds");
  ASSERT_NE(duration, nullptr);
  EXPECT_THAT(*duration->histogram->classic.bounds,
              ElementsAre(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10));
  EXPECT_EQ(duration->histogram->schema, 3);
  const Metric* size = Find("http_server_response_body_size_bytes");
  ASSERT_NE(size, nullptr);
  EXPECT_THAT(*size->histogram->classic.bounds,
              ElementsAre(256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216));
  const auto snapshot = registry_->Collect();
  for (const MetricFamily& family : snapshot->families) {
    EXPECT_FALSE(family.help.empty()) << family.name;
    const bool seconds_unit = family.name.ends_with("_seconds");
    const bool bytes_unit = family.name.ends_with("_bytes");
    EXPECT_EQ(family.unit, seconds_unit ? "seconds" : bytes_unit ? "bytes" : "") << family.name;
  }
}

TEST_F(MeterTest, NamesOfOpenTelemetry) {
  Make();
  Do({});
  const auto otel = registry_->Collect();
  for (const MetricFamily& family : otel->families) {
    if (!family.name.starts_with("http_")) {
      EXPECT_EQ(family.otel_name, "") << family.name;
    } else {
      EXPECT_EQ(PrometheusName(family.otel_name, family.otel_unit, family.type), family.name);
      EXPECT_NE(family.otel_name.find('.'), std::string::npos) << family.otel_name;
    }
  }
  Make({.naming = {NamingStyle::kPlain, "shop"}});
  Do({});
  const auto plain = registry_->Collect();
  for (const MetricFamily& family : plain->families) {
    EXPECT_EQ(family.otel_name + family.otel_unit, "") << family.name;
  }
}

// design.md's error table, and what it makes of each role.
TEST_F(MeterTest, OutcomesInNamingOtel) {
  const struct {
    Outcome outcome;
    int status;
    std::string server;  // error_type, "" for none
    std::string client;
  } kCases[] = {
      {Outcome::kAnswered, 200, "", ""},
      {Outcome::kAnswered, 304, "", ""},
      {Outcome::kAnswered, 404, "", "404"},
      {Outcome::kAnswered, 499, "", "499"},
      {Outcome::kAnswered, 500, "500", "500"},
      {Outcome::kAnswered, 503, "503", "503"},
      {Outcome::kConnectRefused, 0, "connect_refused", "connect_refused"},
      {Outcome::kConnectTimeout, 0, "connect_timeout", "connect_timeout"},
      {Outcome::kDns, 0, "dns", "dns"},
      {Outcome::kUpstreamClosed, 0, "upstream_closed", "upstream_closed"},
      {Outcome::kResponseIncomplete, 200, "response_incomplete", "response_incomplete"},
      {Outcome::kResponseIncomplete, 503, "response_incomplete", "response_incomplete"},
      {Outcome::kTimeout, 0, "timeout", "timeout"},
      {Outcome::kOverloaded, 0, "overloaded", "overloaded"},
      {Outcome::kClientGone, 0, "client_gone", "client_gone"},
      {Outcome::kClientGone, 503, "client_gone", "client_gone"},
  };
  for (const Role role : {Role::kServer, Role::kClient}) {
    const std::string name = role == Role::kServer ? "http_server_request_duration_seconds"
                                                   : "http_client_request_duration_seconds";
    for (const auto& c : kCases) {
      Make({.role = role});
      Do({.status = c.status, .outcome = c.outcome});
      const Metric* metric = Find(name);
      ASSERT_NE(metric, nullptr) << c.status;
      EXPECT_EQ(metric->histogram->count, 1u);
      EXPECT_EQ(metric->labels.Get("error_type"), role == Role::kServer ? c.server : c.client)
          << static_cast<int>(c.outcome) << " " << c.status;
      EXPECT_EQ(metric->labels.Get("http_response_status_code"),
                c.status == 0 ? "" : std::to_string(c.status));
    }
  }
}

TEST_F(MeterTest, AClientThatLeftIsCountedApart) {
  Make({.routes = Patterns({"/orders"})});
  Do({.status = 0, .outcome = Outcome::kClientGone});
  Do({.status = 200, .outcome = Outcome::kClientGone});
  Do({.status = 200});
  EXPECT_THAT(Series("http_server_request_duration"),
              UnorderedElementsAre(
                  HasSubstr(R"({error_type="client_gone", http_request_method="GET", http_route="/orders", )"
                            R"(network)"),
                  HasSubstr(R"({error_type="client_gone", http_request_method="GET", )"
                            R"(http_response_status_code="200")"),
                  Not(HasSubstr("error_type"))));
}

TEST_F(MeterTest, WithoutAnAnswerThereIsNoFirstByteAndNoSizeOfIt) {
  Make();
  Do({.status = 0, .outcome = Outcome::kConnectRefused});
  EXPECT_THAT(Series("http_server_request_time_to_first_byte"), IsEmpty());
  EXPECT_THAT(Series("http_server_response_body"), IsEmpty());
  EXPECT_EQ(Series("http_server_request_body").size(), 1u);
}

TEST_F(MeterTest, ClientRoleNamesTheUpstream) {
  Make({.role = Role::kClient, .routes = Patterns({"/charges/{id}"})},
       {.tap = "payments", .server_address = "pay.example", .server_port = 8443});
  Do({.path = "/charges/ch1", .version = "1.0"});
  EXPECT_THAT(Series("http_client_request_duration"),
              ElementsAre(R"(http_client_request_duration_seconds{http_request_method="GET", )"
                          R"(http_response_status_code="200", network_protocol_version="1.0", )"
                          R"(server_address="pay.example", server_port="8443", tap="payments", )"
                          R"(url_template="/charges/{id}"} 1 0.03)"));
  EXPECT_THAT(
      Series("http_client_active"),
      ElementsAre(R"(http_client_active_requests{http_request_method="GET", server_address="pay.example", )"
                  R"(server_port="8443", tap="payments"} 0)"));
  EXPECT_THAT(Series("http_client_response_body"),
              Contains(HasSubstr("http_client_response_body_size_bytes{")));
  EXPECT_THAT(Series("http_client_request_time"),
              Contains(HasSubstr("http_client_request_time_to_first_byte_seconds{")));
  EXPECT_THAT(Series("http_server"), IsEmpty());
}

TEST_F(MeterTest, NamingPlainIsExactlyTwoMetrics) {
  Make({.routes = Patterns({"/api/v1/orders/{id}"}), .naming = {NamingStyle::kPlain, "feature_api"}});
  Do({.path = "/api/v1/orders/7", .pipeline_wait = milliseconds(1)});
  Do({.path = "/api/v1/orders/8"});
  Do({.path = "/api/v1/orders/9", .status = 500});
  Do({.method = "BREW", .path = "/nowhere", .status = 404});
  EXPECT_THAT(
      Series(""),
      ElementsAreArray({
          R"(feature_api_duration_seconds{endpoint="/api/v1/orders/{id}", method="GET"} 3 0.09)",
          R"(feature_api_duration_seconds{endpoint="unmatched", method="_OTHER"} 1 0.03)",
          R"(feature_api_requests_total{endpoint="/api/v1/orders/{id}", method="GET", status_code="200"} 2)",
          R"(feature_api_requests_total{endpoint="/api/v1/orders/{id}", method="GET", status_code="500"} 1)",
          R"(feature_api_requests_total{endpoint="unmatched", method="_OTHER", status_code="404"} 1)",
          R"(sidelight_series_overflow_total{tap="api"} 0)",
          R"(sidelight_tap_exchanges_total{tap="api"} 4)",
          R"(sidelight_tap_exchanges_unobserved_total{tap="api"} 0)",
          R"(sidelight_tap_opaque_total{reason="desynchronized", tap="api"} 0)",
          R"(sidelight_tap_opaque_total{reason="limit", tap="api"} 0)",
          R"(sidelight_tap_opaque_total{reason="not_protocol", tap="api"} 0)",
          R"(sidelight_tap_opaque_total{reason="upgraded", tap="api"} 0)",
      }));
  const Metric* exchanges = Find("sidelight_tap_exchanges_total");
  ASSERT_NE(exchanges, nullptr);
  for (const MetricFamily& family : last_->families) {
    if (family.name != "feature_api_duration_seconds") continue;
    EXPECT_TRUE(family.metrics[0].histogram->has_classic());
    EXPECT_TRUE(family.metrics[0].histogram->has_native());
  }
}

TEST_F(MeterTest, OutcomesInNamingPlain) {
  const struct {
    Outcome outcome;
    int status;
    std::string want;
  } kCases[] = {
      {Outcome::kAnswered, 200, "200"},
      {Outcome::kAnswered, 503, "503"},
      {Outcome::kConnectRefused, 0, "502"},
      {Outcome::kConnectTimeout, 0, "504"},
      {Outcome::kDns, 0, "502"},
      {Outcome::kUpstreamClosed, 0, "502"},
      {Outcome::kResponseIncomplete, 200, "502"},
      {Outcome::kTimeout, 0, "504"},
      {Outcome::kOverloaded, 0, "503"},
      {Outcome::kClientGone, 0, "499"},
      {Outcome::kClientGone, 200, "499"},
  };
  for (const auto& c : kCases) {
    Make({.naming = {NamingStyle::kPlain, "shop"}});
    Do({.status = c.status, .outcome = c.outcome});
    const Metric* metric = Find("shop_requests_total");
    ASSERT_NE(metric, nullptr) << c.want;
    EXPECT_EQ(metric->labels.Get("status_code"), c.want) << static_cast<int>(c.outcome);
    EXPECT_EQ(metric->value, 1);
  }
}

TEST_F(MeterTest, OnlyKnownMethodsAreLabels) {
  const struct {
    std::string method;
    std::string want;
  } kCases[] = {{"GET", "GET"},         {"QUERY", "QUERY"}, {"PATCH", "PATCH"}, {"CONNECT", "CONNECT"},
                {"get", "_OTHER"},      {"BREW", "_OTHER"}, {"", "_OTHER"},     {"_OTHER", "_OTHER"},
                {"OPTIONS", "OPTIONS"}, {"TRACE", "TRACE"}, {"HEAD", "HEAD"},   {"DELETE", "DELETE"}};
  for (const auto& c : kCases) {
    Make();
    Do({.method = c.method});
    const Metric* metric = Find("http_server_request_duration_seconds");
    ASSERT_NE(metric, nullptr) << c.method;
    EXPECT_EQ(metric->labels.Get("http_request_method"), c.want) << c.method;
  }
}

TEST_F(MeterTest, A404HasTheRouteThatIsKnownOrNone) {
  Make();
  Do({.path = "/wp-login.php", .status = 404});
  Do({.path = "/orders/1", .status = 200});
  Do({.path = "/orders/2", .status = 404});
  Do({.path = "/down", .status = 0, .outcome = Outcome::kConnectRefused});
  EXPECT_THAT(Series("http_server_request_duration"),
              ElementsAre(Not(HasSubstr("http_route")),  // connect_refused
                          AllOf(HasSubstr("\"200\""), HasSubstr("http_route=\"/orders/{id}\"")),
                          AllOf(HasSubstr("\"404\""), HasSubstr("http_route=\"/orders/{id}\"")),
                          AllOf(HasSubstr("\"404\""), Not(HasSubstr("http_route")))));
}

TEST_F(MeterTest, IgnoredPathsAreCarriedAndNotMeasured) {
  Make({.ignore = Patterns({"/healthz", "/internal/*"})});
  const Request probe{.path = "/healthz"};
  sink_->Started(ExchangeOf(probe));
  EXPECT_THAT(Series("http_server"), IsEmpty());
  sink_->Ended(ExchangeOf(probe));
  Do({.path = "/internal/a/b", .status = 500});
  Do({.path = "/healthz", .status = 0, .outcome = Outcome::kUnobserved});
  EXPECT_THAT(Series("http_server"), IsEmpty());
  EXPECT_THAT(Series("sidelight_tap_exchanges"),
              ElementsAre(R"(sidelight_tap_exchanges_total{tap="api"} 2)",
                          R"(sidelight_tap_exchanges_unobserved_total{tap="api"} 1)"));
}

TEST_F(MeterTest, ActiveRequestsRiseAndFall) {
  Make();
  const Request request;
  const Exchange exchange = ExchangeOf(request);
  const auto active = [this] { return Find("http_server_active_requests")->value; };
  sink_->Started(exchange);
  sink_->Started(exchange);
  EXPECT_EQ(active(), 2);
  sink_->Ended(exchange);
  EXPECT_EQ(active(), 1);
  sink_->Ended(exchange);
  EXPECT_EQ(active(), 0);
}

TEST_F(MeterTest, WhatWasNotObservedIsNotMeasured) {
  Make();
  Do({.status = 0, .outcome = Outcome::kUnobserved});
  EXPECT_THAT(Series("http_server"), ElementsAre(HasSubstr("http_server_active_requests")));
  EXPECT_EQ(Find("http_server_active_requests")->value, 0);
  EXPECT_EQ(Find("sidelight_tap_exchanges_unobserved_total")->value, 1);
  EXPECT_EQ(Find("sidelight_tap_exchanges_total")->value, 0);
}

TEST_F(MeterTest, OpaqueConnectionsByReason) {
  Make();
  sink_->WentOpaque(OpaqueReason::kNotProtocol);
  sink_->WentOpaque(OpaqueReason::kUpgraded);
  sink_->WentOpaque(OpaqueReason::kUpgraded);
  EXPECT_THAT(Series("sidelight_tap_opaque"),
              ElementsAre(R"(sidelight_tap_opaque_total{reason="desynchronized", tap="api"} 0)",
                          R"(sidelight_tap_opaque_total{reason="limit", tap="api"} 0)",
                          R"(sidelight_tap_opaque_total{reason="not_protocol", tap="api"} 1)",
                          R"(sidelight_tap_opaque_total{reason="upgraded", tap="api"} 2)"));
}

TEST_F(MeterTest, ASampledTraceBecomesAnExemplar) {
  Make();
  TraceId trace;
  trace.trace.fill(0xab);
  trace.span.fill(0xcd);
  clock_.Advance(seconds(5));
  Do({.traced = true, .trace = trace});
  Do({.duration = milliseconds(700), .traced = true, .trace = TraceId{}});
  for (const char* name :
       {"http_server_request_duration_seconds", "http_server_request_time_to_first_byte_seconds"}) {
    const Metric* metric = Find(name);
    ASSERT_NE(metric, nullptr) << name;
    ASSERT_EQ(metric->histogram->exemplars.size(), 1u) << name;
    EXPECT_EQ(metric->histogram->exemplars[0].id, trace);
    EXPECT_EQ(metric->histogram->exemplars[0].time, clock_.UnixNow());
  }
  EXPECT_DOUBLE_EQ(Find("http_server_request_duration_seconds")->histogram->exemplars[0].value, 0.03);
}

TEST_F(MeterTest, TimesThatRunBackAreZero) {
  Make();
  Do({.first_byte = -milliseconds(1), .duration = -milliseconds(2)});
  EXPECT_EQ(Find("http_server_request_duration_seconds")->histogram->sum, 0);
  EXPECT_EQ(Find("http_server_request_time_to_first_byte_seconds")->histogram->sum, 0);
}

TEST_F(MeterTest, WhatTheLimitRefusesIsInTheOverflowSeries) {
  Make({}, {.tap = "api"}, 4);  // as many as one combination has
  Do({.path = "/a"});
  EXPECT_EQ(registry_->series(), 4u);
  for (int i = 0; i < 3; ++i) Do({.path = "/b"});
  Do({.path = "/a"});
  Do({.path = "/c", .status = 0, .outcome = Outcome::kClientGone});
  EXPECT_EQ(registry_->series(), 4u);
  EXPECT_THAT(
      Series("http_server_request_duration"),
      ElementsAre(HasSubstr("http_route=\"/a\""),
                  R"(http_server_request_duration_seconds{otel_metric_overflow="true", tap="api"} 4 0.12)"));
  EXPECT_THAT(
      Series("http_server_response_body"),
      Contains(R"(http_server_response_body_size_bytes{otel_metric_overflow="true", tap="api"} 3 1536)"));
  EXPECT_EQ(Find("sidelight_series_overflow_total")->value, 4);
}

TEST_F(MeterTest, ACombinationIsRefusedAsAWhole) {
  Make({}, {.tap = "api"}, 6);
  Do({.path = "/a"});
  Do({.path = "/b"});  // two of its four series would fit
  EXPECT_EQ(registry_->series(), 4u);
  EXPECT_THAT(Series("http_server"), Not(Contains(HasSubstr("\"/b\""))));
}

TEST_F(MeterTest, OverflowInNamingPlain) {
  Make({.naming = {NamingStyle::kPlain, "shop"}}, {.tap = "api"}, 2);
  Do({.path = "/a"});
  Do({.path = "/b"});
  Do({.path = "/b"});
  EXPECT_THAT(Series("shop"),
              ElementsAre(R"(shop_duration_seconds{endpoint="/a", method="GET"} 1 0.03)",
                          R"(shop_duration_seconds{otel_metric_overflow="true"} 2 0.06)",
                          R"(shop_requests_total{endpoint="/a", method="GET", status_code="200"} 1)",
                          R"(shop_requests_total{otel_metric_overflow="true"} 2)"));
}

TEST_F(MeterTest, ManyRefusedCombinationsCostNoMemoryAndFewQuestions) {
  Make({}, {.tap = "api"}, 4);
  Do({.path = "/a"});
  for (int status = 100; status < 1000; ++status) {
    Do({.path = "/a", .status = status});
    Do({.method = "POST", .path = "/a", .status = status});
  }
  const size_t asked = registry_->refused();
  EXPECT_LE(asked, 1024u);
  Do({.method = "PUT", .path = "/a", .status = 201});
  EXPECT_EQ(registry_->refused(), asked);
  EXPECT_EQ(registry_->series(), 4u);
}

TEST_F(MeterTest, IdleSeriesEndAndComeBackAtZero) {
  Make();
  Do({.path = "/a"});
  Do({.path = "/a"});
  const UnixMillis first = Find("http_server_request_duration_seconds")->start;
  clock_.Advance(minutes(30));
  Do({.path = "/b"});
  sink_->Expire(clock_.Now());
  EXPECT_EQ(Series("http_server_request_duration").size(), 2u);

  clock_.Advance(minutes(31));
  sink_->Expire(clock_.Now());
  EXPECT_THAT(Series("http_server_request_duration"), ElementsAre(HasSubstr("\"/b\"")));
  EXPECT_EQ(registry_->series(), 4u);

  clock_.Advance(hours(2));
  sink_->Expire(clock_.Now());
  EXPECT_THAT(Series("http_server"), IsEmpty());
  EXPECT_EQ(registry_->series(), 0u);
  EXPECT_EQ(Find("sidelight_tap_exchanges_total")->value, 3);

  Do({.path = "/a"});
  const Metric* again = Find("http_server_request_duration_seconds");
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->histogram->count, 1u);
  EXPECT_GT(again->start, first);
}

TEST_F(MeterTest, ARequestThatStillRunsKeepsItsGauge) {
  Make();
  const Request request;
  const Exchange exchange = ExchangeOf(request);
  sink_->Started(exchange);
  clock_.Advance(hours(3));
  sink_->Expire(clock_.Now());
  ASSERT_NE(Find("http_server_active_requests"), nullptr);
  EXPECT_EQ(Find("http_server_active_requests")->value, 1);
  sink_->Ended(exchange);
  EXPECT_EQ(Find("http_server_active_requests")->value, 0);
}

TEST_F(MeterTest, ExpiryMakesRoomForWhatWasRefused) {
  Make({}, {.tap = "api"}, 4);
  Do({.path = "/a"});
  Do({.path = "/b"});
  clock_.Advance(hours(1) + seconds(1));
  Do({.path = "/b"});
  sink_->Expire(clock_.Now());
  Do({.path = "/b"});
  EXPECT_THAT(Series("http_server_request_duration"), Contains(HasSubstr("\"/b\"")));
  EXPECT_THAT(Series("http_server_request_duration"), Not(Contains(HasSubstr("\"/a\""))));
}

TEST_F(MeterTest, TwoWorkersOfOneTapAddUp) {
  Make({.routes = Patterns({"/orders/{id}"})});
  MeterShard other(meter_.get(), registry_->AddShard());
  constexpr int kRounds = 3000;
  const auto work = [this](MeterShard& sink) {
    for (int i = 0; i < kRounds; ++i) {
      Do(sink, {.path = "/orders/" + std::to_string(i)});
      Do(sink,
         {.path = std::string("/shop/") + static_cast<char>('a' + i % 20), .status = i % 2 == 0 ? 200 : 500});
      if (i % 500 == 0) sink.Expire(clock_.Now());
    }
  };
  std::thread a([&] { work(*sink_); });
  std::thread b([&] { work(other); });
  for (int i = 0; i < 20; ++i) registry_->Collect();
  a.join();
  b.join();
  uint64_t count = 0;
  size_t series = 0;
  const auto snapshot = registry_->Collect();
  for (const MetricFamily& family : snapshot->families) {
    if (family.name != "http_server_request_duration_seconds") continue;
    series = family.metrics.size();
    for (const Metric& metric : family.metrics) count += metric.histogram->count;
  }
  EXPECT_EQ(count, 4u * kRounds);
  EXPECT_LE(series, 1u + 2u * 11u);
  EXPECT_EQ(Find("sidelight_tap_exchanges_total")->value, 4 * kRounds);
}

TEST_F(MeterTest, TwoTapsShareAShard) {
  registry_ = std::make_unique<metrics::Registry>(clock_, metrics::Registry::Options{});
  metrics::Shard* shard = registry_->AddShard();
  Meter api(*registry_, clock_, {.tap = "api"}, {}, hours(1));
  Meter admin(*registry_, clock_, {.tap = "admin"}, {}, hours(1));
  MeterShard api_sink(&api, shard);
  MeterShard admin_sink(&admin, shard);
  Do(api_sink, {});
  Do(admin_sink, {});
  EXPECT_THAT(Series("http_server_request_duration"),
              ElementsAre(HasSubstr("tap=\"admin\""), HasSubstr("tap=\"api\"")));
}

}  // namespace
}  // namespace sidelight::meter
