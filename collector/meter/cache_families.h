// CacheFamilies: the metrics that the cache results of one tap become, with the labels of each series, in the
// naming style of the tap. docs/metrics.md lists them.
//
// Immutable once made, and shared by the tap's workers.
#pragma once

#include <string>
#include <string_view>

#include "collector/meter/cache_ratio.h"
#include "collector/meter/options.h"
#include "core/metrics/registry.h"
#include "core/model/labels.h"

namespace sidelight::meter {

class CacheFamilies {
 public:
  // `system`: the value of cache_system. `unnamed`: what naming plain calls a lookup without keyspace; "" for
  // no label.
  CacheFamilies(metrics::Registry& registry, std::string_view tap, std::string_view system,
                const Naming& naming, std::string_view unnamed);

  metrics::Family* const requests;

  Labels RequestLabels(std::string_view operation, std::string_view keyspace, bool hit) const;
  // Of the series that takes what the limit refuses.
  Labels OverflowLabels(bool hit) const;
  // Of the gauge beside requests.
  CacheRatio::Naming RatioNaming() const;

 private:
  const std::string tap_;
  const std::string system_;
  const bool plain_;
  const std::string prefix_;
  const std::string unnamed_;
};

}  // namespace sidelight::meter
