#include "core/storage/store_state.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace sidelight::storage {
namespace {

// What the newest queries look at is not dropped for the budget: an alert would go blind.
constexpr UnixMillis kUntouchable = 5 * 60 * 1000;
// Of the budget, what is freed beyond it at one go (1/32), so that it is not looked for after each commit.
constexpr size_t kSpareShare = 32;

}  // namespace

MemorySeries* StoreState::FindOrAdd(SeriesRef ref, const Labels& labels) {
  if (MemorySeries* const found = head.Find(ref, labels); found != nullptr) return found;
  if (options.memory != 0) {
    if (!full && head.bytes() + Head::SeriesBytes(labels) > options.memory) DropToBudget();
    if (full) return nullptr;
  }
  return head.Add(labels);
}

void StoreState::DropBefore(UnixMillis cutoff) {
  floor = std::max(floor, cutoff);
  std::vector<MemorySeries*> gone;
  for (MemorySeries* series : head.slots()) {
    if (series == nullptr) continue;
    while (series->oldest() != nullptr &&
           series->oldest()->last_time.load(std::memory_order_relaxed) < cutoff) {
      counts.dropped_by_retention += series->DropOldest(head.heap());
    }
    if (series->oldest() == nullptr && series->pending.samples == 0) gone.push_back(series);
  }
  head.Remove(gone);
}

UnixMillis StoreState::OldestKept() const {
  UnixMillis oldest = floor;
  for (const MemorySeries* series : head.slots()) {
    if (series != nullptr && series->oldest() != nullptr)
      oldest = std::min(oldest, series->oldest()->first_time);
  }
  return oldest;
}

void StoreState::DropToBudget() {
  const size_t target = options.memory - options.memory / kSpareShare;
  using Candidate = std::pair<UnixMillis, MemorySeries*>;
  const auto last_time = [](const MemorySeries* series) {
    return series->oldest()->last_time.load(std::memory_order_relaxed);
  };
  std::vector<Candidate> candidates;
  for (MemorySeries* series : head.slots()) {
    if (series != nullptr && series->oldest() != nullptr) candidates.emplace_back(last_time(series), series);
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> oldest(std::greater<>(),
                                                                                std::move(candidates));
  std::vector<MemorySeries*> gone;
  size_t freed_series = 0;
  while (head.bytes() - freed_series > target && !oldest.empty()) {
    const auto [last, series] = oldest.top();
    oldest.pop();
    if (last >= newest - kUntouchable && series->oldest() == series->open()) continue;
    counts.dropped_by_budget += series->DropOldest(head.heap());
    floor = std::max(floor, last);
    if (series->oldest() != nullptr) {
      oldest.emplace(last_time(series), series);
    } else if (series->pending.samples == 0) {
      gone.push_back(series);
      freed_series += Head::SeriesBytes(series->labels());
    }
  }
  head.Remove(gone);
  head.Tidy();
  full = head.bytes() > options.memory;
}

}  // namespace sidelight::storage
