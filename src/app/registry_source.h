// What the registry says about itself: how much of the series budget is used.
#pragma once

#include <cstddef>
#include <vector>

#include "core/metrics/registry.h"

namespace sidelight::app {

class RegistrySource final : public metrics::Source {
 public:
  // The registry that it is added to.
  RegistrySource(const metrics::Registry& registry, size_t limit) : registry_(registry), limit_(limit) {}
  std::vector<MetricFamily> Collect() const override;

 private:
  const metrics::Registry& registry_;
  const size_t limit_;
};

}  // namespace sidelight::app
