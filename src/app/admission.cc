#include "src/app/admission.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/relabel/relabel.h"

namespace sidelight::app {
namespace {

constexpr std::string_view kName = "__name__";
constexpr std::string_view kOwn = "sidelight_";

std::optional<Labels> Admit(const std::vector<relabel::Rule>& rules, std::string_view family,
                            const Labels& labels) {
  if (family.starts_with(kOwn)) return labels;
  std::vector<Label> named = {{kName, family}};
  for (const Label label : labels) named.push_back(label);
  const std::optional<Labels> changed = relabel::Apply(rules, Labels(named));
  if (!changed) return std::nullopt;
  std::vector<Label> admitted;
  for (const Label label : *changed) {
    if (label.name != kName) admitted.push_back(label);
  }
  return Labels(admitted);
}

}  // namespace

metrics::Registry::Options RegistryOptions(const config::Config& config) {
  metrics::Registry::Options options{.series_limit = config.limits.series};
  if (config.metric_relabel_configs.empty()) return options;
  options.admit = [rules = config.metric_relabel_configs](std::string_view family, const Labels& labels) {
    return Admit(rules, family, labels);
  };
  return options;
}

}  // namespace sidelight::app
