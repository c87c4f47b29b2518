// What the rules say about themselves, as metrics: how often their groups ran and failed, how many alerts
// there are, how the state is.
#pragma once

#include <vector>

#include "core/metrics/registry.h"
#include "src/app/judge.h"

namespace sidelight::app {

class RulesSource final : public metrics::Source {
 public:
  // The judge outlives it.
  explicit RulesSource(const Judge& judge) : judge_(judge) {}
  std::vector<MetricFamily> Collect() const override;

 private:
  const Judge& judge_;
};

}  // namespace sidelight::app
