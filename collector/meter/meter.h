// Meter: turns what observers of HTTP saw into metrics, for one tap.
//
//   Meter meter(registry, clock, {.tap = "api"}, options, idle_series);   // shared by the tap's workers
//   MeterShard sink(&meter, registry.AddShard());                         // one for each worker: its
//   observers' sink sink.Expire(now);                                                     // on a slow timer
//   of that worker
//
// Names, labels and what each number means are in docs/metrics.md. An exchange of a kind that was seen before
// takes no lock and allocates nothing; the first of a kind asks the registry for its series. A kind that the
// registry refuses is counted in the tap's overflow series.
#pragma once

#include <tsl/robin_map.h>
#include <tsl/robin_set.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "collector/meter/cache_meter.h"
#include "collector/meter/families.h"
#include "collector/meter/options.h"
#include "collector/meter/routes.h"
#include "collector/meter/tap_meter.h"
#include "collector/protocols/exchange.h"
#include "core/base/clock.h"
#include "core/metrics/registry.h"

namespace sidelight::meter {

// Thread-safe: its shards use it from their threads. Outlived by the registry and the clock, outlives its
// shards.
class Meter final : public TapMeter {
 public:
  // `idle_series`: how long a series stays without an exchange. `cache_window`: the time that the hit ratio
  // is of.
  Meter(metrics::Registry& registry, const Clock& clock, const Identity& identity, Options options,
        Duration idle_series, LearnedRoutes::Limits limits = {},
        Duration cache_window = std::chrono::minutes(5));

  std::unique_ptr<TapSink> MakeSink(metrics::Shard* shard) override;

 private:
  friend class MeterShard;
  const Clock& clock_;
  const Families families_;
  const std::shared_ptr<Routes> routes_;
  CacheMeter cache_;
  const Duration idle_series_;
};

// One worker's half. Belongs to that thread, as `shard` does; several taps may share a shard.
class MeterShard final : public TapSink {
 public:
  MeterShard(Meter* meter, metrics::Shard* shard);

  void Started(const Exchange& exchange) override;
  void Ended(const Exchange& exchange) override;
  void WentOpaque(OpaqueReason reason) override;

  void Expire(TimePoint now) override;

 private:
  // The instruments of one combination; null are those that it has no use for.
  struct Instruments {
    metrics::Histogram* duration = nullptr;
    metrics::Histogram* time_to_first_byte = nullptr;
    metrics::Histogram* request_body_size = nullptr;
    metrics::Histogram* response_body_size = nullptr;
    metrics::Counter* requests = nullptr;
    TimePoint last_used{};
    CacheShard::Last lookup;
  };
  struct MethodInstruments {
    metrics::Gauge* active_requests = nullptr;
    metrics::Histogram* pipeline_wait = nullptr;
    uint64_t active = 0;
    TimePoint last_used{};
  };
  struct Mix {
    size_t operator()(uint64_t key) const { return (key ^ (key >> 32)) * 0x9e3779b97f4a7c15 >> 16; }
  };
  // Of refused combinations; when there are more, every new one is taken for refused until the next Expire().
  static constexpr size_t kMaxRefused = 1024;

  Instruments* Find(const Combination& combination);
  // False, and nothing held, when the limit refuses one of them.
  bool Make(const Combination& combination, Instruments* out);
  Instruments* Overflow();
  void Release(Instruments& instruments);
  MethodInstruments& Method(MethodId method);
  void Record(const Exchange& exchange, Instruments& instruments);

  const Meter* const meter_;
  const Families& families_;
  metrics::Shard* const shard_;
  RouteCache routes_;
  CacheShard cache_;
  tsl::robin_map<uint64_t, Instruments, Mix> instruments_;
  tsl::robin_set<uint64_t, Mix> refused_;
  Instruments overflow_;
  std::vector<MethodInstruments> methods_;  // by MethodId
  metrics::Counter* exchanges_;
  metrics::Counter* unobserved_;
  metrics::Counter* overflowed_;
  std::array<metrics::Counter*, kOpaqueReasons> opaque_;
};

}  // namespace sidelight::meter
