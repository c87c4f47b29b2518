// The top-level key `metric_relabel_configs`: Prometheus' relabelling of what the taps measure.
#pragma once

#include "core/yaml/yaml.h"
#include "src/config/config.h"

namespace sidelight::config {

// Besides what is wrong with any relabelling, what would change a metric's name, or the buckets of a
// histogram, is recorded at its node.
void DecodeMetricRelabelling(yaml::Mapping& root, Config* out);

}  // namespace sidelight::config
