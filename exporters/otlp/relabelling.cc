#include "exporters/otlp/relabelling.h"

#include <algorithm>
#include <utility>

#include "core/relabel/metric_relabelling.h"

namespace sidelight::otlp {
namespace {

// Of series that have ended something may be remembered, but not without end.
constexpr size_t kSpare = 1000;

}  // namespace

void Relabelling::ApplyTo(const MetricFamily& family, Verdicts* verdicts, std::vector<Metric>* out,
                          uint64_t* duplicates) const {
  if (verdicts->size() > 2 * family.metrics.size() + kSpare) verdicts->clear();
  for (const Metric& metric : family.metrics) {
    auto verdict = verdicts->find(metric.labels);
    if (verdict == verdicts->end()) {
      verdict =
          verdicts->emplace(metric.labels, relabel::ApplyToSeries(rules_, family.name, metric.labels)).first;
    }
    if (!verdict->second) continue;
    out->push_back(metric);
    out->back().labels = *verdict->second;
  }
  const auto before = [](const Metric& a, const Metric& b) { return a.labels < b.labels; };
  if (!std::is_sorted(out->begin(), out->end(), before)) std::stable_sort(out->begin(), out->end(), before);
  const auto same = [](const Metric& a, const Metric& b) { return a.labels == b.labels; };
  const auto rest = std::unique(out->begin(), out->end(), same);
  *duplicates += static_cast<uint64_t>(out->end() - rest);
  out->erase(rest, out->end());
}

Snapshot Relabelling::Apply(const Snapshot& snapshot, uint64_t* duplicates) {
  Snapshot out{.time = snapshot.time, .families = {}};
  for (const MetricFamily& family : snapshot.families) {
    MetricFamily relabelled = HeadOf(family);
    ApplyTo(family, &families_[family.name], &relabelled.metrics, duplicates);
    if (!relabelled.metrics.empty()) out.families.push_back(std::move(relabelled));
  }
  return out;
}

}  // namespace sidelight::otlp
