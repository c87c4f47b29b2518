#include "core/wire/otlp/protobuf_format.h"

#include <algorithm>
#include <protozero/varint.hpp>
#include <span>
#include <type_traits>

#include "core/base/utf8.h"
#include "core/model/naming.h"
#include "core/wire/otlp/dense_buckets.h"
#include "core/wire/otlp/fields.h"
#include "core/wire/otlp/integer_text.h"
#include "core/wire/otlp/message.h"

namespace sidelight::otlp {
namespace {

using wire::BackwardWriter;
using Tag = BackwardWriter::Tag;

constexpr uint64_t kNanosPerMilli = 1'000'000;

uint64_t Nanos(UnixMillis time) {
  return static_cast<uint64_t>(time) * kNanosPerMilli;
}

// A field of few bytes, its tag below 16: what each message around the points adds in front of them.
constexpr size_t kMessageHead = 1 + 5;

void AddString(BackwardWriter& writer, Tag tag, std::string_view text) {
  if (!text.empty()) writer.AddBytes(tag, wire::ToValidUtf8(text));
}

void AddAttribute(BackwardWriter& writer, Tag tag, const Attribute& attribute) {
  const size_t end = writer.size();
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>) {
          writer.AddBytes(any_value_field::kString, wire::ToValidUtf8(value));
        } else if constexpr (std::is_same_v<T, int64_t>) {
          writer.AddVarint(any_value_field::kInt, static_cast<uint64_t>(value));
        } else if constexpr (std::is_same_v<T, double>) {
          writer.AddDouble(any_value_field::kDouble, value);
        } else {
          writer.AddVarint(any_value_field::kBool, value ? 1 : 0);
        }
      },
      attribute.value);
  writer.CloseMessage(key_value_field::kValue, end);
  writer.AddBytes(key_value_field::kKey, wire::ToValidUtf8(attribute.key));
  writer.CloseMessage(tag, end);
}

std::string ResourceField(const Resource& resource) {
  BackwardWriter writer;
  for (size_t i = resource.attributes.size(); i-- > 0;) {
    AddAttribute(writer, resource_field::kAttributes, resource.attributes[i]);
  }
  writer.CloseMessage(resource_metrics_field::kResource, 0);
  return std::string(writer.written());
}

std::string ScopeField(const Scope& scope) {
  BackwardWriter writer;
  AddString(writer, scope_field::kVersion, scope.version);
  AddString(writer, scope_field::kName, scope.name);
  writer.CloseMessage(scope_metrics_field::kScope, 0);
  return std::string(writer.written());
}

std::string MetricHeader(const MetricFamily& family) {
  BackwardWriter writer;
  const bool known = !family.otel_unit.empty() || !family.otel_name.empty();
  AddString(writer, metric_field::kUnit, known ? family.otel_unit : UcumUnit(family.unit));
  AddString(writer, metric_field::kDescription, family.help);
  AddString(writer, metric_field::kName, family.otel_name.empty() ? family.name : family.otel_name);
  return std::string(writer.written());
}

Tag DataField(PointKind kind) {
  switch (kind) {
    case PointKind::kSum:
      return metric_field::kSum;
    case PointKind::kHistogram:
      return metric_field::kHistogram;
    case PointKind::kExponential:
      return metric_field::kExponentialHistogram;
    case PointKind::kSummary:
      return metric_field::kSummary;
    case PointKind::kGauge:
      break;
  }
  return metric_field::kGauge;
}

// What the requests of a snapshot usually take: pages that turn out not to be needed are never touched, and a
// buffer that has to grow is copied.
size_t RoomFor(const Snapshot& snapshot) {
  constexpr size_t kRoomForPoint = 256;
  constexpr size_t kMostRoom = size_t{64} << 20;
  constexpr size_t kLeastRoom = 4096;
  size_t points = 0;
  for (const MetricFamily& family : snapshot.families) points += family.metrics.size();
  return std::min(kLeastRoom + points * kRoomForPoint, kMostRoom);
}

// The name of an attribute as a field of KeyValue.
std::string EncodeKey(const std::string& name) {
  BackwardWriter writer;
  writer.AddBytes(key_value_field::kKey, name);
  return std::string(writer.written());
}

