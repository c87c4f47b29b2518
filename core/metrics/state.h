// What the Registry holds. Two locks: `collecting` lets one collection run at a time and is taken first;
// `lock` guards everything else, is taken by Get...() and Release() too, and is given away between any two
// series of a collection.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/metrics/histogram_totals.h"
#include "core/metrics/registry.h"
#include "core/metrics/series.h"
#include "core/metrics/slab.h"
#include "core/metrics/turn_lock.h"
#include "core/model/label_interner.h"

namespace sidelight::metrics {

struct Shard::Cells {
  Slab<Counter> counters;
  Slab<Gauge> gauges;
  // For all of a family's series that were dropped; each stays as long as the shard.
  std::map<const Family*, Cell*> unread;
};

struct Registry::State {
  State(const Clock& the_clock, Options the_options) : clock(the_clock), options(std::move(the_options)) {}

  // By the holder of `lock`.
  Series* Begin(Family* family, const Labels& labels, bool charged);
  void End(Series* series);
  void Purge();

  const Clock& clock;
  const Options options;

  std::mutex collecting;
  HistogramTotals total;  // of the collection; kept for their storage
  HistogramTotals part;

  TurnLock lock;
  std::vector<std::unique_ptr<Family>> families;  // sorted by name
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<std::shared_ptr<const Source>> sources;
  LabelInterner interner;
  int purges_due = 0;  // there may be label sets that nobody needs any more
  std::atomic<size_t> charged{0};
  std::atomic<size_t> refused{0};
  std::atomic<size_t> dropped{0};
  size_t unread = 0;  // holds of instruments of dropped series
};

}  // namespace sidelight::metrics
