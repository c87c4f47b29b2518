// What of a snapshot becomes one OTLP metric: a family, or of a histogram family whose series do not all have
// the same form, those of one form.
#pragma once

#include <cstdint>
#include <vector>

#include "core/model/snapshot.h"
#include "core/wire/otlp/encode.h"

namespace sidelight::otlp {

enum class PointKind : uint8_t { kSum, kGauge, kHistogram, kExponential, kSummary };

struct Part {
  const MetricFamily* family = nullptr;
  PointKind kind = PointKind::kGauge;
  HistogramForm wanted = HistogramForm::kExplicit;
  bool takes_stale = true;  // the series that have ended, which have no form
};

// In the snapshot's order, whose families they point to. A part may turn out to be without points.
std::vector<Part> PartsOf(const Snapshot& snapshot, HistogramForm wanted);

// Whether a series of the part's family is a point of the part.
inline bool Belongs(const Part& part, const Metric& metric) {
  if (metric.stale) return part.takes_stale;
  switch (part.kind) {
    case PointKind::kSum:
    case PointKind::kGauge:
      return true;
    case PointKind::kSummary:
      return metric.summary != nullptr;
    case PointKind::kHistogram:
    case PointKind::kExponential:
      break;
  }
  if (metric.histogram == nullptr) return false;
  const Histogram& histogram = *metric.histogram;
  const bool exponential =
      histogram.has_native() && (part.wanted == HistogramForm::kExponential || !histogram.has_classic());
  return exponential == (part.kind == PointKind::kExponential);
}

}  // namespace sidelight::otlp
