// Snapshot: everything that was measured, at one moment, as plain structs. Taken once, read by every format,
// immutable from then on and shared between threads.
//
// Names and labels are Prometheus' (core/model/naming.h translates): a counter's family carries its `_total`,
// a unit its word. A name may be any UTF-8; the formats that cannot say it escape it. Where a family is one
// of OpenTelemetry's, it knows that name too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/exemplar.h"
#include "core/model/histogram.h"
#include "core/model/labels.h"

namespace sidelight {

enum class MetricType { kCounter, kGauge, kHistogram, kSummary, kUnknown };

struct Quantile {
  double quantile = 0;
  double value = 0;
};

struct Summary {
  uint64_t count = 0;
  double sum = 0;
  std::vector<Quantile> quantiles;
};

// One series of a family. Which of the values counts is told by the family's type.
struct Metric {
  Labels labels;
  UnixMillis start = 0;  // of counters and histograms: since when they count; 0 where that is unknown
  double value = 0;      // counter, gauge, unknown
  std::optional<Exemplar> exemplar;            // counter
  std::shared_ptr<const Histogram> histogram;  // histogram
  std::shared_ptr<const Summary> summary;      // summary
  // The series has ended: it stands here for the last time, without a value, and whoever stores series writes
  // a stale marker. Only in the snapshots of the sampling loop; a scrape just does not see it any more.
  bool stale = false;
};

struct MetricFamily {
  std::string name;  // a counter's ends in _total
  std::string help;
  std::string unit;  // Prometheus' word ("seconds"), a suffix of the name; "" where there is none
  MetricType type = MetricType::kUnknown;
  std::vector<Metric> metrics;  // sorted by labels
  // What OpenTelemetry calls it: "http.server.request.duration", in UCUM "s". "" where that is unknown: then
  // OTLP sends it, and its labels, by the names above.
  std::string otel_name = {};
  std::string otel_unit = {};
};

// The family without its series.
inline MetricFamily HeadOf(const MetricFamily& family) {
  return {.name = family.name,
          .help = family.help,
          .unit = family.unit,
          .type = family.type,
          .metrics = {},
          .otel_name = family.otel_name,
          .otel_unit = family.otel_unit};
}

struct Snapshot {
  UnixMillis time = 0;
  std::vector<MetricFamily> families;  // sorted by name, each once
};

}  // namespace sidelight
