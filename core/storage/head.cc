#include "core/storage/head.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace sidelight::storage {
namespace {

constexpr uint32_t kFirstRecent = 16;
// Recent series are tried one by one: a commit that brings more of them than this, and than half of what the
// index has, rebuilds it; a tidy moment does so for far fewer.
constexpr uint32_t kMostRecent = 256;
constexpr size_t kRecentShare = 2;
constexpr uint32_t kTidyRecent = 64;
constexpr size_t kTidyShare = 16;

// A reader that was interrupted by so many commits has the next one wait: a writer that never rests must not
// keep it from its answer.
constexpr int kPatience = 8;

bool Matches(std::span<const Matcher> matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.Matches(labels.Get(matcher.name())); });
}

void SortOnce(std::vector<std::string_view>* texts) {
  std::sort(texts->begin(), texts->end());
  texts->erase(std::unique(texts->begin(), texts->end()), texts->end());
}

}  // namespace

Head::Head()
    : view_(new IndexView(std::make_shared<const Index>(std::vector<const MemorySeries*>()), kFirstRecent)) {}

Head::~Head() {
  epochs_.Collect();
  delete view_.load();
  for (const MemorySeries* series : slots_) delete series;
  for (const MemorySeries* series : removed_) delete series;
}

size_t Head::SeriesBytes(const Labels& labels) {
  constexpr size_t kLabelsHeader = 40;    // of the labels' allocation
  constexpr size_t kTables = 8 + 2 * 16;  // a slot; an entry of the table by labels, half of which is empty
  return sizeof(MemorySeries) + kLabelsHeader + 2 * sizeof(uint32_t) * labels.size() + labels.bytes().size() +
         kTables;
}

MemorySeries* Head::Find(SeriesRef ref, const Labels& labels) const {
  const auto slot = static_cast<uint32_t>(ref);
  if (ref != 0 && slot < slots_.size() && slots_[slot] != nullptr && slots_[slot]->ref() == ref) {
    return slots_[slot];
  }
  const auto at = by_labels_.find(labels);
  return at == by_labels_.end() ? nullptr : *at;
}

