#include <cstring>
#include <protozero/exception.hpp>

#include "core/wire/otlp/protobuf_reader.h"

namespace sidelight::otlp {

using protozero::pbf_reader;

template <class T>
void ProtobufReader::AddPackedFixed(pbf_reader& message, std::vector<T>* list) {
  static_assert(sizeof(T) == 8);
  const protozero::data_view view = message.get_view();
  if (view.size() % sizeof(T) != 0) throw protozero::invalid_length_exception{};
  if (view.size() == 0) return;
  budget_.Charge(2 * view.size());
  const size_t before = list->size();
  list->resize(before + view.size() / sizeof(T));
  std::memcpy(list->data() + before, view.data(), view.size());
}

void ProtobufReader::AddPackedVarints(pbf_reader& message, std::vector<uint64_t>* list) {
  for (const uint64_t count : message.get_packed_uint64()) {
    budget_.Charge(2 * sizeof(count));
    list->push_back(count);
  }
}

void ProtobufReader::Read(pbf_reader message, NumberDataPoint* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Fixed(point_field::kStartTime):
        out->start_time = message.get_fixed64();
        break;
      case Fixed(point_field::kTime):
        out->time = message.get_fixed64();
        break;
      case Fixed(number_field::kAsDouble):
        out->value = message.get_double();
        break;
      case Fixed(number_field::kAsInt):
        out->value = message.get_sfixed64();
        break;
      case Text(number_field::kExemplars):
        Add(message, &out->exemplars);
        break;
      case Text(number_field::kAttributes):
        AddKeyValue(message, &out->attributes);
        break;
      case Varint(number_field::kFlags):
        out->flags = message.get_uint32();
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::Read(pbf_reader message, HistogramDataPoint* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Fixed(point_field::kStartTime):
        out->start_time = message.get_fixed64();
        break;
      case Fixed(point_field::kTime):
        out->time = message.get_fixed64();
        break;
      case Fixed(histogram_field::kCount):
        out->count = message.get_fixed64();
        break;
      case Fixed(histogram_field::kSum):
        out->sum = message.get_double();
        break;
      case Text(histogram_field::kBucketCounts):
        AddPackedFixed(message, &out->bucket_counts);
        break;
      case Fixed(histogram_field::kBucketCounts):
        budget_.Append(out->bucket_counts) = message.get_fixed64();
        break;
      case Text(histogram_field::kExplicitBounds):
        AddPackedFixed(message, &out->explicit_bounds);
        break;
      case Fixed(histogram_field::kExplicitBounds):
        budget_.Append(out->explicit_bounds) = message.get_double();
        break;
      case Text(histogram_field::kExemplars):
        Add(message, &out->exemplars);
        break;
      case Text(histogram_field::kAttributes):
        AddKeyValue(message, &out->attributes);
        break;
      case Varint(histogram_field::kFlags):
        out->flags = message.get_uint32();
        break;
      case Fixed(histogram_field::kMin):
        out->min = message.get_double();
        break;
      case Fixed(histogram_field::kMax):
        out->max = message.get_double();
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::Read(pbf_reader message, ExponentialHistogramDataPoint* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Text(exponential_field::kAttributes):
        AddKeyValue(message, &out->attributes);
        break;
      case Fixed(point_field::kStartTime):
        out->start_time = message.get_fixed64();
        break;
      case Fixed(point_field::kTime):
        out->time = message.get_fixed64();
        break;
      case Fixed(exponential_field::kCount):
        out->count = message.get_fixed64();
        break;
      case Fixed(exponential_field::kSum):
        out->sum = message.get_double();
        break;
      case Varint(exponential_field::kScale):
        out->scale = message.get_sint32();
        break;
      case Fixed(exponential_field::kZeroCount):
        out->zero_count = message.get_fixed64();
        break;
      case Text(exponential_field::kPositive):
        Read(message.get_message(), &out->positive);
        break;
      case Text(exponential_field::kNegative):
        Read(message.get_message(), &out->negative);
        break;
      case Varint(exponential_field::kFlags):
        out->flags = message.get_uint32();
        break;
      case Text(exponential_field::kExemplars):
        Add(message, &out->exemplars);
        break;
      case Fixed(exponential_field::kMin):
        out->min = message.get_double();
        break;
      case Fixed(exponential_field::kMax):
        out->max = message.get_double();
        break;
      case Fixed(exponential_field::kZeroThreshold):
        out->zero_threshold = message.get_double();
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::Read(pbf_reader message, ExponentialBuckets* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Varint(buckets_field::kOffset):
        out->offset = message.get_sint32();
        break;
      case Text(buckets_field::kBucketCounts):
        AddPackedVarints(message, &out->counts);
        break;
      case Varint(buckets_field::kBucketCounts):
        budget_.Append(out->counts) = message.get_uint64();
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::Read(pbf_reader message, SummaryDataPoint* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Fixed(point_field::kStartTime):
        out->start_time = message.get_fixed64();
        break;
      case Fixed(point_field::kTime):
        out->time = message.get_fixed64();
        break;
      case Fixed(summary_field::kCount):
        out->count = message.get_fixed64();
        break;
      case Fixed(summary_field::kSum):
        out->sum = message.get_double();
        break;
      case Text(summary_field::kQuantileValues):
        Add(message, &out->quantiles);
        break;
      case Text(summary_field::kAttributes):
        AddKeyValue(message, &out->attributes);
        break;
      case Varint(summary_field::kFlags):
        out->flags = message.get_uint32();
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::Read(pbf_reader message, QuantileValue* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Fixed(quantile_field::kQuantile):
        out->quantile = message.get_double();
        break;
      case Fixed(quantile_field::kValue):
        out->value = message.get_double();
        break;
      default:
        message.skip();
    }
  }
}

void ProtobufReader::Read(pbf_reader message, ExemplarMessage* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Fixed(exemplar_field::kTime):
        out->time = message.get_fixed64();
        break;
      case Fixed(exemplar_field::kAsDouble):
        out->value = message.get_double();
        break;
      case Fixed(exemplar_field::kAsInt):
        out->value = message.get_sfixed64();
        break;
      case Text(exemplar_field::kSpanId):
        TakeBytes(message, &out->span_id);
        break;
      case Text(exemplar_field::kTraceId):
        TakeBytes(message, &out->trace_id);
        break;
      case Text(exemplar_field::kFilteredAttributes):
        AddKeyValue(message, &out->filtered_attributes);
        break;
      default:
        message.skip();
    }
  }
}

}  // namespace sidelight::otlp