void AddBuckets(BackwardWriter& writer, Tag tag, const NativeBuckets& native, int merges) {
  const DenseBuckets buckets(native, merges);
  if (buckets.empty()) return;
  const size_t end = writer.size();
  buckets.ForEachBackward([&](uint64_t count) { writer.PushVarint(count); });
  writer.CloseMessage(buckets_field::kBucketCounts, end);
  writer.AddVarint(buckets_field::kOffset, protozero::encode_zigzag32(buckets.offset()));
  writer.CloseMessage(tag, end);
}

}  // namespace

ProtobufFormat::ProtobufFormat(const Snapshot& snapshot, const Resource& resource, const Scope& scope,
                               Temporality temporality)
    : time_(Nanos(snapshot.time)),
      temporality_(static_cast<uint64_t>(temporality == Temporality::kDelta
                                             ? AggregationTemporality::kDelta
                                             : AggregationTemporality::kCumulative)),
      resource_(ResourceField(resource)),
      scope_(ScopeField(scope)),
      envelope_(resource_.size() + scope_.size() + 4 * kMessageHead),
      writer_(RoomFor(snapshot)) {}

void ProtobufFormat::OpenMetric(const Part& part) {
  const MetricFamily& family = *part.family;
  header_ = MetricHeader(family);
  names_.Reset(!family.otel_name.empty());
  metric_end_ = writer_.size();
  if (part.kind == PointKind::kSum) writer_.AddVarint(data_field::kIsMonotonic, 1);
  if (part.kind != PointKind::kGauge && part.kind != PointKind::kSummary) {
    writer_.AddVarint(data_field::kAggregationTemporality, temporality_);
  }
}

void ProtobufFormat::CloseMetric(const Part& part) {
  writer_.CloseMessage(DataField(part.kind), metric_end_);
  writer_.PushRaw(header_);
  writer_.CloseMessage(scope_metrics_field::kMetrics, metric_end_);
}

std::string ProtobufFormat::TakeRequest() {
  writer_.PushRaw(scope_);
  writer_.CloseMessage(resource_metrics_field::kScopeMetrics, 0);
  writer_.PushRaw(resource_);
  writer_.CloseMessage(request_field::kResourceMetrics, 0);
  std::string out(writer_.written());
  writer_.Rewind(0);
  return out;
}

void ProtobufFormat::AddPoint(const Part& part, const Metric& metric) {
  const size_t end = writer_.size();
  switch (part.kind) {
    case PointKind::kSum:
    case PointKind::kGauge:
      AddNumber(metric);
      break;
    case PointKind::kHistogram:
      AddHistogram(metric);
      break;
    case PointKind::kExponential:
      AddExponential(metric);
      break;
    case PointKind::kSummary:
      AddSummary(metric);
      break;
  }
  writer_.CloseMessage(data_field::kDataPoints, end);
}

void ProtobufFormat::AddNumber(const Metric& metric) {
  if (metric.stale) writer_.AddVarint(number_field::kFlags, kNoRecordedValue);
  AddLabels(number_field::kAttributes, metric.labels);
  if (!metric.stale) {
    if (metric.exemplar) AddExemplar(number_field::kExemplars, *metric.exemplar);
    writer_.AddDouble(number_field::kAsDouble, metric.value);
  }
  AddTimes(metric.start);
}

void ProtobufFormat::AddHistogram(const Metric& metric) {
  if (metric.stale) writer_.AddVarint(histogram_field::kFlags, kNoRecordedValue);
  AddLabels(histogram_field::kAttributes, metric.labels);
  if (!metric.stale) {
    const Histogram& histogram = *metric.histogram;
    for (size_t i = histogram.exemplars.size(); i-- > 0;) {
      AddExemplar(histogram_field::kExemplars, histogram.exemplars[i]);
    }
    if (histogram.has_classic()) {
      writer_.AddPacked64(histogram_field::kExplicitBounds, std::span(*histogram.classic.bounds));
      writer_.AddPacked64(histogram_field::kBucketCounts, std::span(histogram.classic.counts));
    }
    writer_.AddDouble(histogram_field::kSum, histogram.sum);
    writer_.AddFixed64(histogram_field::kCount, histogram.count);
  }
  AddTimes(metric.start);
}

