// The bridge from prometheus-cpp's Collectable to our model: counters, gauges, histograms, summaries and
// untyped metrics, so that a library that counts itself with prometheus-cpp joins the same exposition.
#pragma once

#include <memory>
#include <vector>

#include "core/metrics/registry.h"
#include "core/model/snapshot.h"

namespace prometheus {
class Collectable;
}  // namespace prometheus

namespace sidelight::metrics {

// Everything that `from` collects, now. Histograms are classic; their cumulative counts become counts per
// bucket.
std::vector<MetricFamily> CollectFrom(const ::prometheus::Collectable& from);

// The same as a Source of a Registry, which then shares `from`. Its Collect() must be thread-safe.
std::shared_ptr<const Source> Bridge(std::shared_ptr<const ::prometheus::Collectable> from);

}  // namespace sidelight::metrics
