// The field numbers of OTLP's metrics messages.
// Source: opentelemetry-proto 1.11, opentelemetry/proto/{metrics,common,resource}/v1 and collector/metrics/v1
// .
#pragma once

#include <protozero/types.hpp>

namespace sidelight::otlp {

using FieldTag = protozero::pbf_tag_type;

namespace request_field {
enum : FieldTag { kResourceMetrics = 1 };
}
namespace resource_metrics_field {
enum : FieldTag { kResource = 1, kScopeMetrics = 2, kSchemaUrl = 3 };
}
namespace resource_field {
enum : FieldTag { kAttributes = 1 };
}
namespace scope_metrics_field {
enum : FieldTag { kScope = 1, kMetrics = 2, kSchemaUrl = 3 };
}
namespace scope_field {
enum : FieldTag { kName = 1, kVersion = 2, kAttributes = 3 };
}
namespace metric_field {
enum : FieldTag {
  kName = 1,
  kDescription = 2,
  kUnit = 3,
  kGauge = 5,
  kSum = 7,
  kHistogram = 9,
  kExponentialHistogram = 10,
  kSummary = 11,
  kMetadata = 12
};
}
namespace data_field {  // of Gauge, Sum, Histogram, ExponentialHistogram and Summary, as far as each has them
enum : FieldTag { kDataPoints = 1, kAggregationTemporality = 2, kIsMonotonic = 3 };
}
// Every point has these two.
namespace point_field {
enum : FieldTag { kStartTime = 2, kTime = 3 };
}
namespace number_field {
enum : FieldTag { kAsDouble = 4, kExemplars = 5, kAsInt = 6, kAttributes = 7, kFlags = 8 };
}
namespace histogram_field {
enum : FieldTag {
  kCount = 4,
  kSum = 5,
  kBucketCounts = 6,
  kExplicitBounds = 7,
  kExemplars = 8,
  kAttributes = 9,
  kFlags = 10,
  kMin = 11,
  kMax = 12
};
}
namespace exponential_field {
enum : FieldTag {
  kAttributes = 1,
  kCount = 4,
  kSum = 5,
  kScale = 6,
  kZeroCount = 7,
  kPositive = 8,
  kNegative = 9,
  kFlags = 10,
  kExemplars = 11,
  kMin = 12,
  kMax = 13,
  kZeroThreshold = 14
};
}
namespace buckets_field {
enum : FieldTag { kOffset = 1, kBucketCounts = 2 };
}
namespace summary_field {
enum : FieldTag { kCount = 4, kSum = 5, kQuantileValues = 6, kAttributes = 7, kFlags = 8 };
}
namespace quantile_field {
enum : FieldTag { kQuantile = 1, kValue = 2 };
}
namespace exemplar_field {
enum : FieldTag { kTime = 2, kAsDouble = 3, kSpanId = 4, kTraceId = 5, kAsInt = 6, kFilteredAttributes = 7 };
}
namespace key_value_field {
enum : FieldTag { kKey = 1, kValue = 2 };
}
namespace any_value_field {
enum : FieldTag { kString = 1, kBool = 2, kInt = 3, kDouble = 4, kArray = 5, kKeyValueList = 6, kBytes = 7 };
}
namespace list_field {  // of ArrayValue and KeyValueList
enum : FieldTag { kValues = 1 };
}

}  // namespace sidelight::otlp