void ProtobufFormat::AddExponential(const Metric& metric) {
  if (!metric.stale) {
    const Histogram& histogram = *metric.histogram;
    const int merges = Merges(histogram);
    if (histogram.zero_threshold != 0) {
      writer_.AddDouble(exponential_field::kZeroThreshold, histogram.zero_threshold);
    }
    for (size_t i = histogram.exemplars.size(); i-- > 0;) {
      AddExemplar(exponential_field::kExemplars, histogram.exemplars[i]);
    }
    AddBuckets(writer_, exponential_field::kNegative, histogram.negative, merges);
    AddBuckets(writer_, exponential_field::kPositive, histogram.positive, merges);
    writer_.AddFixed64(exponential_field::kZeroCount, histogram.zero_count);
    writer_.AddVarint(exponential_field::kScale, protozero::encode_zigzag32(histogram.schema - merges));
    writer_.AddDouble(exponential_field::kSum, histogram.sum);
    writer_.AddFixed64(exponential_field::kCount, histogram.count);
  } else {
    writer_.AddVarint(exponential_field::kFlags, kNoRecordedValue);
  }
  AddTimes(metric.start);
  AddLabels(exponential_field::kAttributes, metric.labels);
}

void ProtobufFormat::AddSummary(const Metric& metric) {
  if (metric.stale) writer_.AddVarint(summary_field::kFlags, kNoRecordedValue);
  AddLabels(summary_field::kAttributes, metric.labels);
  if (!metric.stale) {
    const Summary& summary = *metric.summary;
    for (size_t i = summary.quantiles.size(); i-- > 0;) {
      const size_t end = writer_.size();
      writer_.AddDouble(quantile_field::kValue, summary.quantiles[i].value);
      writer_.AddDouble(quantile_field::kQuantile, summary.quantiles[i].quantile);
      writer_.CloseMessage(summary_field::kQuantileValues, end);
    }
    writer_.AddDouble(summary_field::kSum, summary.sum);
    writer_.AddFixed64(summary_field::kCount, summary.count);
  }
  AddTimes(metric.start);
}

void ProtobufFormat::AddTimes(UnixMillis start) {
  writer_.AddFixed64(point_field::kTime, time_);
  if (start != 0) writer_.AddFixed64(point_field::kStartTime, Nanos(start));
}

void ProtobufFormat::AddExemplar(Tag tag, const Exemplar& exemplar) {
  const size_t end = writer_.size();
  if (exemplar.id.valid()) {
    const auto bytes = [](const auto& id) {
      return std::string_view(reinterpret_cast<const char*>(id.data()), id.size());
    };
    writer_.AddBytes(exemplar_field::kTraceId, bytes(exemplar.id.trace));
    writer_.AddBytes(exemplar_field::kSpanId, bytes(exemplar.id.span));
  }
  writer_.AddDouble(exemplar_field::kAsDouble, exemplar.value);
  writer_.AddFixed64(exemplar_field::kTime, Nanos(exemplar.time));
  writer_.CloseMessage(tag, end);
}

void ProtobufFormat::AddLabels(Tag tag, const Labels& labels) {
  names_.StartSeries();
  for (size_t i = labels.size(); i-- > 0;) {
    const Label label = labels[i];
    const AttributeNames::Entry& name = names_.Next(label.name, EncodeKey);
    if (name.kind != AttributeKind::kString) {
      if (const auto value = IntegerOf(label.value, name.kind)) {
        const size_t end = writer_.size();
        writer_.AddVarint(
            name.kind == AttributeKind::kInteger ? any_value_field::kInt : any_value_field::kBool,
            static_cast<uint64_t>(*value));
        writer_.CloseMessage(key_value_field::kValue, end);
        writer_.PushRaw(name.encoded);
        writer_.CloseMessage(tag, end);
        continue;
      }
    }
    if (labels.plain() || IsValidUtf8(label.value)) {
      AddText(name, tag, label.value);
    } else {
      AddText(name, tag, wire::ToValidUtf8(label.value));
    }
  }
}

void ProtobufFormat::AddText(const AttributeNames::Entry& name, Tag tag, std::string_view text) {
  char* const end = writer_.Room(text.size() + name.encoded.size() + 3 * BackwardWriter::kMaxField);
  char* at = BackwardWriter::PutBytes(end, text);
  const auto close = [&](Tag field) {
    at = BackwardWriter::PutVarint(at, static_cast<uint64_t>(end - at));
    at = BackwardWriter::PutTag(at, field, BackwardWriter::kLengthDelimited);
  };
  close(any_value_field::kString);
  close(key_value_field::kValue);
  at = BackwardWriter::PutBytes(at, name.encoded);
  close(tag);
  writer_.Advance(at);
}

}  // namespace sidelight::otlp
