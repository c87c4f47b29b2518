// ExportMetricsServiceRequest in protobuf, written backwards.
#pragma once

#include <string>
#include <string_view>

#include "core/wire/backward_writer.h"
#include "core/wire/otlp/attribute_names.h"
#include "core/wire/otlp/encode.h"
#include "core/wire/otlp/parts.h"

namespace sidelight::otlp {

// A Format of batching.h.
class ProtobufFormat {
 public:
  static constexpr bool kBackward = true;

  ProtobufFormat(const Snapshot& snapshot, const Resource& resource, const Scope& scope,
                 Temporality temporality);

  void OpenMetric(const Part& part);
  void AddPoint(const Part& part, const Metric& metric);
  void CloseMetric(const Part& part);
  size_t size() const { return writer_.size(); }
  void Rewind(size_t size) { writer_.Rewind(size); }
  size_t Overhead() const { return header_.size() + envelope_; }
  std::string TakeRequest();

 private:
  void AddNumber(const Metric& metric);
  void AddHistogram(const Metric& metric);
  void AddExponential(const Metric& metric);
  void AddSummary(const Metric& metric);
  void AddTimes(UnixMillis start);
  void AddExemplar(wire::BackwardWriter::Tag tag, const Exemplar& exemplar);
  void AddLabels(wire::BackwardWriter::Tag tag, const Labels& labels);
  void AddText(const AttributeNames::Entry& name, wire::BackwardWriter::Tag tag, std::string_view text);

  const uint64_t time_;
  const uint64_t temporality_;
  std::string resource_;  // the field with the resource, and so on
  std::string scope_;
  std::string header_;   // of the metric that is open: its name, description and unit
  size_t envelope_ = 0;  // what else closing takes at most
  size_t metric_end_ = 0;
  AttributeNames names_;
  wire::BackwardWriter writer_;
};

}  // namespace sidelight::otlp
