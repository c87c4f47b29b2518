// What a Store and its Appenders share.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/storage/exemplar_ring.h"
#include "core/storage/follower.h"
#include "core/storage/head.h"
#include "core/storage/log.h"
#include "core/storage/store.h"
#include "core/storage/store_time.h"

namespace sidelight::storage {

struct StoreState {
  explicit StoreState(StoreOptions given)
      : options(std::move(given)),
        clock(options.clock == nullptr ? SystemClock() : *options.clock),
        exemplars(options.exemplars),
        time(clock) {}

  const StoreOptions options;
  const Clock& clock;
  Head head;
  ExemplarRing exemplars;
  StoreTime time;

  // All of these are guarded by head.mutex.
  std::unique_ptr<Log> log;       // null: there is no path
  StoreStats counts;              // those of its fields that count events
  UnixMillis newest = INT64_MIN;  // of all samples
  UnixMillis floor = INT64_MIN;   // what is older has been dropped, or may be
  std::vector<Follower*> followers;
  bool full = false;  // dropping did not help: no new series until the next Maintain()

  void Refuse(Refusal reason) { ++counts.refused[static_cast<size_t>(reason)]; }
  // Null when the store can hold no more of them.
  MemorySeries* FindOrAdd(SeriesRef ref, const Labels& labels);
  void DropBefore(UnixMillis cutoff);
  // A time before which no sample is left, nor will be: at most `floor`. Looks at every series.
  UnixMillis OldestKept() const;
  // Until the budget is kept, if that is possible.
  void DropToBudget();
};

}  // namespace sidelight::storage
