// TapFamilies: the metrics that every tap has, whatever its protocol and its naming; and the words that all
// protocols' metrics use for what happened at the tap.
#pragma once

#include <string_view>

#include "collector/protocols/exchange.h"
#include "core/metrics/registry.h"
#include "core/model/labels.h"

namespace sidelight::meter {

struct TapFamilies {
  explicit TapFamilies(metrics::Registry& registry);

  metrics::Family* exchanges;
  metrics::Family* unobserved;
  metrics::Family* opaque;
  metrics::Family* overflow;
};

// Of exchanges, unobserved and overflow.
Labels TapLabels(std::string_view tap);
// Of opaque.
Labels OpaqueLabels(std::string_view tap, OpaqueReason reason);

// The tap's own word for what is not the backend's answer; "" where there is none.
std::string_view ErrorWord(Outcome outcome);

}  // namespace sidelight::meter
