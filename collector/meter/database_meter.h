// DatabaseMeter: turns what observers of databases and caches saw into metrics, for one tap. It does for
// Traffic::kDatabase what meter.h does for HTTP, and its halves are used alike.
//
// Names, labels and what each number means are in docs/metrics.md. An exchange of a kind that was seen before
// takes no lock and allocates nothing; the first of a kind asks the registry for its series. A kind that the
// registry refuses is counted in the tap's overflow series.
#pragma once

#include <tsl/robin_set.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "collector/meter/cache_meter.h"
#include "collector/meter/database_families.h"
#include "collector/meter/database_options.h"
#include "collector/meter/identity.h"
#include "collector/meter/keyspaces.h"
#include "collector/meter/options.h"
#include "collector/meter/slow_query_log.h"
#include "collector/meter/tap_meter.h"
#include "collector/meter/words.h"
#include "collector/protocols/exchange.h"
#include "collector/protocols/protocol.h"
#include "core/base/clock.h"
#include "core/metrics/registry.h"

namespace sidelight::meter {

class DatabaseMeter final : public TapMeter {
 public:
  struct Limits {
    size_t operations = 500;  // different values of each label; see words.h
    size_t databases = 100;
    size_t errors = 300;
    size_t summaries = 1000;
    Keyspaces::Limits keyspaces = {};
  };

  // `idle_series`: how long a series stays without an exchange.
  DatabaseMeter(metrics::Registry& registry, const Clock& clock, const Identity& identity,
                const Protocol& protocol, const Naming& naming, DatabaseOptions options, Duration idle_series)
      : DatabaseMeter(registry, clock, identity, protocol, naming, std::move(options), idle_series,
                      Limits{}) {}
  DatabaseMeter(metrics::Registry& registry, const Clock& clock, const Identity& identity,
                const Protocol& protocol, const Naming& naming, DatabaseOptions options, Duration idle_series,
                Limits limits);

  std::unique_ptr<TapSink> MakeSink(metrics::Shard* shard) override;

 private:
  friend class DatabaseShard;

  // What a kind is counted as: one whose words are all known.
  KindView Admit(const KindView& kind);

  const DatabaseFamilies families_;
  const std::optional<Duration> slow_query_;
  const bool sessions_;  // its connections always have one: they are counted from the start
  const Duration idle_series_;
  Words operations_;
  Words databases_;
  Words errors_;
  Words summaries_;
  std::shared_ptr<Keyspaces> keyspaces_;    // null where there is no cache
  std::optional<CacheMeter> cache_;         // likewise
  std::unique_ptr<SlowQueryLog> slow_log_;  // null when slow queries are not logged
};

// One worker's half. Belongs to that thread, as `shard` does; several taps may share a shard.
class DatabaseShard final : public TapSink {
 public:
  DatabaseShard(DatabaseMeter* meter, metrics::Shard* shard);

  void Started(const Exchange& exchange) override { (void)exchange; }
  void Ended(const Exchange& exchange) override;
  void WentOpaque(OpaqueReason reason) override;
  uint32_t Keyspace(std::string_view key) override;
  bool WantsQueries() const override { return meter_->slow_log_ != nullptr; }
  void SessionChanged(SessionState from, SessionState to) override;

  void Expire(TimePoint now) override;

 private:
  // The instruments of one kind; null are those that it has no use for.
  struct Instruments {
    metrics::Histogram* duration = nullptr;
    metrics::Histogram* blocked = nullptr;
    metrics::Histogram* returned_rows = nullptr;
    metrics::Counter* noreply = nullptr;
    metrics::Counter* slow_queries = nullptr;
  };
  struct Entry {
    Kind kind;
    Instruments instruments;
    TimePoint last_used{};
    bool overflow = false;
    CacheShard::Last lookup;
  };
  struct KindHash {
    using is_transparent = void;
    size_t operator()(const KindView& kind) const;
    size_t operator()(const std::unique_ptr<Entry>& entry) const;
  };
  struct KindEqual {
    using is_transparent = void;
    bool operator()(const std::unique_ptr<Entry>& a, const std::unique_ptr<Entry>& b) const { return a == b; }
    bool operator()(const KindView& kind, const std::unique_ptr<Entry>& entry) const;
    bool operator()(const std::unique_ptr<Entry>& entry, const KindView& kind) const;
  };
  // Of refused kinds; when there are more, every new one is taken for refused until the next Expire().
  static constexpr size_t kMaxRefused = 1024;
  // Kinds that were seen last, by a few of their bytes.
  static constexpr size_t kRecent = 32;
  static size_t RecentIndex(const KindView& kind);

  Entry& Find(const KindView& kind);
  Entry& Begin(const KindView& kind);
  // False, and nothing held, when the limit refuses one of them.
  bool Make(const KindView& kind, metrics::Budget budget, Instruments* out);
  Entry& Overflow(const KindView& kind);
  void Release(Instruments& instruments);
  void Record(const Exchange& exchange, Entry& entry);
  void LogSlow(const Exchange& exchange, Duration took);
  void AddConnections(SessionState state, double n);

  DatabaseMeter* const meter_;
  const DatabaseFamilies& families_;
  metrics::Shard* const shard_;
  std::optional<CacheShard> cache_;  // none where there is no cache
  tsl::robin_set<std::unique_ptr<Entry>, KindHash, KindEqual> entries_;
  std::array<Entry*, kRecent> recent_{};
  std::array<std::unique_ptr<Entry>, 16> overflow_;  // by what they have use for
  tsl::robin_set<size_t> refused_;                   // hashes of kinds
  metrics::Histogram* pipeline_wait_ = nullptr;
  std::array<metrics::Gauge*, kSessionStates> connections_{};  // of plain, only the first
  metrics::Counter* exchanges_;
  metrics::Counter* unobserved_;
  metrics::Counter* overflowed_;
  std::array<metrics::Counter*, kOpaqueReasons> opaque_;
};

}  // namespace sidelight::meter
