// TapMeter: what makes metrics of one tap's exchanges, whatever its protocol; and TapSink, one worker's half
// of it. meter.h is the one of HTTP, database_meter.h the one of databases and caches; make_meter.h chooses.
#pragma once

#include <memory>

#include "collector/protocols/exchange.h"
#include "core/base/clock.h"
#include "core/metrics/registry.h"

namespace sidelight::meter {

// Belongs to the thread that `shard` below belongs to.
class TapSink : public ExchangeSink {
 public:
  // Gives back the series that had no exchange for too long. Whatever the limit refused is asked for again
  // from here on. Call it often: every minute, or a tenth of idle_series.
  virtual void Expire(TimePoint now) = 0;
};

// Thread-safe. Outlived by the registry and the clock, outlives its sinks.
class TapMeter {
 public:
  virtual ~TapMeter() = default;
  virtual std::unique_ptr<TapSink> MakeSink(metrics::Shard* shard) = 0;
};

}  // namespace sidelight::meter
