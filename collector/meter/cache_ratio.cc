#include "collector/meter/cache_ratio.h"

#include <algorithm>
#include <utility>

namespace sidelight::meter {

CacheRatio::CacheRatio(const Clock& clock, std::shared_ptr<const Keyspaces> keyspaces, Duration window,
                       Naming naming)
    : clock_(clock), keyspaces_(std::move(keyspaces)), window_(window), naming_(std::move(naming)) {
  ring_.push_back({clock_.Now(), {}});
}

CacheTotals* CacheRatio::AddWorker() {
  const std::lock_guard guard(mutex_);
  return workers_.emplace_back(std::make_unique<CacheTotals>(keyspaces_->capacity())).get();
}

std::vector<CacheRatio::Sum> CacheRatio::Now() const {
  std::vector<Sum> sums(keyspaces_->size());
  for (const auto& worker : workers_) {
    for (size_t i = 0; i < sums.size(); ++i) {
      sums[i].hits += worker->cells_[i].hits.load(std::memory_order_relaxed);
      sums[i].misses += worker->cells_[i].misses.load(std::memory_order_relaxed);
    }
  }
  return sums;
}

void CacheRatio::TurnTo(TimePoint now, const std::vector<Sum>& sums) const {
  if (now - ring_.back().time >= window_ / kSlots) ring_.push_back({now, sums});
  while (ring_.size() > 1 && now - ring_[1].time >= window_) ring_.pop_front();
}

void CacheRatio::Turn() const {
  const std::lock_guard guard(mutex_);
  const TimePoint now = clock_.Now();
  if (now - ring_.back().time >= window_ / kSlots) TurnTo(now, Now());
}

std::vector<MetricFamily> CacheRatio::Collect() const {
  std::vector<Sum> gone;  // through the window
  {
    const std::lock_guard guard(mutex_);
    gone = Now();
    TurnTo(clock_.Now(), gone);
    const std::vector<Sum>& before = ring_.front().sums;
    for (size_t i = 0; i < before.size(); ++i) {
      gone[i].hits -= before[i].hits;
      gone[i].misses -= before[i].misses;
    }
  }

  MetricFamily family{
      .name = naming_.name, .help = naming_.help, .unit = {}, .type = MetricType::kGauge, .metrics = {}};
  const auto add = [&](const Sum& sum, KeyspaceId keyspace) {
    if (sum.hits + sum.misses == 0) return;
    std::vector<Label> labels;
    for (const auto& [name, value] : naming_.labels) labels.push_back({name, value});
    const std::string text = keyspaces_->Text(keyspace);
    if (!naming_.keyspace_label.empty()) labels.push_back({naming_.keyspace_label, text});
    Metric& metric = family.metrics.emplace_back();
    metric.labels = Labels(std::span<const Label>(labels));
    metric.value = static_cast<double>(sum.hits) / static_cast<double>(sum.hits + sum.misses);
  };
  if (naming_.keyspace_label.empty()) {
    Sum all;
    for (const Sum& sum : gone) {
      all.hits += sum.hits;
      all.misses += sum.misses;
    }
    add(all, kNoKeyspace);
  } else {
    for (size_t i = 0; i < gone.size(); ++i) add(gone[i], static_cast<KeyspaceId>(i));
  }
  if (family.metrics.empty()) return {};
  std::sort(family.metrics.begin(), family.metrics.end(),
            [](const Metric& a, const Metric& b) { return a.labels < b.labels; });
  std::vector<MetricFamily> families;
  families.push_back(std::move(family));
  return families;
}

}  // namespace sidelight::meter
