// CacheMeter: turns the cache results of one tap's exchanges into metrics: a counter of hits and one of
// misses for each operation and keyspace, and the hit ratio. The part that meter.h and database_meter.h
// share; each has one, and a CacheShard in each worker.
//
// A lookup of a kind that was seen before takes no lock and allocates nothing. What the registry refuses is
// counted in the tap's overflow series.
#pragma once

#include <tsl/robin_map.h>
#include <tsl/robin_set.h>

#include <memory>
#include <string>
#include <string_view>

#include "collector/meter/cache_families.h"
#include "collector/meter/cache_ratio.h"
#include "collector/meter/keyspace_names.h"
#include "collector/protocols/exchange.h"
#include "core/base/clock.h"
#include "core/metrics/registry.h"

namespace sidelight::meter {

// Thread-safe. Outlived by the registry and the clock, outlives its shards.
class CacheMeter {
 public:
  // `window`: the time that the hit ratio is of.
  CacheMeter(metrics::Registry& registry, const Clock& clock, CacheFamilies families,
             std::shared_ptr<const KeyspaceNames> keyspaces, Duration window);

 private:
  friend class CacheShard;
  const CacheFamilies families_;
  const std::shared_ptr<const KeyspaceNames> keyspaces_;
  const std::shared_ptr<CacheRatio> ratio_;  // the registry has it too
};

// One worker's half. Belongs to that thread, as `shard` does.
class CacheShard {
 public:
  struct Series {
    metrics::Counter* hits = nullptr;
    metrics::Counter* misses = nullptr;
    TimePoint last_used{};
  };
  // What one kind of exchange looked up last, which it will most likely look up again. Valid until Expire().
  struct Last {
    KeyspaceId keyspace = kNoKeyspace;
    Series* series = nullptr;
  };

  CacheShard(CacheMeter* meter, metrics::Shard* shard) : meter_(meter), shard_(shard) {}

  // `lookup` was of `keyspace`, in an exchange of `operation` that ended at `end`. `overflow`: that kind of
  // exchange is counted in the overflow series, and so is this. False when it was.
  bool Count(const CacheLookup& lookup, KeyspaceId keyspace, std::string_view operation, bool overflow,
             TimePoint end, Last* last);
  // Gives back the series that were not used after `limit`, and asks again for those that were refused.
  void Expire(TimePoint limit);

 private:
  struct Key {
    std::string operation;
    KeyspaceId keyspace;
  };
  struct KeyView {
    std::string_view operation;
    KeyspaceId keyspace;
    KeyView(std::string_view o, KeyspaceId k) : operation(o), keyspace(k) {}
    KeyView(const Key& key) : operation(key.operation), keyspace(key.keyspace) {}  // NOLINT
  };
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(const KeyView& key) const {
      return std::hash<std::string_view>()(key.operation) ^ key.keyspace * size_t{0x9e3779b97f4a7c15};
    }
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(const KeyView& a, const KeyView& b) const {
      return a.keyspace == b.keyspace && a.operation == b.operation;
    }
  };
  // Of refused series; when there are more, every new one is taken for refused until the next Expire().
  static constexpr size_t kMaxRefused = 1024;

  Series& Find(std::string_view operation, KeyspaceId keyspace);
  Series& Overflow();
  void Release(Series& series);

  CacheMeter* const meter_;
  metrics::Shard* const shard_;
  CacheTotals* totals_ = nullptr;  // null until the first lookup: most HTTP has no cache
  tsl::robin_map<Key, std::unique_ptr<Series>, KeyHash, KeyEqual> series_;
  Series overflow_;
  tsl::robin_set<size_t> refused_;  // hashes of keys
};

}  // namespace sidelight::meter
