#include "core/storage/replay.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/model/stale.h"

namespace sidelight::storage {
namespace {

class SegmentReplayer final : public Log::Replayer, public LogVisitor {
 public:
  explicit SegmentReplayer(StoreState& state) : state_(state) {}

  LogVisitor& BeginSegment() override {
    series_.clear();
    newest_ = INT64_MIN;
    return *this;
  }
  UnixMillis EndSegment() override {
    for (MemorySeries* series : series_) {
      if (series != nullptr) --series->pending.samples;
    }
    return newest_;
  }

  void OnSeries(uint32_t /*number*/, Labels labels) override {
    series_.push_back(state_.FindOrAdd(0, labels));
    // Held, as the budget may take away series that have no samples.
    if (series_.back() != nullptr) ++series_.back()->pending.samples;
  }
  void OnFloat(uint32_t number, UnixMillis time, double value, UnixMillis start) override {
    if (MemorySeries* const series = Take(number, time); series != nullptr) {
      series->Append(time, value, start, state_.head.heap());
    }
  }
  void OnHistogram(uint32_t number, UnixMillis time, FloatHistogramPtr histogram, UnixMillis start) override {
    if (MemorySeries* const series = Take(number, time); series != nullptr) {
      series->AppendHistogram(time, std::move(histogram), start, state_.head.heap());
    }
  }
  void OnExemplar(uint32_t number, const Exemplar& exemplar) override {
    MemorySeries* const series = series_[number];
    if (series != nullptr) state_.exemplars.Add(series->labels(), exemplar, &series->exemplar);
  }
  void OnRecordEnd() override {
    if (state_.options.memory != 0 && state_.head.bytes() > state_.options.memory) state_.DropToBudget();
    state_.head.Tidy();
  }

 private:
  MemorySeries* Take(uint32_t number, UnixMillis time) {
    newest_ = std::max(newest_, time);
    MemorySeries* const series = series_[number];
    if (series == nullptr) return nullptr;
    if (series->last_kind() != MemorySeries::Kind::kNothing && time <= series->last_time()) return nullptr;
    state_.newest = std::max(state_.newest, time);
    ++state_.counts.appended;
    ++state_.counts.replayed;
    return series;
  }

  StoreState& state_;
  std::vector<MemorySeries*> series_;  // by number; null: the store could hold no more
  UnixMillis newest_ = INT64_MIN;
};

}  // namespace

void Replay(StoreState& state) {
  const std::lock_guard guard(state.head.mutex);
  const TimePoint start = state.clock.Now();
  SegmentReplayer replayer(state);
  state.log->Replay(replayer);
  state.full = false;
  if (state.counts.replayed != 0) state.time.AtLeast(state.newest);
  const auto retention = std::chrono::duration_cast<std::chrono::milliseconds>(state.options.retention);
  if (retention.count() != 0) state.DropBefore(state.time.Now() - retention.count());
  state.head.Tidy();
  state.counts.replay_time = state.clock.Now() - start;
}

}  // namespace sidelight::storage
