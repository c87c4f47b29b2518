#include "core/metrics/bridge.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace sidelight::metrics {
namespace {

MetricType TypeOf(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return MetricType::kCounter;
    case prometheus::MetricType::Gauge:
      return MetricType::kGauge;
    case prometheus::MetricType::Summary:
      return MetricType::kSummary;
    case prometheus::MetricType::Histogram:
      return MetricType::kHistogram;
    case prometheus::MetricType::Untyped:
      break;
  }
  return MetricType::kUnknown;
}

std::shared_ptr<const sidelight::Histogram> HistogramOf(const prometheus::ClientMetric::Histogram& from,
                                                        BucketBounds& shared) {
  std::vector<double> bounds;
  auto histogram = std::make_shared<sidelight::Histogram>();
  histogram->sum = from.sample_sum;
  uint64_t below = 0;
  for (const prometheus::ClientMetric::Bucket& bucket : from.bucket) {
    if (!std::isfinite(bucket.upper_bound)) continue;
    bounds.push_back(bucket.upper_bound);
    // A library that counts while it is read may show a bucket below the one before.
    const uint64_t cumulative = std::max(bucket.cumulative_count, below);
    histogram->classic.counts.push_back(cumulative - below);
    below = cumulative;
  }
  histogram->count = std::max(from.sample_count, below);
  histogram->classic.counts.push_back(histogram->count - below);
  if (shared == nullptr || *shared != bounds)
    shared = std::make_shared<const std::vector<double>>(std::move(bounds));
  histogram->classic.bounds = shared;
  return histogram;
}

std::shared_ptr<const Summary> SummaryOf(const prometheus::ClientMetric::Summary& from) {
  auto summary = std::make_shared<Summary>();
  summary->count = from.sample_count;
  summary->sum = from.sample_sum;
  for (const prometheus::ClientMetric::Quantile& q : from.quantile)
    summary->quantiles.push_back({q.quantile, q.value});
  return summary;
}

MetricFamily FamilyOf(prometheus::MetricFamily&& from) {
  MetricFamily family;
  family.name = std::move(from.name);
  family.help = std::move(from.help);
  family.type = TypeOf(from.type);
  BucketBounds bounds;  // the series of a family mostly have the same
  for (const prometheus::ClientMetric& source : from.metric) {
    Metric& metric = family.metrics.emplace_back();
    std::vector<Label> labels;
    for (const auto& label : source.label) labels.push_back({label.name, label.value});
    metric.labels = Labels(labels);
    switch (family.type) {
      case MetricType::kCounter:
        metric.value = source.counter.value;
        break;
      case MetricType::kGauge:
        metric.value = source.gauge.value;
        break;
      case MetricType::kUnknown:
        metric.value = source.untyped.value;
        break;
      case MetricType::kHistogram:
        metric.histogram = HistogramOf(source.histogram, bounds);
        break;
      case MetricType::kSummary:
        metric.summary = SummaryOf(source.summary);
        break;
    }
  }
  std::sort(family.metrics.begin(), family.metrics.end(),
            [](const Metric& a, const Metric& b) { return a.labels < b.labels; });
  return family;
}

class BridgeSource final : public Source {
 public:
  explicit BridgeSource(std::shared_ptr<const prometheus::Collectable> from) : from_(std::move(from)) {}
  std::vector<MetricFamily> Collect() const override { return CollectFrom(*from_); }

 private:
  const std::shared_ptr<const prometheus::Collectable> from_;
};

}  // namespace

std::vector<MetricFamily> CollectFrom(const prometheus::Collectable& from) {
  std::vector<MetricFamily> families;
  for (prometheus::MetricFamily& family : from.Collect()) families.push_back(FamilyOf(std::move(family)));
  return families;
}

std::shared_ptr<const Source> Bridge(std::shared_ptr<const prometheus::Collectable> from) {
  return std::make_shared<BridgeSource>(std::move(from));
}

}  // namespace sidelight::metrics
