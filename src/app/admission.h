// Admission: metric_relabel_configs at the door where series are made.
#pragma once

#include "core/metrics/registry.h"
#include "src/config/config.h"

namespace sidelight::app {

// The registry's options as the configuration says. Its rules see the labels and __name__, the family's name,
// which stays what it is whatever they make of it. What Sidelight counts of itself (sidelight_*) is admitted
// as it is.
metrics::Registry::Options RegistryOptions(const config::Config& config);

}  // namespace sidelight::app
