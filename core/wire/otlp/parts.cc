#include "core/wire/otlp/parts.h"

#include <algorithm>

namespace sidelight::otlp {
namespace {

bool HasPoint(const Part& part) {
  return std::any_of(part.family->metrics.begin(), part.family->metrics.end(),
                     [&](const Metric& metric) { return !metric.stale && Belongs(part, metric); });
}

void AddHistograms(const MetricFamily& family, HistogramForm wanted, std::vector<Part>* out) {
  const PointKind first =
      wanted == HistogramForm::kExplicit ? PointKind::kHistogram : PointKind::kExponential;
  const PointKind other =
      wanted == HistogramForm::kExplicit ? PointKind::kExponential : PointKind::kHistogram;
  Part preferred{.family = &family, .kind = first, .wanted = wanted};
  Part fallback{.family = &family, .kind = other, .wanted = wanted};
  const bool has_fallback = HasPoint(fallback);
  const bool has_preferred = !has_fallback || HasPoint(preferred);
  fallback.takes_stale = !has_preferred;
  if (has_preferred) out->push_back(preferred);
  if (has_fallback) out->push_back(fallback);
}

}  // namespace

std::vector<Part> PartsOf(const Snapshot& snapshot, HistogramForm wanted) {
  std::vector<Part> out;
  out.reserve(snapshot.families.size());
  for (const MetricFamily& family : snapshot.families) {
    switch (family.type) {
      case MetricType::kCounter:
        out.push_back({.family = &family, .kind = PointKind::kSum});
        break;
      case MetricType::kGauge:
      case MetricType::kUnknown:
        out.push_back({.family = &family, .kind = PointKind::kGauge});
        break;
      case MetricType::kHistogram:
        AddHistograms(family, wanted, &out);
        break;
      case MetricType::kSummary:
        out.push_back({.family = &family, .kind = PointKind::kSummary});
        break;
    }
  }
  return out;
}

}  // namespace sidelight::otlp
