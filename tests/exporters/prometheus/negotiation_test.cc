#include "exporters/prometheus/negotiation.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <string>

namespace sidelight::prometheus {
namespace {

constexpr char kText004[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kOpenMetrics001[] = "application/openmetrics-text; version=0.0.1; charset=utf-8";
constexpr char kProtobuf[] =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

std::string Text100(const std::string& escaping) {
  return "text/plain; version=1.0.0; charset=utf-8; escaping=" + escaping;
}
std::string OpenMetrics100(const std::string& escaping) {
  return "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=" + escaping;
}

TEST(NegotiateFormat, Table) {
  const struct {
    const char* name;
    std::string accept;
    std::string content_type;
  } cases[] = {
      {"Prometheus 3",
       "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       OpenMetrics100("allow-utf-8")},
      {"Prometheus 3 with native histograms",
       "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
       "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
       "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
       "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
       kProtobuf},
      {"Prometheus 2.42",
       "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       OpenMetrics100("underscores")},
      {"Prometheus 2.42 with native histograms",
       "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
       "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kProtobuf},
      {"Prometheus 3, text only",
       "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       Text100("allow-utf-8")},
      {"a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
       kText004},
      {"none", "", kText004},
      {"curl", "*/*", kText004},
      {"text without version", "text/plain", kText004},
      {"OpenMetrics without version", "application/openmetrics-text", kOpenMetrics001},
      {"OpenMetrics of the future", "application/openmetrics-text;version=2.0.0", kText004},
      {"the future first, the present second",
       "application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.9",
       OpenMetrics100("underscores")},
      {"text of the future", "text/plain;version=2.0.0", kText004},
      {"equal weights go by the header",
       "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0", kText004},
      {"equal weights the other way", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4",
       OpenMetrics100("underscores")},
      {"the weight counts, not the order",
       "text/plain;version=0.0.4;q=0.3,application/openmetrics-text;version=1.0.0;q=0.31",
       OpenMetrics100("underscores")},
      {"a wildcard names nothing", "*/*,application/openmetrics-text;version=1.0.0;q=0.1",
       OpenMetrics100("underscores")},
      {"nor does half a one", "application/*", kText004},
      {"weight 0 means never",
       "application/openmetrics-text;version=1.0.0;q=0,text/plain;version=1.0.0;q=0.0", kText004},
      {"protobuf as text is not ours",
       "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", kText004},
      {"protobuf of another message", "application/vnd.google.protobuf;proto=foo.Bar;encoding=delimited",
       kText004},
      {"protobuf without encoding", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily",
       kText004},
      {"protobuf with names as they are",
       "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
       "escaping=allow-utf-8",
       std::string(kProtobuf) + "; escaping=allow-utf-8"},
      {"dots", "application/openmetrics-text;version=1.0.0;escaping=dots", OpenMetrics100("dots")},
      {"values", "text/plain;version=1.0.0;escaping=values", Text100("values")},
      {"values in 0.0.4", "text/plain;version=0.0.4;escaping=values",
       std::string(kText004) + "; escaping=values"},
      {"0.0.4 cannot quote", "text/plain;version=0.0.4;escaping=allow-utf-8",
       std::string(kText004) + "; escaping=underscores"},
      {"an unknown scheme", "text/plain;version=1.0.0;escaping=allow-utf8", Text100("underscores")},
      {"spaces, tabs, quotes, capitals",
       "  Application/OpenMetrics-Text ;\tVersion=\"1.0.0\" ; escaping=\"allow-utf-8\" ; Q=0.5  ",
       OpenMetrics100("allow-utf-8")},
      {"a comma within quotes", "text/html;a=\",\",application/openmetrics-text;version=1.0.0",
       OpenMetrics100("underscores")},
      {"only separators", ",;,;=,;;q=", kText004},
      {"a bad weight drops its clause", "application/openmetrics-text;version=1.0.0;q=high,text/plain",
       kText004},
      {"a negative weight", "application/openmetrics-text;version=1.0.0;q=-1", kText004},
      {"a weight beyond 1", "application/openmetrics-text;version=1.0.0;q=2", kText004},
      {"not a number", "application/openmetrics-text;version=1.0.0;q=nan", kText004},
      {"an open quote", "application/openmetrics-text;version=\"1.0.0,text/plain", kText004},
      {"newlines do not reach the reply", "text/plain;version=1.0.0;escaping=dots\r\nX: y",
       Text100("underscores")},
  };
  for (const auto& c : cases) EXPECT_EQ(NegotiateFormat(c.accept).content_type, c.content_type) << c.name;
}

TEST(NegotiateFormat, SaysWhatItPromises) {
  using wire::EscapingScheme;
  using wire::ExpositionFormat;
  const struct {
    std::string accept;
    ExpositionFormat format;
    EscapingScheme escaping;
  } cases[] = {
      {"", ExpositionFormat::kText004, EscapingScheme::kUnderscores},
      {"text/plain;version=1.0.0;escaping=allow-utf-8", ExpositionFormat::kText100,
       EscapingScheme::kAllowUtf8},
      {"text/plain;escaping=allow-utf-8", ExpositionFormat::kText004, EscapingScheme::kUnderscores},
      {"application/openmetrics-text;escaping=dots", ExpositionFormat::kOpenMetrics001,
       EscapingScheme::kDots},
      {"application/openmetrics-text;version=1.0.0", ExpositionFormat::kOpenMetrics100,
       EscapingScheme::kUnderscores},
      {kProtobuf, ExpositionFormat::kProtobuf, EscapingScheme::kUnderscores},
  };
  for (const auto& c : cases) {
    const Negotiated got = NegotiateFormat(c.accept);
    EXPECT_EQ(got.format, c.format) << c.accept;
    EXPECT_EQ(got.escaping, c.escaping) << c.accept;
  }
}

TEST(NegotiateFormat, SurvivesALongHeader) {
  std::string accept;
  for (int i = 0; i < 20'000; ++i) accept += "a/b;q=0.5,;,";
  accept += "application/openmetrics-text;version=1.0.0;q=0.1";
  EXPECT_EQ(NegotiateFormat(accept).content_type, OpenMetrics100("underscores"));
}

TEST(NegotiateFormat, TakesAnything) {
  const std::string pieces[] = {"text/plain", "application/openmetrics-text",
                                "*/*",        ";",
                                ",",          "=",
                                "\"",         " ",
                                "\t",         "q",
                                "0.5",        "version",
                                "1.0.0",      "escaping",
                                "dots",       "\\",
                                "\xff",       std::string(1, '\0')};
  std::mt19937 random(11);
  for (int i = 0; i < 100'000; ++i) {
    std::string header;
    for (unsigned n = random() % 20; n > 0; --n) header += pieces[random() % std::size(pieces)];
    const std::string content_type = NegotiateFormat(header).content_type;
    EXPECT_TRUE(content_type.starts_with("text/plain; version=") ||
                content_type.starts_with("application/openmetrics-text; version="))
        << header;
  }
}

}  // namespace
}  // namespace sidelight::prometheus
