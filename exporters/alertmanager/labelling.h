// What becomes of an alert's labels on the way out: external labels where the alert has none of that name,
// then relabelling.
//
// Source: Prometheus' notifier, and https://prometheus.io/docs/prometheus/latest/configuration/configuration/
// (external_labels, alert_relabel_configs).
#pragma once

#include <span>
#include <vector>

#include "core/model/labels.h"
#include "core/relabel/relabel.h"
#include "exporters/alertmanager/payload.h"

namespace sidelight::alertmanager {

// The alert's labels, and those of `external` whose names it does not have.
Labels WithExternal(const Labels& alert, const Labels& external);

// Alerts that a rule drops, or leaves without any label, are missing in the result; those that no rule
// changes are the same ones.
std::vector<SharedAlert> Relabel(std::vector<SharedAlert> alerts, std::span<const relabel::Rule> rules);

}  // namespace sidelight::alertmanager
