// CacheRatio: hits as a share of lookups over the last few minutes, of each keyspace of one tap or, in naming
// plain, of the tap as a whole. Collected as a gauge, which is absent where there was no lookup in the
// window.
//
// Each worker adds to totals of its own. A ring of what the totals were, one entry for each thirtieth of the
// window, is turned by whoever collects and by Turn(); so the window is exact to a thirtieth, or to the time
// between two turns where that is longer.
//
// Thread-safe, but for the totals of one worker. Keeps nothing of the tap's but its keyspaces, so it may
// outlive the tap in the registry that it is a source of.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "collector/meter/keyspace_names.h"
#include "core/base/clock.h"
#include "core/metrics/registry.h"
#include "core/model/labels.h"
#include "core/model/snapshot.h"

namespace sidelight::meter {

// Written by one thread, read by any.
class CacheTotals {
 public:
  explicit CacheTotals(size_t keyspaces) : cells_(keyspaces) {}

  void Add(KeyspaceId keyspace, uint32_t hits, uint32_t misses) {  // keyspace < the constructor's
    Cell& cell = cells_[keyspace];
    cell.hits.store(cell.hits.load(std::memory_order_relaxed) + hits, std::memory_order_relaxed);
    cell.misses.store(cell.misses.load(std::memory_order_relaxed) + misses, std::memory_order_relaxed);
  }

 private:
  friend class CacheRatio;
  struct Cell {
    std::atomic<uint64_t> hits{0};
    std::atomic<uint64_t> misses{0};
  };
  std::vector<Cell> cells_;
};

class CacheRatio final : public metrics::Source {
 public:
  // How the gauge is called, and the labels of a keyspace's series; without `keyspace_label` there is one
  // series for all of them.
  struct Naming {
    std::string name;
    std::string help;
    std::vector<std::pair<std::string, std::string>> labels = {};
    std::string keyspace_label = {};
  };

  CacheRatio(const Clock& clock, std::shared_ptr<const KeyspaceNames> keyspaces, Duration window,
             Naming naming);

  // The totals of one more worker; they live as long as this.
  CacheTotals* AddWorker();
  void Turn() const;
  std::vector<MetricFamily> Collect() const override;

 private:
  static constexpr int kSlots = 30;

  struct Sum {
    uint64_t hits = 0;
    uint64_t misses = 0;
  };
  struct Turned {
    TimePoint time;
    std::vector<Sum> sums;  // by keyspace; those after were not known yet
  };

  // By the holder of mutex_.
  std::vector<Sum> Now() const;
  void TurnTo(TimePoint now, const std::vector<Sum>& sums) const;

  const Clock& clock_;
  const std::shared_ptr<const KeyspaceNames> keyspaces_;
  const Duration window_;
  const Naming naming_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<CacheTotals>> workers_;
  mutable std::deque<Turned> ring_;  // the first is what the window begins with
};

}  // namespace sidelight::meter
