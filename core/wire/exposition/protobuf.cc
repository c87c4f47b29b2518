#include "core/wire/exposition/protobuf.h"

#include <limits>
#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

#include "core/wire/exposition/series_labels.h"
#include "core/wire/exposition/utf8.h"

namespace sidelight::wire {
namespace {

using protozero::pbf_writer;

// Field numbers of metrics.proto, message by message.
namespace family_field {
enum : protozero::pbf_tag_type { kName = 1, kHelp = 2, kType = 3, kMetric = 4, kUnit = 5 };
}
namespace metric_field {
enum : protozero::pbf_tag_type {
  kLabel = 1,
  kGauge = 2,
  kCounter = 3,
  kSummary = 4,
  kUntyped = 5,
  kHistogram = 7
};
}
namespace label_field {
enum : protozero::pbf_tag_type { kName = 1, kValue = 2 };
}
namespace value_field {  // of Gauge, Untyped and Counter; the last two only of Counter
enum : protozero::pbf_tag_type { kValue = 1, kExemplar = 2, kCreated = 3 };
}
namespace summary_field {
enum : protozero::pbf_tag_type { kCount = 1, kSum = 2, kQuantile = 3, kCreated = 4 };
}
namespace quantile_field {
enum : protozero::pbf_tag_type { kQuantile = 1, kValue = 2 };
}
namespace histogram_field {
enum : protozero::pbf_tag_type {
  kCount = 1,
  kSum = 2,
  kBucket = 3,
  kSchema = 5,
  kZeroThreshold = 6,
  kZeroCount = 7,
  kNegativeSpan = 9,
  kNegativeDelta = 10,
  kPositiveSpan = 12,
  kPositiveDelta = 13,
  kCreated = 15,
  kExemplars = 16,
};
}
namespace bucket_field {
enum : protozero::pbf_tag_type { kCumulativeCount = 1, kUpperBound = 2, kExemplar = 3 };
}
namespace span_field {
enum : protozero::pbf_tag_type { kOffset = 1, kLength = 2 };
}
namespace exemplar_field {
enum : protozero::pbf_tag_type { kLabel = 1, kValue = 2, kTimestamp = 3 };
}
namespace timestamp_field {  // google.protobuf.Timestamp
enum : protozero::pbf_tag_type { kSeconds = 1, kNanos = 2 };
}

int32_t TypeNumber(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return 0;
    case MetricType::kGauge:
      return 1;
    case MetricType::kSummary:
      return 2;
    case MetricType::kUnknown:
      return 3;
    case MetricType::kHistogram:
      return 4;
  }
  return 3;
}

void AddTimestamp(pbf_writer& message, protozero::pbf_tag_type tag, UnixMillis time) {
  if (time == 0) return;
  pbf_writer timestamp(message, tag);
  // Nanoseconds count forward from the second, also before 1970.
  const int64_t millis = (time % 1000 + 1000) % 1000;
  timestamp.add_int64(timestamp_field::kSeconds, (time - millis) / 1000);
  timestamp.add_int32(timestamp_field::kNanos, static_cast<int32_t>(millis * 1'000'000));
}

// A field of `size` bytes to come, which the caller then appends. protozero would leave room for any size and
// close the gap afterwards; its own way of being told the size beforehand (1.7.1) works once per message.
void StartField(std::string& out, protozero::pbf_tag_type tag, size_t size) {
  protozero::add_varint_to_buffer(
      &out, (tag << 3) | static_cast<uint32_t>(protozero::pbf_wire_type::length_delimited));
  protozero::add_varint_to_buffer(&out, size);
}

void AddText(std::string& out, protozero::pbf_tag_type tag, std::string_view text) {
  StartField(out, tag, text.size());
  out.append(text);
}

// One byte of tag and a length before the bytes, for fields below 16.
size_t TextFieldSize(std::string_view text) {
  return 1 + static_cast<size_t>(protozero::length_of_varint(text.size())) + text.size();
}

// `out` is what the open message is being written to.
void AddLabel(std::string& out, protozero::pbf_tag_type tag, std::string_view name, std::string_view value) {
  StartField(out, tag, TextFieldSize(name) + TextFieldSize(value));
  AddText(out, label_field::kName, name);
  AddText(out, label_field::kValue, value);
}

void AddExemplar(std::string& out, pbf_writer& message, protozero::pbf_tag_type tag,
                 const Exemplar& exemplar) {
  if (!exemplar.id.valid()) return;
  pbf_writer writer(message, tag);
  AddLabel(out, exemplar_field::kLabel, "trace_id", TraceHex(exemplar.id));
  AddLabel(out, exemplar_field::kLabel, "span_id", SpanHex(exemplar.id));
  writer.add_double(exemplar_field::kValue, exemplar.value);
  AddTimestamp(writer, exemplar_field::kTimestamp, exemplar.time);
}

void AddClassic(std::string& out, pbf_writer& message, const Histogram& histogram) {
  const std::vector<double>& bounds = *histogram.classic.bounds;
  uint64_t cumulative = 0;
  size_t exemplar = 0;
  for (size_t i = 0; i <= bounds.size(); ++i) {
    const bool last = i == bounds.size();
    const double upper = last ? std::numeric_limits<double>::infinity() : bounds[i];
    cumulative += histogram.classic.counts[i];
    pbf_writer bucket(message, histogram_field::kBucket);
    bucket.add_uint64(bucket_field::kCumulativeCount, last ? histogram.count : cumulative);
    bucket.add_double(bucket_field::kUpperBound, upper);
    const Exemplar* found = nullptr;
    for (; exemplar < histogram.exemplars.size() && (last || histogram.exemplars[exemplar].value <= upper);
         ++exemplar) {
      found = &histogram.exemplars[exemplar];
    }
    if (found != nullptr) AddExemplar(out, bucket, bucket_field::kExemplar, *found);
  }
}

void AddSpan(pbf_writer& message, protozero::pbf_tag_type tag, NativeSpan span) {
  pbf_writer writer(message, tag);
  writer.add_sint32(span_field::kOffset, span.offset);
  writer.add_uint32(span_field::kLength, span.length);
}

void AddBuckets(pbf_writer& message, const NativeBuckets& buckets, protozero::pbf_tag_type span_tag,
                protozero::pbf_tag_type delta_tag) {
  for (const NativeSpan& span : buckets.spans) AddSpan(message, span_tag, span);
  // Not packed: metrics.proto is proto2 and does not ask for it.
  uint64_t before = 0;
  for (const uint64_t count : buckets.counts) {
    message.add_sint64(delta_tag, static_cast<int64_t>(count - before));
    before = count;
  }
}

void AddNative(std::string& out, pbf_writer& message, const Histogram& histogram) {
  message.add_sint32(histogram_field::kSchema, histogram.schema);
  message.add_double(histogram_field::kZeroThreshold, histogram.zero_threshold);
  message.add_uint64(histogram_field::kZeroCount, histogram.zero_count);
  AddBuckets(message, histogram.negative, histogram_field::kNegativeSpan, histogram_field::kNegativeDelta);
  AddBuckets(message, histogram.positive, histogram_field::kPositiveSpan, histogram_field::kPositiveDelta);
  // Scrapers know a native histogram by its spans, so one that has none yet says so with a span of no length.
  if (histogram.negative.spans.empty() && histogram.positive.spans.empty()) {
    AddSpan(message, histogram_field::kPositiveSpan, {});
  }
  for (const Exemplar& exemplar : histogram.exemplars) {
    if (exemplar.time != 0) AddExemplar(out, message, histogram_field::kExemplars, exemplar);
  }
}

void AddHistogram(std::string& out, pbf_writer& metric, UnixMillis start, const Histogram& histogram) {
  pbf_writer message(metric, metric_field::kHistogram);
  message.add_uint64(histogram_field::kCount, histogram.count);
  message.add_double(histogram_field::kSum, histogram.sum);
  if (histogram.has_classic()) AddClassic(out, message, histogram);
  if (histogram.has_native()) AddNative(out, message, histogram);
  AddTimestamp(message, histogram_field::kCreated, start);
}

void AddSummary(pbf_writer& metric, UnixMillis start, const Summary& summary) {
  pbf_writer message(metric, metric_field::kSummary);
  message.add_uint64(summary_field::kCount, summary.count);
  message.add_double(summary_field::kSum, summary.sum);
  for (const Quantile& quantile : summary.quantiles) {
    pbf_writer writer(message, summary_field::kQuantile);
    writer.add_double(quantile_field::kQuantile, quantile.quantile);
    writer.add_double(quantile_field::kValue, quantile.value);
  }
  AddTimestamp(message, summary_field::kCreated, start);
}

void AddCounter(std::string& out, pbf_writer& metric, const Metric& counter) {
  pbf_writer message(metric, metric_field::kCounter);
  message.add_double(value_field::kValue, counter.value);
  if (counter.exemplar) AddExemplar(out, message, value_field::kExemplar, *counter.exemplar);
  AddTimestamp(message, value_field::kCreated, counter.start);
}

void AddValue(std::string& out, protozero::pbf_tag_type tag, double value) {
  StartField(out, tag, 1 + sizeof(double));
  pbf_writer message(out);
  message.add_double(value_field::kValue, value);
}

void AddMetric(std::string& out, pbf_writer& family, MetricType type, const SeriesLabels& labels,
               const Metric& metric) {
  pbf_writer message(family, family_field::kMetric);
  for (size_t i = 0; i < labels.names().size(); ++i) {
    AddLabel(out, metric_field::kLabel, labels.names()[i], labels.value(i));
  }
  switch (type) {
    case MetricType::kCounter:
      AddCounter(out, message, metric);
      break;
    case MetricType::kGauge:
      AddValue(out, metric_field::kGauge, metric.value);
      break;
    case MetricType::kUnknown:
      AddValue(out, metric_field::kUntyped, metric.value);
      break;
    case MetricType::kHistogram:
      AddHistogram(out, message, metric.start, *metric.histogram);
      break;
    case MetricType::kSummary:
      AddSummary(message, metric.start, *metric.summary);
      break;
  }
}

size_t EncodeFamily(const ExposedFamily& family, EscapingScheme scheme, std::string* out) {
  pbf_writer message(*out);
  const MetricFamily& first = *family.members.front();
  message.add_string(family_field::kName, family.name);
  if (!first.help.empty()) message.add_string(family_field::kHelp, ToValidUtf8(first.help));
  message.add_enum(family_field::kType, TypeNumber(family.type));
  size_t left_out = 0;
  SeriesLabels labels(family, scheme);
  for (const MetricFamily* member : family.members) {
    const std::vector<Metric>& metrics = member->metrics;
    for (size_t i = 0; i < metrics.size(); ++i) {
      const Metric& metric = metrics[i];
      if (i + kSeriesAhead < metrics.size()) metrics[i + kSeriesAhead].labels.Prefetch();
      if (!IsShown(metric, family.type)) continue;
      if (labels.Next(metric)) {
        AddMetric(*out, message, family.type, labels, metric);
      } else {
        ++left_out;
      }
    }
  }
  if (!first.unit.empty()) message.add_string(family_field::kUnit, ToValidUtf8(first.unit));
  return left_out;
}

}  // namespace

size_t WriteProtobuf(const ExposedFamilies& exposed, EscapingScheme scheme, std::string* out) {
  size_t left_out = 0;
  std::string encoded;
  for (const ExposedFamily& family : exposed.families) {
    encoded.clear();
    left_out += EncodeFamily(family, scheme, &encoded);
    protozero::add_varint_to_buffer(out, encoded.size());
    out->append(encoded);
  }
  return left_out;
}

}  // namespace sidelight::wire
