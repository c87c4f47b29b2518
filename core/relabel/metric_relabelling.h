// Relabelling of metrics (metric_relabel_configs): rules that see a series' labels and, as __name__, the name
// of its metric. They may keep it, drop it, and change its labels; its name stays what it is, and so do the
// buckets of histograms.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#metric_relabel_configs .
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/model/labels.h"
#include "core/relabel/relabel.h"
#include "core/yaml/yaml.h"

namespace sidelight::relabel {

// The labels of a series of the metric `name` after all rules; nothing when it is dropped. `labels` hold no
// __name__, nor does the answer. Every rule was compiled.
std::optional<Labels> ApplyToSeries(std::span<const Rule> rules, std::string_view name, const Labels& labels);

// As Decode(); besides, what would change a metric's name, or the buckets of a histogram, is recorded at its
// node.
void DecodeMetricRelabelling(const yaml::Node& list, std::vector<Rule>* out);

}  // namespace sidelight::relabel
