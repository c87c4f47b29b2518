#include "collector/meter/make_meter.h"

#include "collector/meter/auto_meter.h"
#include "collector/meter/database_meter.h"
#include "collector/meter/meter.h"

namespace sidelight::meter {

std::unique_ptr<TapMeter> MakeMeter(const Protocol& protocol, metrics::Registry& registry, const Clock& clock,
                                    const Identity& identity, const Options& options,
                                    const DatabaseOptions& database, Duration idle_series) {
  switch (protocol.traffic) {
    case Traffic::kDatabase:
      return std::make_unique<DatabaseMeter>(registry, clock, identity, protocol, options.naming, database,
                                             idle_series);
    case Traffic::kDetected:
      return std::make_unique<AutoMeter>(registry, identity.tap, [&](const Protocol& detected) {
        return MakeMeter(detected, registry, clock, identity, options, database, idle_series);
      });
    case Traffic::kHttp:
    case Traffic::kBytes:  // no exchange ever comes, so what is left are the metrics that every tap has
      break;
  }
  return std::make_unique<Meter>(registry, clock, identity, options, idle_series, LearnedRoutes::Limits{},
                                 database.cache_window);
}

}  // namespace sidelight::meter
