// Snapshots for the tests of the writers, in few words.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/model/snapshot.h"
#include "core/wire/exposition/exposition.h"

namespace sidelight::wire {

inline constexpr UnixMillis kStart = 1520430000123;
inline constexpr UnixMillis kExemplarTime = 1520879607789;

inline TraceId Trace(uint8_t seed) {
  TraceId id;
  id.trace.fill(seed);
  id.span.fill(static_cast<uint8_t>(seed + 1));
  return id;
}

inline Metric Value(Labels labels, double value, UnixMillis start = 0) {
  Metric metric;
  metric.labels = std::move(labels);
  metric.value = value;
  metric.start = start;
  return metric;
}

inline Metric Of(Labels labels, Histogram histogram, UnixMillis start = 0) {
  Metric metric = Value(std::move(labels), 0, start);
  metric.histogram = std::make_shared<const Histogram>(std::move(histogram));
  return metric;
}

inline Metric Of(Labels labels, Summary summary, UnixMillis start = 0) {
  Metric metric = Value(std::move(labels), 0, start);
  metric.summary = std::make_shared<const Summary>(std::move(summary));
  return metric;
}

inline Metric Stale(Labels labels) {
  Metric metric = Value(std::move(labels), 0);
  metric.stale = true;
  return metric;
}

inline MetricFamily FamilyOf(MetricType type, std::string name, std::string help, std::vector<Metric> metrics,
                             std::string unit = "") {
  return {std::move(name), std::move(help), std::move(unit), type, std::move(metrics)};
}

inline Histogram Classic(std::vector<double> bounds, std::vector<uint64_t> counts, double sum) {
  Histogram histogram;
  histogram.sum = sum;
  for (const uint64_t n : counts) histogram.count += n;
  histogram.classic.bounds = std::make_shared<const std::vector<double>>(std::move(bounds));
  histogram.classic.counts = std::move(counts);
  return histogram;
}

struct Exposition {
  std::string text;
  ExpositionLosses losses;
};

inline Exposition Expose(std::vector<MetricFamily> families, const ExpositionOptions& options) {
  Snapshot snapshot;
  snapshot.families = std::move(families);
  Exposition out;
  out.losses = WriteExposition(snapshot, options, &out.text);
  return out;
}

}  // namespace sidelight::wire
