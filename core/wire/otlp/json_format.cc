#include "core/wire/otlp/json_format.h"

#include <type_traits>

#include "core/model/naming.h"
#include "core/wire/otlp/dense_buckets.h"
#include "core/wire/otlp/integer_text.h"
#include "core/wire/otlp/json_text.h"
#include "core/wire/otlp/message.h"

namespace sidelight::otlp {
namespace {

std::string Nanos(UnixMillis time) {
  std::string out;
  AppendQuotedInteger(out, static_cast<uint64_t>(time) * 1'000'000);
  return out;
}

// What follows the last metric, and what follows the last point of a metric.
constexpr std::string_view kRequestEnd = "]}]}]}";
constexpr std::string_view kMetricEnd = "]}}";

// Each element of a list ends in a comma, of which the last gives way to the bracket.
void CloseList(std::string& out, std::string_view end) {
  if (out.back() == ',') out.pop_back();
  out += end;
}

void AppendAttribute(std::string& out, const Attribute& attribute) {
  out += "{\"key\":";
  AppendString(out, attribute.key);
  out += ",\"value\":{";
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>) {
          out += "\"stringValue\":";
          AppendString(out, value);
        } else if constexpr (std::is_same_v<T, int64_t>) {
          out += "\"intValue\":";
          AppendQuotedInteger(out, value);
        } else if constexpr (std::is_same_v<T, double>) {
          out += "\"doubleValue\":";
          AppendDouble(out, value);
        } else {
          out += value ? "\"boolValue\":true" : "\"boolValue\":false";
        }
      },
      attribute.value);
  out += "}},";
}

std::string EncodeKey(const std::string& name) {
  std::string out = "{\"key\":";
  AppendString(out, name);
  out += ",\"value\":{";
  return out;
}

std::string_view DataName(PointKind kind) {
  switch (kind) {
    case PointKind::kSum:
      return "sum";
    case PointKind::kHistogram:
      return "histogram";
    case PointKind::kExponential:
      return "exponentialHistogram";
    case PointKind::kSummary:
      return "summary";
    case PointKind::kGauge:
      break;
  }
  return "gauge";
}

void AppendBuckets(std::string& out, std::string_view name, const NativeBuckets& native, int merges) {
  const DenseBuckets buckets(native, merges);
  if (buckets.empty()) return;
  out += name;
  out += "{\"offset\":";
  AppendInteger(out, buckets.offset());
  out += ",\"bucketCounts\":[";
  buckets.ForEach([&](uint64_t count) {
    AppendQuotedInteger(out, count);
    out += ',';
  });
  CloseList(out, "]},");
}

}  // namespace

JsonFormat::JsonFormat(const Snapshot& snapshot, const Resource& resource, const Scope& scope,
                       Temporality temporality)
    : time_(Nanos(snapshot.time)), temporality_(temporality) {
  start_ = "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[";
  for (const Attribute& attribute : resource.attributes) AppendAttribute(start_, attribute);
  CloseList(start_, "]},\"scopeMetrics\":[{\"scope\":{\"name\":");
  AppendString(start_, scope.name);
  if (!scope.version.empty()) {
    start_ += ",\"version\":";
    AppendString(start_, scope.version);
  }
  start_ += "},\"metrics\":[";
  out_ = start_;
}

size_t JsonFormat::Overhead() const {
  return kMetricEnd.size() + kRequestEnd.size();
}

void JsonFormat::OpenMetric(const Part& part) {
  const MetricFamily& family = *part.family;
  names_.Reset(!family.otel_name.empty());
  out_ += "{\"name\":";
  AppendString(out_, family.otel_name.empty() ? family.name : family.otel_name);
  if (!family.help.empty()) {
    out_ += ",\"description\":";
    AppendString(out_, family.help);
  }
  const bool known = !family.otel_unit.empty() || !family.otel_name.empty();
  if (const std::string unit = known ? family.otel_unit : UcumUnit(family.unit); !unit.empty()) {
    out_ += ",\"unit\":";
    AppendString(out_, unit);
  }
  out_ += ",\"";
  out_ += DataName(part.kind);
  out_ += "\":{";
  if (part.kind != PointKind::kGauge && part.kind != PointKind::kSummary) {
    out_ += temporality_ == Temporality::kDelta ? "\"aggregationTemporality\":1,"
                                                : "\"aggregationTemporality\":2,";
  }
  if (part.kind == PointKind::kSum) out_ += "\"isMonotonic\":true,";
  out_ += "\"dataPoints\":[";
}

void JsonFormat::CloseMetric(const Part&) {
  CloseList(out_, kMetricEnd);
  out_ += ',';
}

std::string JsonFormat::TakeRequest() {
  CloseList(out_, kRequestEnd);
  std::string request = std::move(out_);
  out_ = start_;
  return request;
}

