#include "exporters/alertmanager/labelling.h"

#include <optional>
#include <utility>

namespace sidelight::alertmanager {

Labels WithExternal(const Labels& alert, const Labels& external) {
  std::vector<Label> all;
  all.reserve(external.size() + alert.size());
  for (const Label label : external) all.push_back(label);
  // Of a name that comes twice the last counts: the alert's own.
  for (const Label label : alert) all.push_back(label);
  return external.empty() ? alert : Labels(all);
}

std::vector<SharedAlert> Relabel(std::vector<SharedAlert> alerts, std::span<const relabel::Rule> rules) {
  if (rules.empty()) return alerts;
  std::vector<SharedAlert> kept;
  kept.reserve(alerts.size());
  for (SharedAlert& alert : alerts) {
    std::optional<Labels> labels = relabel::Apply(rules, alert->labels);
    if (!labels || labels->empty()) continue;
    if (*labels == alert->labels) {
      kept.push_back(std::move(alert));
      continue;
    }
    auto changed = std::make_shared<rules::Notification>(*alert);
    changed->labels = *std::move(labels);
    kept.push_back(std::move(changed));
  }
  return kept;
}

}  // namespace sidelight::alertmanager