MemorySeries* Head::Add(const Labels& labels) {
  uint32_t slot = static_cast<uint32_t>(slots_.size());
  if (free_slots_.empty()) {
    slots_.push_back(nullptr);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  const SeriesRef ref = uint64_t{++generation_} << 32 | slot;
  auto* const series = new MemorySeries(labels, ref);
  slots_[slot] = series;
  by_labels_.insert(series);
  series_bytes_ += SeriesBytes(labels);
  ShowRecent(series);
  return series;
}

void Head::ShowRecent(const MemorySeries* series) {
  IndexView* view = view_.load(std::memory_order_relaxed);
  uint32_t count = view->count.load(std::memory_order_relaxed);
  if (count == view->capacity) {
    if (count >= kMostRecent && count >= view->index->series().size() / kRecentShare) {
      Rebuild();  // the series is among the slots
      return;
    }
    auto larger = std::make_unique<IndexView>(view->index, 2 * view->capacity);
    std::copy_n(view->recent.get(), count, larger->recent.get());
    larger->count.store(count, std::memory_order_relaxed);
    Replace(std::move(larger));
    view = view_.load(std::memory_order_relaxed);
  }
  view->recent[count] = series;
  view->count.store(count + 1, std::memory_order_release);
}

void Head::Replace(std::unique_ptr<IndexView> view) {
  view_bytes_ = view->index->bytes() + view->capacity * sizeof(const MemorySeries*);
  IndexView* const old = view_.exchange(view.release(), std::memory_order_acq_rel);
  epochs_.Retire(old, [](void* object) { delete static_cast<IndexView*>(object); });
}

void Head::Rebuild() {
  std::vector<const MemorySeries*> live;
  live.reserve(by_labels_.size());
  for (const MemorySeries* series : slots_) {
    if (series != nullptr) live.push_back(series);
  }
  Replace(std::make_unique<IndexView>(std::make_shared<const Index>(std::move(live)), kFirstRecent));
  for (MemorySeries* series : removed_) {
    epochs_.Retire(series, [](void* object) { delete static_cast<MemorySeries*>(object); });
  }
  removed_.clear();
}

void Head::Remove(const std::vector<MemorySeries*>& gone) {
  for (MemorySeries* series : gone) {
    assert(series->oldest() == nullptr && series->pending.samples == 0);
    series->removed.store(true, std::memory_order_relaxed);
    const auto slot = static_cast<uint32_t>(series->ref());
    slots_[slot] = nullptr;
    free_slots_.push_back(slot);
    by_labels_.erase(series);
    series_bytes_ -= SeriesBytes(series->labels());
    removed_.push_back(series);
  }
}

void Head::BeginCommit() {
  committing_.lock();
  commits_.fetch_add(1, std::memory_order_acq_rel);
}

void Head::EndCommit() {
  commits_.fetch_add(1, std::memory_order_release);
  commits_.notify_all();
  committing_.unlock();
}

void Head::Tidy() {
  const IndexView* const view = view_.load(std::memory_order_relaxed);
  const size_t worthwhile = kTidyRecent + view->index->series().size() / kTidyShare;
  if (view->count.load(std::memory_order_relaxed) + removed_.size() >= worthwhile) Rebuild();
  epochs_.Collect();
}

void Head::FindIn(const IndexView& view, uint32_t recent, std::span<const Matcher> matchers,
                  std::vector<const MemorySeries*>* found) {
  view.index->Find(matchers, found);
  for (uint32_t i = 0; i < recent; ++i) {
    if (Matches(matchers, view.recent[i]->labels())) found->push_back(view.recent[i]);
  }
}

std::vector<Head::Found> Head::Select(std::span<const Matcher> matchers, UnixMillis from, UnixMillis to) {
  std::vector<Found> noted;
  std::vector<const MemorySeries*> matching;
  const IndexView* searched = nullptr;
  uint32_t searched_recent = 0;
  for (int attempt = 0;; ++attempt) {
    std::unique_lock no_commit(committing_, std::defer_lock);
    if (attempt >= kPatience) no_commit.lock();
    const uint64_t commits = commits_.load(std::memory_order_acquire);
    if (commits % 2 != 0) {
      commits_.wait(commits, std::memory_order_acquire);
      continue;
    }
    const IndexView* const view = view_.load(std::memory_order_acquire);
    const uint32_t recent = view->count.load(std::memory_order_acquire);
    if (view != searched || recent != searched_recent) {
      matching.clear();
      FindIn(*view, recent, matchers, &matching);
      searched = view;
      searched_recent = recent;
    }
    noted.clear();
    noted.reserve(matching.size());
    // Series lie anywhere in memory: ask for them ahead.
    constexpr size_t kAhead = 8;
    for (size_t i = 0; i < matching.size(); ++i) {
      if (i + kAhead < matching.size()) __builtin_prefetch(matching[i + kAhead]);
      const MemorySeries* const series = matching[i];
      if (series->removed.load(std::memory_order_relaxed)) continue;
      const MemorySeries::View reach = series->Capture();
      if (!MemorySeries::Reaches(reach, from, to)) continue;
      noted.push_back({series, reach});
    }
    if (commits_.load(std::memory_order_acquire) == commits) return noted;
  }
}

Head::Matching Head::Match(std::span<const Matcher> matchers, UnixMillis from, UnixMillis to) const {
  const IndexView& view = *view_.load(std::memory_order_acquire);
  const uint32_t recent = view.count.load(std::memory_order_acquire);
  const auto has_samples = [&](const MemorySeries& series) {
    return !series.removed.load(std::memory_order_relaxed) &&
           MemorySeries::Reaches(series.Capture(), from, to);
  };
  Matching matching{*view.index, view.index->Match(matchers), {}};
  const std::vector<const MemorySeries*>& series = view.index->series();
  for (size_t word = 0; word < matching.indexed.size(); ++word) {
    for (uint64_t left = matching.indexed[word]; left != 0; left &= left - 1) {
      const auto bit = static_cast<size_t>(std::countr_zero(left));
      if (!has_samples(*series[word * Index::kBits + bit])) matching.indexed[word] &= ~(uint64_t{1} << bit);
    }
  }
  for (uint32_t i = 0; i < recent; ++i) {
    const MemorySeries* const one = view.recent[i];
    if (Matches(matchers, one->labels()) && has_samples(*one)) matching.recent.push_back(one);
  }
  return matching;
}

std::vector<std::string_view> Head::LabelNames(std::span<const Matcher> matchers, UnixMillis from,
                                               UnixMillis to) const {
  const Matching matching = Match(matchers, from, to);
  std::vector<std::string_view> names = matching.index.NamesIn(matching.indexed);
  for (const MemorySeries* series : matching.recent) {
    for (const Label label : series->labels()) names.push_back(label.name);
  }
  SortOnce(&names);
  return names;
}

std::vector<std::string_view> Head::LabelValues(std::string_view name, std::span<const Matcher> matchers,
                                                UnixMillis from, UnixMillis to) const {
  const Matching matching = Match(matchers, from, to);
  std::vector<std::string_view> values = matching.index.ValuesIn(name, matching.indexed);
  for (const MemorySeries* series : matching.recent) {
    if (const std::string_view value = series->labels().Get(name); !value.empty()) values.push_back(value);
  }
  SortOnce(&values);
  return values;
}

}  // namespace sidelight::storage
