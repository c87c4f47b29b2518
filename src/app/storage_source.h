// What the store says about itself, as metrics: what it holds, what it refused and dropped, how the log is.
#pragma once

#include <vector>

#include "core/metrics/registry.h"
#include "core/storage/store.h"

namespace sidelight::app {

class StorageSource final : public metrics::Source {
 public:
  // The store outlives it.
  explicit StorageSource(const storage::Store& store) : store_(store) {}
  std::vector<MetricFamily> Collect() const override;

 private:
  const storage::Store& store_;
};

}  // namespace sidelight::app
