// Writes a snapshot made to be hard to read, for the tests *independent*_test.py:
//   exposition_dump FORMAT ESCAPING     the exposition; FORMAT text, text100, openmetrics or protobuf
//   exposition_dump remote-write 1|2    the body of a request, all but classic histograms and summaries
//   exposition_dump otlp ENCODING FORM  as OTLP: protobuf or json, histograms explicit or exponential
//   exposition_dump truth               what went in, as JSON; texts as hex, since some are not UTF-8
#include <cmath>
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "core/model/float_histogram.h"
#include "core/model/stale.h"
#include "core/wire/otlp/encode.h"
#include "core/wire/remote_write/encode.h"
#include "tests/core/wire/families.h"

namespace sidelight::wire {
namespace {

std::vector<std::string> HostileTexts() {
  std::string controls;
  for (char c = 1; c < 32; ++c) controls += c;
  controls += '\x7f';
  return {
      "plain",
      "\"",
      "\\",
      "\n",
      "\\n",
      "\\\\n",
      "ends in a backslash\\",
      "ends in a newline\n",
      " spaces around ",
      "a\"b\\c\nd",
      "\\\"",
      "}{,=\"} 1 # {a=\"b\"} 2",
      "# HELP g not a comment",
      controls,
      "\r\n",
      "héllo wörld",
      "日本語 😀👩‍👩‍👧 \xE2\x80\xA8 \xEF\xBB\xBF",
      "cut \xf0\x9f\x98",
      "\xff\xfe broken \xc3(",
      "surrogate \xed\xa0\x80",
      std::string(20'000, 'x') + "\"" + std::string(20'000, '\\'),
      "+Inf",
      "NaN",
  };
}

Histogram Lag(double factor) {
  Histogram histogram = Classic({0.005, 0.1, 1, 2.5e6}, {3, 2, 0, 1, 2}, 5e6 * factor);
  histogram.schema = 3;
  histogram.zero_threshold = 0x1p-128;
  histogram.zero_count = 1;
  histogram.positive = {{{-60, 2}, {40, 3}, {100, 1}}, {2, 1, 1, 0, 1, 2}};
  histogram.exemplars = {{Trace(1), 0.001, kExemplarTime}, {Trace(9), 1e6, kExemplarTime + 1}};
  return histogram;
}

Snapshot Hostile() {
  Snapshot snapshot;
  auto& families = snapshot.families;
  std::vector<Metric> gauges;
  for (const std::string& text : HostileTexts()) gauges.push_back(Value({{"text", text}, {"z", "last"}}, 1));
  families.push_back(FamilyOf(MetricType::kGauge, "hostile_values", "Values that are hard to read.", gauges));
  int n = 0;
  for (const std::string& text : HostileTexts()) {
    families.push_back(FamilyOf(MetricType::kGauge,
                                "hostile_help_case" + std::string(1, static_cast<char>('a' + n++)), text,
                                {Value({}, 1)}));
  }
  std::vector<Metric> numbers;
  const double values[] = {0,
                           -0.0,
                           1,
                           -1,
                           0.1,
                           1e6,
                           1e21,
                           1e-5,
                           123456.789,
                           5e-324,
                           1.7976931348623157e308,
                           9007199254740992,
                           std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(),
                           std::nan("")};
  for (const double v : values) numbers.push_back(Value({{"n", std::to_string(numbers.size())}}, v));
  families.push_back(FamilyOf(MetricType::kGauge, "numbers", "Numbers.", numbers));
  Metric counter = Value({{"code", "200"}}, 1e7 + 0.5, kStart);
  counter.exemplar = Exemplar{Trace(5), 1, kExemplarTime};
  families.push_back(FamilyOf(MetricType::kCounter, "work_seconds_total", "A counter.",
                              {counter, Value({{"code", "500"}}, 3, kStart)}, "seconds"));
  families.push_back(FamilyOf(MetricType::kHistogram, "lag_seconds", "A histogram.",
                              {Of({{"route", "/a\"b\\c\nd"}}, Lag(1), kStart),
                               Of({{"route", "/x"}}, Lag(2), kStart), Stale({{"route", "/gone"}})},
                              "seconds"));
  Histogram native = Lag(1);
  native.classic = {};
  families.push_back(FamilyOf(MetricType::kHistogram, "native_only", "Native.", {Of({}, native, kStart)}));
  families.push_back(FamilyOf(MetricType::kSummary, "size_bytes", "A summary.",
                              {Of(Labels{{"a", "b"}}, Summary{3, 7.5, {{0.5, 2}, {0.99, 4}}}, kStart)},
                              "bytes"));
  families.push_back(FamilyOf(MetricType::kUnknown, "unknown_thing", "Of no type.", {Value({}, 42)}));
  families.push_back(FamilyOf(MetricType::kGauge, "utf8.名前", "A name in UTF-8.",
                              {Value({{"attr.ibute", "v"}, {"b", "w"}}, 1)}));
  std::sort(families.begin(), families.end(),
            [](const MetricFamily& a, const MetricFamily& b) { return a.name < b.name; });
  return snapshot;
}

std::string Hex(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

nlohmann::json Numbers(const std::vector<Exemplar>& exemplars) {
  nlohmann::json out = nlohmann::json::array();
  for (const Exemplar& e : exemplars) {
    out.push_back(
        {{"trace_id", TraceHex(e.id)}, {"span_id", SpanHex(e.id)}, {"value", e.value}, {"time", e.time}});
  }
  return out;
}

nlohmann::json Truth(const Snapshot& snapshot) {
  static const std::map<MetricType, const char*> kTypes = {{MetricType::kCounter, "counter"},
                                                           {MetricType::kGauge, "gauge"},
                                                           {MetricType::kHistogram, "histogram"},
                                                           {MetricType::kSummary, "summary"},
                                                           {MetricType::kUnknown, "unknown"}};
  nlohmann::json families = nlohmann::json::array();
  for (const MetricFamily& family : snapshot.families) {
    nlohmann::json metrics = nlohmann::json::array();
    for (const Metric& metric : family.metrics) {
      if (metric.stale) continue;
      nlohmann::json labels = nlohmann::json::object();
      for (const Label label : metric.labels) labels[std::string(label.name)] = Hex(label.value);
      nlohmann::json m = {{"labels", labels}, {"start", metric.start}};
      if (metric.exemplar) m["exemplars"] = Numbers({*metric.exemplar});
      if (metric.histogram != nullptr) {
        const Histogram& h = *metric.histogram;
        m["count"] = h.count;
        m["sum"] = h.sum;
        m["bounds"] = h.has_classic() ? *h.classic.bounds : std::vector<double>{};
        m["counts"] = h.has_classic() ? h.classic.counts : std::vector<uint64_t>{h.count};
        m["exemplars"] = Numbers(h.exemplars);
        m["schema"] = h.schema;
        m["zero_threshold"] = h.zero_threshold;
        m["zero_count"] = h.zero_count;
        m["native"] = h.positive.counts;
        for (const NativeSpan& span : h.positive.spans) m["spans"].push_back({span.offset, span.length});
      } else if (metric.summary != nullptr) {
        m["count"] = metric.summary->count;
        m["sum"] = metric.summary->sum;
        for (const Quantile& q : metric.summary->quantiles) m["quantiles"].push_back({q.quantile, q.value});
      } else {
        m["value"] = std::isfinite(metric.value) ? nlohmann::json(metric.value)
                                                 : nlohmann::json(std::to_string(metric.value));
      }
      metrics.push_back(m);
    }
    families.push_back({{"name", Hex(family.name)},
                        {"help", Hex(family.help)},
                        {"unit", family.unit},
                        {"type", kTypes.at(family.type)},
                        {"metrics", metrics}});
  }
  return families;
}

int WriteOtlp(const std::string& encoding, const std::string& form) {
  const otlp::Resource resource = {{{"service.name", std::string("hostile")}, {"cpus", int64_t{-3}}}};
  const otlp::EncodeOptions options = {
      .histograms =
          form == "exponential" ? otlp::HistogramForm::kExponential : otlp::HistogramForm::kExplicit,
      .encoding = encoding == "json" ? otlp::Encoding::kJson : otlp::Encoding::kProtobuf};
  Snapshot snapshot = Hostile();
  snapshot.time = kExemplarTime + 1000;
  const auto requests = otlp::EncodeMetrics(snapshot, resource, {"dump", "1"}, options);
  if (requests.size() != 1) return 1;
  std::cout << requests.front().body;
  return 0;
}

remote_write::Series SeriesOf(const MetricFamily& family, const Metric& metric) {
  constexpr UnixMillis kTime = kExemplarTime + 1000;
  remote_write::Series series;
  std::vector<Label> labels = {{"__name__", family.name}};
  for (const Label label : metric.labels) labels.push_back(label);
  series.labels = Labels(std::span<const Label>(labels));
  series.metadata = {remote_write::MetadataTypeOf(family.type), family.help, family.unit};
  if (metric.exemplar) series.exemplars.push_back(remote_write::ExemplarOf(*metric.exemplar));
  if (metric.histogram != nullptr) {
    for (const Exemplar& exemplar : metric.histogram->exemplars) {
      series.exemplars.push_back(remote_write::ExemplarOf(exemplar));
    }
    series.histograms.push_back({ToFloatHistogram(*metric.histogram), kTime, metric.start});
  } else {
    series.samples.push_back({metric.stale ? StaleNan() : metric.value, kTime, metric.start});
  }
  return series;
}

int WriteRemoteWrite(const std::string& version) {
  const Snapshot snapshot = Hostile();
  std::vector<remote_write::Series> series;
  std::vector<remote_write::FamilyMetadata> metadata;
  for (const MetricFamily& family : snapshot.families) {
    if (family.type == MetricType::kSummary) continue;
    for (const Metric& metric : family.metrics) series.push_back(SeriesOf(family, metric));
    metadata.push_back({family.name, series.back().metadata});
  }
  std::cout << (version == "1" ? remote_write::Encode1(series, metadata, {.native_histograms = true}).body
                               : remote_write::Encode2(series).body);
  return 0;
}

int Main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "remote-write" && argc == 3) return WriteRemoteWrite(argv[2]);
  if (what == "otlp" && argc == 4) return WriteOtlp(argv[2], argv[3]);
  if (what == "truth") {
    std::cout << Truth(Hostile());
    return 0;
  }
  static const std::map<std::string, ExpositionFormat> kFormats = {
      {"text", ExpositionFormat::kText004},
      {"text100", ExpositionFormat::kText100},
      {"openmetrics", ExpositionFormat::kOpenMetrics100},
      {"protobuf", ExpositionFormat::kProtobuf}};
  const auto format = kFormats.find(what);
  const auto escaping = argc > 2 ? ParseEscapingScheme(argv[2]) : std::nullopt;
  if (format == kFormats.end() || !escaping) {
    std::cerr << "usage: exposition_dump truth | remote-write 1|2 | otlp ENCODING FORM | "
                 "text|text100|openmetrics|protobuf ESCAPING\n";
    return 2;
  }
  std::string out;
  const ExpositionLosses losses =
      WriteExposition(Hostile(), {.format = format->second, .escaping = *escaping}, &out);
  std::cout << out;
  return losses.families + losses.series == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sidelight::wire

int main(int argc, char** argv) {
  return sidelight::wire::Main(argc, argv);
}
