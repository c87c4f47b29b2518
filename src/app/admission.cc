#include "src/app/admission.h"

#include <optional>
#include <string_view>

#include "core/relabel/metric_relabelling.h"

namespace sidelight::app {
namespace {

constexpr std::string_view kOwn = "sidelight_";

}  // namespace

metrics::Registry::Options RegistryOptions(const config::Config& config) {
  metrics::Registry::Options options{.series_limit = config.limits.series};
  if (config.metric_relabel_configs.empty()) return options;
  options.admit = [rules = config.metric_relabel_configs](std::string_view family,
                                                          const Labels& labels) -> std::optional<Labels> {
    if (family.starts_with(kOwn)) return labels;
    return relabel::ApplyToSeries(rules, family, labels);
  };
  return options;
}

}  // namespace sidelight::app
