#include "collector/meter/cache_ratio.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

namespace sidelight::meter {

CacheRatio::CacheRatio(const Clock& clock, std::shared_ptr<const KeyspaceNames> keyspaces, Duration window,
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
  if (workers_.empty()) return;
  const TimePoint now = clock_.Now();
  if (now - ring_.back().time >= window_ / kSlots) TurnTo(now, Now());
}

std::vector<MetricFamily> CacheRatio::Collect() const {
  std::vector<Sum> gone;  // through the window
  {
    const std::lock_guard guard(mutex_);
    if (workers_.empty()) return {};
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
  // By name: a keyspace of the configuration and a learned one may be called alike.
  std::map<std::string, Sum> by_text;
  for (size_t i = 0; i < gone.size(); ++i) {
    if (gone[i].hits + gone[i].misses == 0) continue;
    Sum& sum = by_text[naming_.keyspace_label.empty() ? "" : keyspaces_->Text(static_cast<KeyspaceId>(i))];
    sum.hits += gone[i].hits;
    sum.misses += gone[i].misses;
  }
  for (const auto& [text, sum] : by_text) {
    std::vector<Label> labels;
    for (const auto& [name, value] : naming_.labels) labels.push_back({name, value});
    if (!naming_.keyspace_label.empty()) labels.push_back({naming_.keyspace_label, text});
    Metric& metric = family.metrics.emplace_back();
    metric.labels = Labels(std::span<const Label>(labels));
    metric.value = static_cast<double>(sum.hits) / static_cast<double>(sum.hits + sum.misses);
  }
  if (family.metrics.empty()) return {};
  std::sort(family.metrics.begin(), family.metrics.end(),
            [](const Metric& a, const Metric& b) { return a.labels < b.labels; });
  std::vector<MetricFamily> families;
  families.push_back(std::move(family));
  return families;
}

}  // namespace sidelight::meter
