#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/model/naming.h"
#include "core/wire/otlp/decode.h"
#include "core/wire/otlp/encode.h"
#include "tests/core/wire/families.h"
#include "tests/core/wire/otlp_text.h"

namespace sidelight::otlp {
namespace {

using testing::HasSubstr;
using wire::Classic;
using wire::FamilyOf;
using wire::kExemplarTime;
using wire::kStart;
using wire::Of;
using wire::Stale;
using wire::Value;

constexpr UnixMillis kTime = 1700000000000;
const Resource kResource = {
    {{"service.name", std::string("checkout")}, {"host.cpus", int64_t{8}}, {"share", 0.5}, {"canary", true}}};
const Scope kScope = {"sidelight", "1.2"};
const std::string kHead =
    "resource {service.name=\"checkout\" host.cpus=8 share=0.5d canary=true}\nscope sidelight/1.2{}\n";

Snapshot SnapshotOf(std::vector<MetricFamily> families) {
  Snapshot snapshot;
  snapshot.time = kTime;
  snapshot.families = std::move(families);
  return snapshot;
}

MetricFamily Named(MetricFamily family, std::string otel_name, std::string otel_unit) {
  family.otel_name = std::move(otel_name);
  family.otel_unit = std::move(otel_unit);
  return family;
}

std::string Decoded(const std::string& body, Encoding encoding) {
  const auto message = encoding == Encoding::kProtobuf ? DecodeProtobuf(body) : DecodeJson(body);
  return message ? TextOf(*message) : message.error().message + ": " + body;
}

constexpr Encoding kEncodings[] = {Encoding::kProtobuf, Encoding::kJson};

// What both encodings say, after the resource and the scope; "" when there is no request.
std::string Sent(const Snapshot& snapshot, EncodeOptions options = {}) {
  std::string both[2];
  for (const Encoding encoding : kEncodings) {
    options.encoding = encoding;
    const std::vector<EncodedRequest> requests = EncodeMetrics(snapshot, kResource, kScope, options);
    std::string& text = both[static_cast<size_t>(encoding)];
    if (requests.empty()) continue;
    EXPECT_EQ(requests.size(), 1u);
    text = Decoded(requests.front().body, encoding);
    EXPECT_TRUE(text.starts_with(kHead)) << text;
    text = text.substr(std::min(kHead.size(), text.size()));
  }
  EXPECT_EQ(both[0], both[1]) << "protobuf and JSON say different things";
  return both[0];
}

Histogram Both() {
  Histogram histogram = Classic({0.5, 1}, {2, 3, 1}, 4.25);
  histogram.schema = 2;
  histogram.zero_threshold = 0.125;
  histogram.zero_count = 1;
  histogram.positive = {{{-2, 2}, {3, 1}}, {1, 2, 1}};
  histogram.negative = {{{0, 1}}, {1}};
  histogram.exemplars = {{wire::Trace(1), 0.25, kExemplarTime}, {TraceId{}, 7, 0}};
  return histogram;
}

TEST(EncodeMetrics, SaysWhatWasMeasured) {
  const std::string ids = " trace:05050505050505050505050505050505 span:0606060606060606";
  Metric counted = Value({{"http_request_method", "GET"}, {"http_response_status_code", "200"}}, 3.5, kStart);
  counted.exemplar = Exemplar{wire::Trace(5), 1, kExemplarTime};
  const struct {
    const char* name;
    MetricFamily family;
    std::string want;
    EncodeOptions options = {};
  } cases[] = {
      {"a counter, by its names in the conventions",
       Named(FamilyOf(MetricType::kCounter, "http_server_requests_total", "Requests.", {counted}),
             "http.server.requests", "{request}"),
       "sum http.server.requests ({request}) Requests. t2 monotonic\n"
       "  {http.request.method=\"GET\" http.response.status_code=200} "
       "1520430000123000000-1700000000000000000 "
       "3.5 #1@1520879607789000000" +
           ids + "\n"},
      {"deltas",
       FamilyOf(MetricType::kCounter, "c_total", "", {Value({}, 1, kStart)}),
       "sum c_total ()  t1 monotonic\n  {} 1520430000123000000-1700000000000000000 1\n",
       {.temporality = Temporality::kDelta}},
      {"a family that has only a Prometheus name keeps it, and its labels theirs",
       FamilyOf(MetricType::kGauge, "lag_seconds", "Lag.",
                {Value({{"http_request_method", "GET"}, {"server_port", "80"}}, -1)}, "seconds"),
       "gauge lag_seconds (s) Lag.\n  {http_request_method=\"GET\" server_port=\"80\"} "
       "0-1700000000000000000 -1\n"},
      {"values that are no integers, where integers are usual, stay texts",
       Named(FamilyOf(MetricType::kGauge, "g", "",
                      {Value({{"otel_metric_overflow", "true"}}, 1),
                       Value({{"http_response_status_code", "2xx"}, {"server_port", "080"}}, 2),
                       Value({{"otel_metric_overflow", "yes"}, {"server_port", "-1"}}, 3)}),
             "g", ""),
       "gauge g () \n  {otel.metric.overflow=true} 0-1700000000000000000 1\n"
       "  {http.response.status_code=\"2xx\" server.port=\"080\"} 0-1700000000000000000 2\n"
       "  {otel.metric.overflow=\"yes\" server.port=-1} 0-1700000000000000000 3\n"},
      {"special numbers",
       FamilyOf(
           MetricType::kUnknown, "u", "",
           {Value({{"n", "1"}}, std::nan("")), Value({{"n", "2"}}, std::numeric_limits<double>::infinity()),
            Value({{"n", "3"}}, -std::numeric_limits<double>::infinity()), Value({{"n", "4"}}, -0.0),
            Value({{"n", "5"}}, 5e-324), Value({{"n", "6"}}, 0.1)}),
       "gauge u () \n  {n=\"1\"} 0-1700000000000000000 NaN\n  {n=\"2\"} 0-1700000000000000000 +Inf\n"
       "  {n=\"3\"} 0-1700000000000000000 -Inf\n  {n=\"4\"} 0-1700000000000000000 -0\n"
       "  {n=\"5\"} 0-1700000000000000000 5e-324\n  {n=\"6\"} 0-1700000000000000000 0.1\n"},
      {"a histogram with its bounds",
       FamilyOf(MetricType::kHistogram, "h", "", {Of({{"a", "b"}}, Both(), kStart)}),
       "histogram h ()  t2\n  {a=\"b\"} 1520430000123000000-1700000000000000000 count:6 sum:4.25 [2 3 1] "
       "[0.5 1] "
       "#0.25@1520879607789000000 trace:01010101010101010101010101010101 span:0202020202020202 #7@0\n"},
      {"the same as an exponential one: each index is one lower",
       FamilyOf(MetricType::kHistogram, "h", "", {Of({{"a", "b"}}, Both(), kStart)}),
       "exponential h ()  t2\n  {a=\"b\"} 1520430000123000000-1700000000000000000 count:6 sum:4.25 scale:2 "
       "zero:1/0.125 +-3[1 2 0 0 0 1] --1[1] "
       "#0.25@1520879607789000000 trace:01010101010101010101010101010101 span:0202020202020202 #7@0\n",
       {.histograms = HistogramForm::kExponential}},
      {"a summary",
       FamilyOf(MetricType::kSummary, "s", "", {Of({}, Summary{3, 7.5, {{0.5, 2}, {0.99, 4}}}, kStart)}),
       "summary s () \n  {} 1520430000123000000-1700000000000000000 count:3 sum:7.5 0.5=2 0.99=4\n"},
      {"series that have ended have no value",
       FamilyOf(MetricType::kGauge, "g", "", {Value({{"a", "1"}}, 1), Stale({{"a", "2"}})}),
       "gauge g () \n  {a=\"1\"} 0-1700000000000000000 1\n  {a=\"2\"} 0-1700000000000000000 flags:1 none\n"},
      {"also histograms",
       FamilyOf(MetricType::kHistogram, "h", "", {Stale({{"a", "1"}}), Stale({{"a", "2"}})}),
       "exponential h ()  t2\n  {a=\"1\"} 0-1700000000000000000 flags:1 count:0 scale:0 zero:0/0 +0[] -0[]\n"
       "  {a=\"2\"} 0-1700000000000000000 flags:1 count:0 scale:0 zero:0/0 +0[] -0[]\n",
       {.histograms = HistogramForm::kExponential}},
      {"and summaries", FamilyOf(MetricType::kSummary, "s", "", {Stale({})}),
       "summary s () \n  {} 0-1700000000000000000 flags:1 count:0 sum:0\n"},
      {"texts that are hard to write",
       FamilyOf(MetricType::kGauge, "g", "\"help\\\n", {Value({{"a", "\"\\\n\t\r\x01 h\xc3\xa9"}}, 1)}),
       "gauge g () \"help\\\n\n  {a=\"\"\\\n\t\r\x01 h\xc3\xa9\"} 0-1700000000000000000 1\n"},
      {"and texts that are not UTF-8",
       FamilyOf(MetricType::kGauge, "g\xff", "", {Value({{"a\xff", "b\xff"}}, 1)}),
       "gauge g\xef\xbf\xbd () \n  {a\xef\xbf\xbd=\"b\xef\xbf\xbd\"} 0-1700000000000000000 1\n"},
      {"a long text", FamilyOf(MetricType::kGauge, "g", "", {Value({{"a", std::string(20000, 'x')}}, 1)}),
       "gauge g () \n  {a=\"" + std::string(20000, 'x') + "\"} 0-1700000000000000000 1\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(Sent(SnapshotOf({c.family}), c.options), c.want) << c.name;
}

TEST(EncodeMetrics, SendsAHistogramThatLacksTheWantedFormInTheOther) {
  Histogram native = Both();
  native.classic = {};
  native.exemplars.clear();
  Histogram neither;
  neither.count = 2;
  neither.sum = 3;
  Histogram classic = Classic({1}, {1, 0}, 1);
  const std::vector<Metric> metrics = {Of({{"a", "1"}}, classic), Of({{"a", "2"}}, native),
                                       Of({{"a", "3"}}, neither), Stale({{"a", "4"}})};
  const MetricFamily mixed = FamilyOf(MetricType::kHistogram, "h", "", metrics);
  const std::string as_explicit =
      "histogram h ()  t2\n  {a=\"1\"} 0-1700000000000000000 count:1 sum:1 [1 0] [1]\n"
      "  {a=\"3\"} 0-1700000000000000000 count:2 sum:3 [] []\n";
  const std::string as_native =
      "exponential h ()  t2\n"
      "  {a=\"2\"} 0-1700000000000000000 count:6 sum:4.25 scale:2 zero:1/0.125 +-3[1 2 0 0 0 1] --1[1]\n";
  EXPECT_EQ(Sent(SnapshotOf({mixed})),
            as_explicit + "  {a=\"4\"} 0-1700000000000000000 flags:1 count:0 [] []\n" + as_native);
  EXPECT_EQ(Sent(SnapshotOf({mixed}), {.histograms = HistogramForm::kExponential}),
            as_native + "  {a=\"4\"} 0-1700000000000000000 flags:1 count:0 scale:0 zero:0/0 +0[] -0[]\n" +
                as_explicit);
  EXPECT_EQ(Sent(SnapshotOf({FamilyOf(MetricType::kHistogram, "h", "",
                                      {Of({{"a", "1"}}, classic), Stale({{"a", "4"}})})}),
                 {.histograms = HistogramForm::kExponential}),
            "histogram h ()  t2\n  {a=\"1\"} 0-1700000000000000000 count:1 sum:1 [1 0] [1]\n"
            "  {a=\"4\"} 0-1700000000000000000 flags:1 count:0 [] []\n");
}

TEST(EncodeMetrics, PutsEachObservationBetweenTheSameBounds) {
  for (const int32_t schema : {-4, -1, 0, 3, 8}) {
    Histogram histogram;
    histogram.schema = schema;
    histogram.positive = {{{-7, 1}, {0, 2}, {5, 3}}, {1, 2, 3, 4, 5, 6}};
    histogram.count = 21;
    const std::vector<EncodedRequest> requests =
        EncodeMetrics(SnapshotOf({FamilyOf(MetricType::kHistogram, "h", "", {Of({}, histogram)})}), {}, {});
    ASSERT_EQ(requests.size(), 1u);
    const auto message = DecodeProtobuf(requests.front().body);
    ASSERT_TRUE(message) << message.error().message;
    const auto& data = std::get<ExponentialHistogramData>(message->resources[0].scopes[0].metrics[0].data);
    const ExponentialHistogramDataPoint& point = data.points.front();
    std::vector<std::pair<double, uint64_t>> got;
    for (size_t i = 0; i < point.positive.counts.size(); ++i) {
      const double base = std::exp2(std::exp2(-point.scale));
      const double index = point.positive.offset + static_cast<double>(i) + 1;
      if (point.positive.counts[i] != 0) got.emplace_back(std::pow(base, index), point.positive.counts[i]);
    }
    ASSERT_EQ(got.size(), 6u);
    const int32_t indexes[] = {-7, -6, -5, 1, 2, 3};
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_NEAR(got[i].first / NativeUpperBound(schema, indexes[i]), 1, 1e-9) << schema << " " << i;
      EXPECT_EQ(got[i].second, i + 1) << schema;
    }
  }
}

TEST(EncodeMetrics, MergesBucketsThatLieTooFarApart) {
  Histogram histogram;
  histogram.schema = 8;
  histogram.positive = {{{-200000, 1}, {399998, 2}}, {5, 6, 7}};
  histogram.negative = {{{3, 2}}, {1, 1}};
  histogram.count = 20;
  const auto requests =
      EncodeMetrics(SnapshotOf({FamilyOf(MetricType::kHistogram, "h", "", {Of({}, histogram)})}), {}, {});
  ASSERT_EQ(requests.size(), 1u);
  const auto message = DecodeProtobuf(requests.front().body);
  ASSERT_TRUE(message) << message.error().message;
  const auto& point =
      std::get<ExponentialHistogramData>(message->resources[0].scopes[0].metrics[0].data).points.front();
  // 400,000 buckets become at most 2,048 after 8 halvings.
  EXPECT_EQ(point.scale, 0);
  EXPECT_EQ(point.positive.offset, -782);
  EXPECT_EQ(point.positive.counts.size(), 1564u);
  EXPECT_EQ(point.positive.counts.front(), 5u);
  EXPECT_EQ(point.positive.counts.back(), 13u);
  EXPECT_EQ(TextOf(*message).find("sum:0"), TextOf(*message).rfind("sum:0"));
  EXPECT_EQ(ListText(point.negative.counts), "[2]");
  EXPECT_EQ(point.negative.offset, 0);
}

TEST(EncodeMetrics, SendsNothingWhereThereIsNothing) {
  EXPECT_EQ(Sent(SnapshotOf({})), "");
  EXPECT_EQ(Sent(SnapshotOf({FamilyOf(MetricType::kGauge, "g", "", {}),
                             FamilyOf(MetricType::kHistogram, "h", "", {}),
                             FamilyOf(MetricType::kSummary, "s", "", {Value({}, 1)})})),
            "");
  EXPECT_EQ(Sent(SnapshotOf({FamilyOf(MetricType::kGauge, "g", "", {}),
                             FamilyOf(MetricType::kGauge, "g2", "", {Value({}, 1)}),
                             FamilyOf(MetricType::kGauge, "g3", "", {})})),
            "gauge g2 () \n  {} 0-1700000000000000000 1\n");
}

Snapshot Many() {
  std::vector<MetricFamily> families;
  for (const char* name : {"a", "b", "c"}) {
    std::vector<Metric> metrics;
    for (int i = 100; i < 140; ++i) metrics.push_back(Value({{"n", std::to_string(i)}}, i));
    families.push_back(FamilyOf(MetricType::kGauge, name, "Help.", metrics));
  }
  return SnapshotOf(std::move(families));
}

// The lines of points, each behind the name of its metric.
std::vector<std::string> Points(const MetricsRequest& request) {
  std::vector<std::string> out;
  for (const MetricMessage& metric : request.resources.at(0).scopes.at(0).metrics) {
    for (const NumberDataPoint& point : std::get<GaugeData>(metric.data).points) {
      out.push_back(metric.name + TextOf(point));
    }
  }
  return out;
}

TEST(EncodeMetrics, SplitsWhereALimitIsReached) {
  const auto whole = DecodeProtobuf(EncodeMetrics(Many(), kResource, kScope).front().body);
  ASSERT_TRUE(whole);
  const std::vector<std::string> all = Points(*whole);
  ASSERT_EQ(all.size(), 120u);
  for (const Encoding encoding : kEncodings) {
    for (const size_t max_points : {0, 1, 7, 40, 119, 120, 1000}) {
      for (const size_t max_bytes : {700, 1000, 3000, 100000}) {
        size_t too_large = 1;
        const auto requests = EncodeMetrics(
            Many(), kResource, kScope,
            {.encoding = encoding, .max_bytes = max_bytes, .max_points = max_points}, &too_large);
        const std::string what =
            std::to_string(max_points) + " points, " + std::to_string(max_bytes) + " bytes";
        EXPECT_EQ(too_large, 0u) << what;
        std::vector<std::string> got;
        for (const EncodedRequest& request : requests) {
          EXPECT_LE(request.body.size(), max_bytes);
          const auto message =
              encoding == Encoding::kProtobuf ? DecodeProtobuf(request.body) : DecodeJson(request.body);
          ASSERT_TRUE(message) << message.error().message;
          EXPECT_TRUE(TextOf(*message).starts_with(kHead));
          EXPECT_EQ(CountPoints(*message), request.points);
          EXPECT_GT(request.points, 0u);
          if (max_points != 0) {
            EXPECT_LE(request.points, max_points);
          }
          const std::vector<std::string> points = Points(*message);
          got.insert(got.end(), points.begin(), points.end());
        }
        // Backwards or forwards, the snapshot's order is kept.
        EXPECT_EQ(got, all) << what;
        if (max_points == 7 && max_bytes == 100000) {
          EXPECT_EQ(requests.size(), 18u);
        }
      }
    }
  }
}

TEST(EncodeMetrics, LeavesOutWhatIsTooLargeForARequest) {
  const Snapshot snapshot =
      SnapshotOf({FamilyOf(MetricType::kGauge, "a", "", {Value({{"n", std::string(5000, 'x')}}, 1)}),
                  FamilyOf(MetricType::kGauge, "b", "",
                           {Value({{"n", "1"}}, 1), Value({{"n", std::string(5000, 'x')}}, 2),
                            Value({{"n", "3"}}, 3)})});
  for (const Encoding encoding : kEncodings) {
    size_t too_large = 0;
    const auto requests =
        EncodeMetrics(snapshot, kResource, kScope, {.encoding = encoding, .max_bytes = 1000}, &too_large);
    EXPECT_EQ(too_large, 2u);
    std::string text;
    size_t points = 0;
    for (const EncodedRequest& request : requests) {
      text += Decoded(request.body, encoding);
      points += request.points;
    }
    EXPECT_EQ(points, 2u);
    EXPECT_THAT(text, HasSubstr("n=\"1\""));
    EXPECT_THAT(text, HasSubstr("n=\"3\""));
    EXPECT_THAT(text, testing::Not(HasSubstr("gauge a")));
    EXPECT_TRUE(
        EncodeMetrics(snapshot, kResource, kScope, {.encoding = encoding, .max_bytes = 50}, &too_large)
            .empty());
    EXPECT_EQ(too_large, 4u);
  }
}

TEST(EncodeMetrics, WritesJsonAsOtlpWantsIt) {
  Metric metric = Value({{"server_port", "80"}}, 1.5, kStart);
  metric.exemplar = Exemplar{wire::Trace(0xab), 2, kExemplarTime};
  const auto requests =
      EncodeMetrics(SnapshotOf({Named(FamilyOf(MetricType::kCounter, "c_total", "C.", {metric}), "c", "1")}),
                    {{{"service.name", std::string("x")}}}, {"s", ""}, {.encoding = Encoding::kJson});
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(
      requests.front().body,
      R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"x"}}]},)"
      R"("scopeMetrics":[{"scope":{"name":"s"},"metrics":[{"name":"c","description":"C.","unit":"1",)"
      R"("sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"attributes":[{"key":"server.port",)"
      R"("value":{"intValue":"80"}}],"startTimeUnixNano":"1520430000123000000",)"
      R"("timeUnixNano":"1700000000000000000","asDouble":1.5,"exemplars":[{"timeUnixNano":"1520879607789000000",)"
      R"("asDouble":2,"spanId":"acacacacacacacac","traceId":"abababababababababababababababab"}]}]}}]}]}]})");
}

}  // namespace
}  // namespace sidelight::otlp
