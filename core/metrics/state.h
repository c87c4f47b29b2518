// What the Registry holds. Two locks: `collecting` lets one collection run at a time and is taken first;
// `lock` guards everything else, is taken by Get...() and Release() too, and is given away between any two
// series of a collection.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
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
};

struct Registry::State {
  State(const Clock& the_clock, Options the_options) : clock(the_clock), options(the_options) {}

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
};

}  // namespace sidelight::metrics
