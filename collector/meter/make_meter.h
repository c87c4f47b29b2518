// Which meter a protocol's exchanges go to.
#pragma once

#include <memory>

#include "collector/meter/database_options.h"
#include "collector/meter/identity.h"
#include "collector/meter/options.h"
#include "collector/meter/tap_meter.h"
#include "collector/protocols/protocol.h"
#include "core/base/clock.h"
#include "core/metrics/registry.h"

namespace sidelight::meter {

// Of the options, those that do not fit the protocol mean nothing. `idle_series`: how long a series stays
// without an exchange.
std::unique_ptr<TapMeter> MakeMeter(const Protocol& protocol, metrics::Registry& registry, const Clock& clock,
                                    const Identity& identity, const Options& options,
                                    const DatabaseOptions& database, Duration idle_series);

}  // namespace sidelight::meter
