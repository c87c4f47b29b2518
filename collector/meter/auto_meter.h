// AutoMeter: the meter of a tap that tells its connections' protocols by itself. It has a meter for each
// protocol that can be told, and a sink of it in each worker from the first connection on that speaks it; so
// a protocol that never came has no series.
//
// To its own sink come only the connections that could not be told; they are counted as those of `tcp` are,
// and as opaque.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collector/meter/tap_families.h"
#include "collector/meter/tap_meter.h"
#include "collector/protocols/protocol.h"
#include "core/metrics/registry.h"

namespace sidelight::meter {

class AutoMeter final : public TapMeter {
 public:
  // Makes the meter of one of the protocols that can be told; called here, once for each.
  using Make = std::function<std::unique_ptr<TapMeter>(const Protocol& protocol)>;

  AutoMeter(metrics::Registry& registry, const std::string& tap, const Make& make);

  std::unique_ptr<TapSink> MakeSink(metrics::Shard* shard) override;

 private:
  friend class AutoShard;
  struct Detectable {
    const Protocol* protocol;
    std::unique_ptr<TapMeter> meter;
  };

  const std::string tap_;
  const TapFamilies families_;
  std::vector<Detectable> detectable_;
};

// One worker's half. Belongs to that thread, as `shard` does.
class AutoShard final : public TapSink {
 public:
  AutoShard(AutoMeter* meter, metrics::Shard* shard);

  void Started(const Exchange& exchange) override { (void)exchange; }
  void Ended(const Exchange& exchange) override;
  void WentOpaque(OpaqueReason reason) override;
  // The sink of that protocol; this one when it is none that can be told.
  ExchangeSink& Detected(const Protocol& protocol) override;

  void Expire(TimePoint now) override;

 private:
  AutoMeter* const meter_;
  metrics::Shard* const shard_;
  std::vector<std::unique_ptr<TapSink>> sinks_;  // as the meter's detectable_; null until it is asked for
  metrics::Counter* exchanges_;
  metrics::Counter* unobserved_;
  std::array<metrics::Counter*, kOpaqueReasons> opaque_;
};

}  // namespace sidelight::meter
