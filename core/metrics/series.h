// What the registry keeps of a family and of a series. Guarded by the registry's lock, but for what is said.
#pragma once

#include <tsl/robin_map.h>

#include <memory>
#include <vector>

#include "core/base/clock.h"
#include "core/metrics/histogram_shape.h"
#include "core/metrics/histogram_totals.h"
#include "core/metrics/registry.h"
#include "core/metrics/turn_lock.h"
#include "core/model/labels.h"

namespace sidelight::metrics {

// One series, from its first Get...() until its last cell is released.
struct Series {
  Series(Family* in, Labels interned, UnixMillis since, bool counts_against_limit)
      : family(in), labels(std::move(interned)), start(since), charged(counts_against_limit) {}

  Family* const family;
  const Labels labels;
  const UnixMillis start;
  const bool charged;
  bool ended = false;
  Cell* cells = nullptr;  // one per shard that measures it
  // What released cells had counted.
  double retired = 0;
  std::unique_ptr<HistogramTotals> retired_histogram;

  Cell* FindCell(const Shard* shard) const {
    Cell* cell = cells;
    while (cell != nullptr && cell->shard_ != shard) cell = cell->next_;
    return cell;
  }
  void Unlink(const Cell* cell) {
    Cell** link = &cells;
    while (*link != cell) link = &(*link)->next_;
    *link = cell->next_;
  }
};

class Family {
 public:
  Family(FamilyOptions family_options, TurnLock& lock)
      : options(std::move(family_options)), shape(options.histogram, lock) {}

  const FamilyOptions options;
  const HistogramShape shape;
  tsl::robin_map<Labels, std::unique_ptr<Series>, LabelsHash> live;
  // When the last life of any of its series was over. No later life starts at or before it: the wall clock
  // may have stepped back, and whose life it was is forgotten by then.
  UnixMillis last_end = 0;

  std::vector<Series*> added;                  // since the last collection
  std::vector<std::unique_ptr<Series>> ended;  // since the last collection, which may still be walking them
  std::vector<Labels> stale;                   // ended since the last Sample()
  // All series that were live at the last collection, in the order of their labels. Only a collection touches
  // it.
  std::vector<Series*> sorted;
};

}  // namespace sidelight::metrics
