// ExportMetricsServiceRequest in OTLP's JSON: protobuf's JSON mapping, with enums as integers and the ids of
// traces and spans as hex.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/wire/otlp/attribute_names.h"
#include "core/wire/otlp/encode.h"
#include "core/wire/otlp/parts.h"

namespace sidelight::otlp {

// A Format of batching.h.
class JsonFormat {
 public:
  static constexpr bool kBackward = false;

  JsonFormat(const Snapshot& snapshot, const Resource& resource, const Scope& scope, Temporality temporality);

  void OpenMetric(const Part& part);
  void AddPoint(const Part& part, const Metric& metric);
  void CloseMetric(const Part& part);
  size_t size() const { return out_.size(); }
  void Rewind(size_t size) { out_.resize(size); }
  size_t Overhead() const;
  std::string TakeRequest();

 private:
  void AddHistogram(const Histogram& histogram);
  void AddExponential(const Histogram& histogram);
  void AddSummary(const Summary& summary);
  void AddTimes(UnixMillis start);
  void AddExemplars(const Exemplar* exemplars, size_t count);
  void AddLabels(const Labels& labels);

  const std::string time_;
  const Temporality temporality_;
  std::string start_;  // of a request, up to its first metric
  AttributeNames names_;
  std::string out_;
};

}  // namespace sidelight::otlp
