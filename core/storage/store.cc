#include "core/storage/store.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "core/base/log.h"
#include "core/storage/batch_appender.h"
#include "core/storage/replay.h"
#include "core/storage/selection.h"
#include "core/storage/store_state.h"

namespace sidelight::storage {
namespace {

// Chunks, and segments of the log, that reach further than this share of the retention would keep much that
// is older than it.
constexpr int64_t kSpanShare = 8;
constexpr std::chrono::milliseconds kShortestSpan = std::chrono::minutes(1);
constexpr std::chrono::milliseconds kLongestSpan = std::chrono::hours(2);

std::chrono::milliseconds Milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

}  // namespace

std::string_view RefusalWord(Refusal refusal) {
  constexpr std::string_view kWords[kRefusals] = {"out_of_order", "duplicate", "invalid", "limit"};
  return kWords[static_cast<size_t>(refusal)];
}

std::string_view LogStateWord(LogState state) {
  switch (state) {
    case LogState::kOff:
      return "off";
    case LogState::kWriting:
      return "writing";
    case LogState::kFailing:
      break;
  }
  return "failing";
}

Store::Store(std::unique_ptr<StoreState> state) : state_(std::move(state)) {}
Store::~Store() {
  Close();
}

Result<std::unique_ptr<Store>> Store::Open(StoreOptions options) {
  if (options.retention < Duration{}) {
    return Fail(ErrorCode::kInvalidArgument, "the retention of the store must not be negative");
  }
  auto state = std::make_unique<StoreState>(std::move(options));
  const StoreOptions& given = state->options;
  const auto retention = Milliseconds(given.retention);
  const auto span = std::clamp(retention / kSpanShare, kShortestSpan, kLongestSpan);
  if (retention.count() != 0) state->head.heap().longest_span = static_cast<uint64_t>(span.count());
  if (!given.path.empty()) {
    state->log = std::make_unique<Log>(
        given.files == nullptr ? SystemFiles() : given.files, state->clock,
        Log::Options{given.path, retention.count() == 0 ? Duration(kLongestSpan) : Duration(span)});
    Replay(*state);
  }
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

std::unique_ptr<Appender> Store::MakeAppender() {
  return std::make_unique<BatchAppender>(state_.get());
}

std::unique_ptr<Selection> Store::Select(std::span<const Matcher> matchers, UnixMillis from,
                                         UnixMillis to) const {
  Epochs::Pin pin = state_->head.Enter();
  if (from > to) return std::make_unique<StoreSelection>(std::move(pin), std::vector<Head::Found>());
  const std::vector<Head::Found> found = state_->head.Select(matchers, from, to);
  return std::make_unique<StoreSelection>(std::move(pin), found);
}

std::vector<std::string> Store::LabelNames(std::span<const Matcher> matchers, UnixMillis from,
                                           UnixMillis to) const {
  const Epochs::Pin pin = state_->head.Enter();
  const std::vector<std::string_view> names = state_->head.LabelNames(matchers, from, to);
  return {names.begin(), names.end()};
}

std::vector<std::string> Store::LabelValues(std::string_view name, std::span<const Matcher> matchers,
                                            UnixMillis from, UnixMillis to) const {
  const Epochs::Pin pin = state_->head.Enter();
  const std::vector<std::string_view> values = state_->head.LabelValues(name, matchers, from, to);
  return {values.begin(), values.end()};
}

std::vector<Store::SeriesExemplars> Store::Exemplars(std::span<const std::vector<Matcher>> selectors,
                                                     UnixMillis from, UnixMillis to) const {
  std::vector<SeriesExemplars> all;
  std::vector<ExemplarRing::Entry> entries = state_->exemplars.Read(from, to);
  std::erase_if(entries, [&](const ExemplarRing::Entry& entry) {
    return !selectors.empty() &&
           std::none_of(selectors.begin(), selectors.end(), [&](const std::vector<Matcher>& matchers) {
             return MatchesAll(matchers, entry.labels);
           });
  });
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.labels < b.labels; });
  for (ExemplarRing::Entry& entry : entries) {
    if (all.empty() || all.back().labels != entry.labels) all.push_back({std::move(entry.labels), {}});
    all.back().exemplars.push_back(entry.exemplar);
  }
  return all;
}

void Store::Follow(Follower* follower) {
  const std::lock_guard guard(state_->head.mutex);
  state_->followers.push_back(follower);
}

void Store::Unfollow(Follower* follower) {
  const std::lock_guard guard(state_->head.mutex);
  std::erase(state_->followers, follower);
}

UnixMillis Store::Now() {
  return state_->time.Now();
}

UnixMillis Store::Place(UnixMillis wall) {
  return state_->time.Place(wall);
}

void Store::Maintain(UnixMillis now) {
  StoreState& state = *state_;
  const std::lock_guard guard(state.head.mutex);
  state.full = false;
  const auto retention = Milliseconds(state.options.retention);
  if (retention.count() != 0) state.DropBefore(now - retention.count());
  if (state.options.memory != 0 && state.head.bytes() > state.options.memory) state.DropToBudget();
  state.head.Tidy();
  // Chunks that are partly beyond the floor keep the segments that they came from.
  if (state.log != nullptr && state.log->EndsBefore(state.floor)) state.log->RemoveBefore(state.OldestKept());
}

StoreStats Store::Stats() const {
  StoreStats stats;
  {
    const std::lock_guard guard(state_->head.mutex);
    stats = state_->counts;
    stats.series = state_->head.series();
    stats.chunks = state_->head.heap().chunks;
    stats.bytes = state_->head.bytes();
    stats.chunk_bytes = state_->head.heap().bytes;
    stats.newest = state_->newest;
    if (state_->log != nullptr) state_->log->Fill(&stats);
  }
  stats.exemplars = state_->exemplars.size();
  stats.clock_steps = state_->time.steps();
  return stats;
}

UnixMillis Store::Oldest() const {
  const std::lock_guard guard(state_->head.mutex);
  UnixMillis oldest = INT64_MAX;
  for (const MemorySeries* const series : state_->head.slots()) {
    if (series != nullptr && series->oldest() != nullptr)
      oldest = std::min(oldest, series->oldest()->first_time);
  }
  return oldest;
}

void Store::Close() {
  const std::lock_guard guard(state_->head.mutex);
  if (state_->log != nullptr) state_->log->Close();
}

}  // namespace sidelight::storage
