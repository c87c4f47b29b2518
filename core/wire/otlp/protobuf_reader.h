// The reader behind DecodeProtobuf. It throws wire::Refused and protozero's exceptions.
#pragma once

#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "core/wire/memory_budget.h"
#include "core/wire/otlp/decode.h"
#include "core/wire/otlp/fields.h"
#include "core/wire/otlp/message.h"

namespace sidelight::otlp {

// What pbf_reader::tag_and_type() says of a field of that type.
constexpr uint32_t Text(FieldTag tag) {
  return protozero::tag_and_type(tag, protozero::pbf_wire_type::length_delimited);
}
constexpr uint32_t Fixed(FieldTag tag) {
  return protozero::tag_and_type(tag, protozero::pbf_wire_type::fixed64);
}
constexpr uint32_t Varint(FieldTag tag) {
  return protozero::tag_and_type(tag, protozero::pbf_wire_type::varint);
}

class ProtobufReader {
 public:
  explicit ProtobufReader(const DecodeLimits& limits)
      : max_depth_(limits.max_depth), budget_(limits.max_memory) {}

  void Read(protozero::pbf_reader message, MetricsRequest* out);

 private:
  using pbf_reader = protozero::pbf_reader;

  void Read(pbf_reader message, ResourceMetrics* out);
  void Read(pbf_reader message, ScopeMetrics* out);
  void Read(pbf_reader message, ScopeMessage* out);
  void Read(pbf_reader message, MetricMessage* out);
  void Read(pbf_reader message, NumberDataPoint* out);
  void Read(pbf_reader message, HistogramDataPoint* out);
  void Read(pbf_reader message, ExponentialHistogramDataPoint* out);
  void Read(pbf_reader message, ExponentialBuckets* out);
  void Read(pbf_reader message, SummaryDataPoint* out);
  void Read(pbf_reader message, QuantileValue* out);
  void Read(pbf_reader message, ExemplarMessage* out);
  void ReadResource(pbf_reader message, std::vector<KeyValue>* out);
  void ReadKeyValue(pbf_reader message, KeyValue* out, int depth);
  void ReadValue(pbf_reader message, AnyValue* out, int depth);

  // The messages with points differ only in what stands beside the points.
  template <class Data>
  void ReadData(pbf_reader message, Data* out);
  template <class Data>
  Data* DataOf(MetricMessage* metric);

  template <class T>
  void Add(pbf_reader& message, std::vector<T>* list) {
    Read(message.get_message(), &budget_.Append(*list));
  }
  void AddKeyValue(pbf_reader& message, std::vector<KeyValue>* list) {
    ReadKeyValue(message.get_message(), &budget_.Append(*list), 0);
  }
  template <class T>
  void AddPackedFixed(pbf_reader& message, std::vector<T>* list);
  void AddPackedVarints(pbf_reader& message, std::vector<uint64_t>* list);
  void TakeBytes(pbf_reader& message, std::string* out);
  void TakeText(pbf_reader& message, std::string* out);

  const int max_depth_;
  wire::MemoryBudget budget_;
};

}  // namespace sidelight::otlp
