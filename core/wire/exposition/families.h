// Which families an exposition shows, and under which names.
//
// Escaping can make names equal that were not, and OpenMetrics calls a counter by its name without `_total`.
// A family name may occur once, so families that meet under one name are shown as one when they are of one
// type; otherwise the later is dropped (OpenTelemetry's rules for Prometheus:
// compatibility/prometheus_and_openmetrics.md, conflicting TYPE drops the metric, conflicting HELP and UNIT
// the comment).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/model/snapshot.h"
#include "core/wire/exposition/exposition.h"

namespace sidelight::wire {

struct ExposedFamily {
  std::string name;                          // of the HELP and TYPE lines, escaped but not quoted
  MetricType type = MetricType::kUnknown;    // OpenMetrics: a counter whose name lacks _total is unknown
  std::vector<const MetricFamily*> members;  // never empty; the first has the help and the unit
};

struct ExposedFamilies {
  std::vector<ExposedFamily> families;  // in the snapshot's order
  size_t dropped = 0;
};

// Points into `snapshot`. Families without a live series are not in it.
ExposedFamilies ExposeFamilies(const Snapshot& snapshot, const ExpositionOptions& options);

// Whether a series is exposed: it is live and has the value that its type asks for.
inline bool IsShown(const Metric& metric, MetricType type) {
  if (metric.stale) return false;
  if (type == MetricType::kHistogram) return metric.histogram != nullptr;
  if (type == MetricType::kSummary) return metric.summary != nullptr;
  return true;
}

inline bool IsOpenMetrics(ExpositionFormat format) {
  return format == ExpositionFormat::kOpenMetrics001 || format == ExpositionFormat::kOpenMetrics100;
}

}  // namespace sidelight::wire
