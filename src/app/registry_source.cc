#include "src/app/registry_source.h"

#include <utility>

namespace sidelight::app {
namespace {

MetricFamily Single(std::string name, std::string help, MetricType type, size_t value) {
  MetricFamily family{
      .name = std::move(name), .help = std::move(help), .unit = {}, .type = type, .metrics = {}};
  family.metrics.push_back({.labels = {}, .value = static_cast<double>(value)});
  return family;
}

}  // namespace

std::vector<MetricFamily> RegistrySource::Collect() const {
  std::vector<MetricFamily> out;
  out.push_back(Single("sidelight_series", "Series of the traffic that are live; a histogram counts once.",
                       MetricType::kGauge, registry_.series()));
  out.push_back(Single("sidelight_series_limit",
                       "How many series of the traffic there may be (limits.series).", MetricType::kGauge,
                       limit_));
  out.push_back(Single("sidelight_series_dropped_total",
                       "Series of the traffic that metric_relabel_configs kept out.", MetricType::kCounter,
                       registry_.dropped()));
  return out;
}

}  // namespace sidelight::app
