// OTLP's metrics messages as plain structs, for who reads them. Absent numbers are 0, as in protobuf, unless
// they are optional there. Times are nanoseconds since 1970, UTC.
//
// Source: opentelemetry-proto 1.11, opentelemetry/proto/{metrics,common,resource}/v1 .
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sidelight::otlp {

struct AnyValue;
struct KeyValue;
struct ArrayValue {
  std::vector<AnyValue> values;
};
struct KeyValueList {
  std::vector<KeyValue> values;
};
struct BytesValue {
  std::string bytes;
};
struct AnyValue {
  std::variant<std::monostate, std::string, bool, int64_t, double, ArrayValue, KeyValueList, BytesValue>
      value;
};
struct KeyValue {
  std::string key;
  AnyValue value;
};

enum class AggregationTemporality : int32_t { kUnspecified = 0, kDelta = 1, kCumulative = 2 };

// Of DataPoint.flags: the point says that its series has no value any more.
inline constexpr uint32_t kNoRecordedValue = 1;

using NumberValue = std::variant<std::monostate, double, int64_t>;

struct ExemplarMessage {
  std::vector<KeyValue> filtered_attributes;
  uint64_t time = 0;
  NumberValue value;
  std::string span_id;   // 8 bytes, or none
  std::string trace_id;  // 16 bytes, or none
};

struct NumberDataPoint {
  std::vector<KeyValue> attributes;
  uint64_t start_time = 0;
  uint64_t time = 0;
  NumberValue value;
  std::vector<ExemplarMessage> exemplars;
  uint32_t flags = 0;
};

struct HistogramDataPoint {
  std::vector<KeyValue> attributes;
  uint64_t start_time = 0;
  uint64_t time = 0;
  uint64_t count = 0;
  std::optional<double> sum;
  std::vector<uint64_t> bucket_counts;  // as they were sent: a sound point has one more than bounds, or none
  std::vector<double> explicit_bounds;
  std::vector<ExemplarMessage> exemplars;
  uint32_t flags = 0;
  std::optional<double> min;
  std::optional<double> max;
};

// counts[i] is of the bucket (base^(offset+i), base^(offset+i+1)], base = 2^(2^-scale).
struct ExponentialBuckets {
  int32_t offset = 0;
  std::vector<uint64_t> counts;
};

struct ExponentialHistogramDataPoint {
  std::vector<KeyValue> attributes;
  uint64_t start_time = 0;
  uint64_t time = 0;
  uint64_t count = 0;
  std::optional<double> sum;
  int32_t scale = 0;
  uint64_t zero_count = 0;
  ExponentialBuckets positive;
  ExponentialBuckets negative;
  uint32_t flags = 0;
  std::vector<ExemplarMessage> exemplars;
  std::optional<double> min;
  std::optional<double> max;
  double zero_threshold = 0;
};

struct QuantileValue {
  double quantile = 0;
  double value = 0;
};

struct SummaryDataPoint {
  std::vector<KeyValue> attributes;
  uint64_t start_time = 0;
  uint64_t time = 0;
  uint64_t count = 0;
  double sum = 0;
  std::vector<QuantileValue> quantiles;
  uint32_t flags = 0;
};

struct GaugeData {
  std::vector<NumberDataPoint> points;
};
struct SumData {
  std::vector<NumberDataPoint> points;
  AggregationTemporality temporality = AggregationTemporality::kUnspecified;
  bool monotonic = false;
};
struct HistogramData {
  std::vector<HistogramDataPoint> points;
  AggregationTemporality temporality = AggregationTemporality::kUnspecified;
};
struct ExponentialHistogramData {
  std::vector<ExponentialHistogramDataPoint> points;
  AggregationTemporality temporality = AggregationTemporality::kUnspecified;
};
struct SummaryData {
  std::vector<SummaryDataPoint> points;
};

struct MetricMessage {
  std::string name;
  std::string description;
  std::string unit;
  std::variant<std::monostate, GaugeData, SumData, HistogramData, ExponentialHistogramData, SummaryData> data;
  std::vector<KeyValue> metadata;
};

struct ScopeMessage {
  std::string name;
  std::string version;
  std::vector<KeyValue> attributes;
};

struct ScopeMetrics {
  ScopeMessage scope;
  std::vector<MetricMessage> metrics;
  std::string schema_url;
};

struct ResourceMetrics {
  std::vector<KeyValue> resource;  // its attributes
  std::vector<ScopeMetrics> scopes;
  std::string schema_url;
};

// ExportMetricsServiceRequest.
struct MetricsRequest {
  std::vector<ResourceMetrics> resources;
};

// Data points of all metrics.
size_t CountPoints(const MetricsRequest& request);

}  // namespace sidelight::otlp
