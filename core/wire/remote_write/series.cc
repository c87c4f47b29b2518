#include "core/wire/remote_write/series.h"

namespace sidelight::remote_write {

Exemplar ExemplarOf(const sidelight::Exemplar& exemplar) {
  const std::string trace = TraceHex(exemplar.id);
  const std::string span = SpanHex(exemplar.id);
  return {Labels{{"span_id", span}, {"trace_id", trace}}, exemplar.value, exemplar.time};
}

MetadataType MetadataTypeOf(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return MetadataType::kCounter;
    case MetricType::kGauge:
      return MetadataType::kGauge;
    case MetricType::kHistogram:
      return MetadataType::kHistogram;
    case MetricType::kSummary:
      return MetadataType::kSummary;
    case MetricType::kUnknown:
      break;
  }
  return MetadataType::kUnspecified;
}

}  // namespace sidelight::remote_write
