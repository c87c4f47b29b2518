// DatabaseMeter: turns what observers of databases and caches saw into metrics, for one tap. It does for
// Traffic::kDatabase what meter.h does for HTTP, and its halves are used alike.
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
#include <optional>
#include <string>

#include "collector/meter/cache_ratio.h"
#include "collector/meter/database_families.h"
#include "collector/meter/database_options.h"
#include "collector/meter/identity.h"
#include "collector/meter/keyspaces.h"
#include "collector/meter/options.h"
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
  std::shared_ptr<Keyspaces> keyspaces_;  // null where there is no cache, as ratio_
  std::shared_ptr<CacheRatio> ratio_;
};

// One worker's half. Belongs to that thread, as `shard` does; several taps may share a shard.
class DatabaseShard final : public TapSink {
 public:
  DatabaseShard(DatabaseMeter* meter, metrics::Shard* shard);

  void Started(const Exchange& exchange) override { (void)exchange; }
  void Ended(const Exchange& exchange) override;
  void WentOpaque(OpaqueReason reason) override;
  uint32_t Keyspace(std::string_view key) override;
  void SessionChanged(SessionState from, SessionState to) override;

  void Expire(TimePoint now) override;

 private:
  // The instruments of one kind; null are those that it has no use for.
  struct Instruments {
    metrics::Histogram* duration = nullptr;
    metrics::Histogram* blocked = nullptr;
    metrics::Histogram* returned_rows = nullptr;
    metrics::Counter* slow_queries = nullptr;
  };
  struct CacheSeries {
    metrics::Counter* hits = nullptr;
    metrics::Counter* misses = nullptr;
    TimePoint last_used{};
  };
  struct Entry {
    Kind kind;
    Instruments instruments;
    TimePoint last_used{};
    bool overflow = false;
    // What it looked up last, which it will most likely look up again.
    KeyspaceId keyspace = kNoKeyspace;
    CacheSeries* cache = nullptr;
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
  // The series of an operation in a keyspace.
  struct CacheKey {
    std::string operation;
    KeyspaceId keyspace;
  };
  struct CacheKeyView {
    std::string_view operation;
    KeyspaceId keyspace;
    CacheKeyView(std::string_view o, KeyspaceId k) : operation(o), keyspace(k) {}
    CacheKeyView(const CacheKey& key) : operation(key.operation), keyspace(key.keyspace) {}  // NOLINT
  };
  struct CacheKeyHash {
    using is_transparent = void;
    size_t operator()(const CacheKeyView& key) const {
      return std::hash<std::string_view>()(key.operation) ^ key.keyspace * size_t{0x9e3779b97f4a7c15};
    }
  };
  struct CacheKeyEqual {
    using is_transparent = void;
    bool operator()(const CacheKeyView& a, const CacheKeyView& b) const {
      return a.keyspace == b.keyspace && a.operation == b.operation;
    }
  };
  // Of refused kinds and cache series; when there are more, every new one is taken for refused until the next
  // Expire().
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
  // False when they were counted in the overflow series.
  bool Count(const CacheLookup& lookup, Entry& entry);
  CacheSeries& FindCache(std::string_view operation, KeyspaceId keyspace);
  void AddConnections(SessionState state, double n);
  CacheSeries& CacheOverflow();

  DatabaseMeter* const meter_;
  const DatabaseFamilies& families_;
  metrics::Shard* const shard_;
  CacheTotals* const totals_;  // null where there is no cache
  tsl::robin_set<std::unique_ptr<Entry>, KindHash, KindEqual> entries_;
  std::array<Entry*, kRecent> recent_{};
  std::array<std::unique_ptr<Entry>, 8> overflow_;  // by what they have use for
  tsl::robin_map<CacheKey, std::unique_ptr<CacheSeries>, CacheKeyHash, CacheKeyEqual> caches_;
  CacheSeries cache_overflow_;
  tsl::robin_set<size_t> refused_;  // hashes of kinds and of cache keys
  metrics::Histogram* pipeline_wait_ = nullptr;
  std::array<metrics::Gauge*, kSessionStates> connections_{};  // of plain, only the first
  metrics::Counter* exchanges_;
  metrics::Counter* unobserved_;
  metrics::Counter* overflowed_;
  std::array<metrics::Counter*, kOpaqueReasons> opaque_;
};

}  // namespace sidelight::meter