void JsonFormat::AddPoint(const Part& part, const Metric& metric) {
  out_ += '{';
  AddLabels(metric.labels);
  AddTimes(metric.start);
  if (metric.stale) {
    out_ += "\"flags\":";
    AppendInteger(out_, kNoRecordedValue);
    out_ += ',';
  } else {
    switch (part.kind) {
      case PointKind::kSum:
      case PointKind::kGauge:
        out_ += "\"asDouble\":";
        AppendDouble(out_, metric.value);
        out_ += ',';
        if (metric.exemplar) AddExemplars(&*metric.exemplar, 1);
        break;
      case PointKind::kHistogram:
        AddHistogram(*metric.histogram);
        break;
      case PointKind::kExponential:
        AddExponential(*metric.histogram);
        break;
      case PointKind::kSummary:
        AddSummary(*metric.summary);
        break;
    }
  }
  CloseList(out_, "},");
}

void JsonFormat::AddHistogram(const Histogram& histogram) {
  out_ += "\"count\":";
  AppendQuotedInteger(out_, histogram.count);
  out_ += ",\"sum\":";
  AppendDouble(out_, histogram.sum);
  out_ += ',';
  if (histogram.has_classic()) {
    out_ += "\"bucketCounts\":[";
    for (const uint64_t count : histogram.classic.counts) {
      AppendQuotedInteger(out_, count);
      out_ += ',';
    }
    CloseList(out_, "],\"explicitBounds\":[");
    for (const double bound : *histogram.classic.bounds) {
      AppendDouble(out_, bound);
      out_ += ',';
    }
    CloseList(out_, "],");
  }
  AddExemplars(histogram.exemplars.data(), histogram.exemplars.size());
}

void JsonFormat::AddExponential(const Histogram& histogram) {
  const int merges = Merges(histogram);
  out_ += "\"count\":";
  AppendQuotedInteger(out_, histogram.count);
  out_ += ",\"sum\":";
  AppendDouble(out_, histogram.sum);
  out_ += ",\"scale\":";
  AppendInteger(out_, histogram.schema - merges);
  out_ += ",\"zeroCount\":";
  AppendQuotedInteger(out_, histogram.zero_count);
  out_ += ",\"zeroThreshold\":";
  AppendDouble(out_, histogram.zero_threshold);
  out_ += ',';
  AppendBuckets(out_, "\"positive\":", histogram.positive, merges);
  AppendBuckets(out_, "\"negative\":", histogram.negative, merges);
  AddExemplars(histogram.exemplars.data(), histogram.exemplars.size());
}

void JsonFormat::AddSummary(const Summary& summary) {
  out_ += "\"count\":";
  AppendQuotedInteger(out_, summary.count);
  out_ += ",\"sum\":";
  AppendDouble(out_, summary.sum);
  out_ += ",\"quantileValues\":[";
  for (const Quantile& quantile : summary.quantiles) {
    out_ += "{\"quantile\":";
    AppendDouble(out_, quantile.quantile);
    out_ += ",\"value\":";
    AppendDouble(out_, quantile.value);
    out_ += "},";
  }
  CloseList(out_, "],");
}

void JsonFormat::AddTimes(UnixMillis start) {
  if (start != 0) {
    out_ += "\"startTimeUnixNano\":";
    out_ += Nanos(start);
    out_ += ',';
  }
  out_ += "\"timeUnixNano\":";
  out_ += time_;
  out_ += ',';
}

void JsonFormat::AddExemplars(const Exemplar* exemplars, size_t count) {
  if (count == 0) return;
  out_ += "\"exemplars\":[";
  for (size_t i = 0; i < count; ++i) {
    const Exemplar& exemplar = exemplars[i];
    out_ += "{\"timeUnixNano\":";
    out_ += Nanos(exemplar.time);
    out_ += ",\"asDouble\":";
    AppendDouble(out_, exemplar.value);
    if (exemplar.id.valid()) {
      out_ += ",\"spanId\":\"" + SpanHex(exemplar.id) + "\",\"traceId\":\"" + TraceHex(exemplar.id) + '"';
    }
    out_ += "},";
  }
  CloseList(out_, "],");
}

void JsonFormat::AddLabels(const Labels& labels) {
  if (labels.empty()) return;
  names_.StartSeries();
  out_ += "\"attributes\":[";
  for (const Label label : labels) {
    const AttributeNames::Entry& name = names_.Next(label.name, EncodeKey);
    out_ += name.encoded;
    const auto value = name.kind == AttributeKind::kString ? std::nullopt : IntegerOf(label.value, name.kind);
    if (!value) {
      out_ += "\"stringValue\":";
      AppendString(out_, label.value);
    } else if (name.kind == AttributeKind::kInteger) {
      out_ += "\"intValue\":";
      AppendQuotedInteger(out_, *value);
    } else {
      out_ += *value != 0 ? "\"boolValue\":true" : "\"boolValue\":false";
    }
    out_ += "}},";
  }
  CloseList(out_, "],");
}

}  // namespace sidelight::otlp
