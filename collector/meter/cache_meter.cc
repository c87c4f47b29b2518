#include "collector/meter/cache_meter.h"

#include <algorithm>
#include <utility>

namespace sidelight::meter {

CacheMeter::CacheMeter(metrics::Registry& registry, const Clock& clock, CacheFamilies families,
                       std::shared_ptr<const KeyspaceNames> keyspaces, Duration window)
    : families_(std::move(families)),
      keyspaces_(std::move(keyspaces)),
      ratio_(std::make_shared<CacheRatio>(clock, keyspaces_, window, families_.RatioNaming())) {
  registry.AddSource(ratio_);
}

bool CacheShard::Count(const CacheLookup& lookup, KeyspaceId keyspace, std::string_view operation,
                       bool overflow, TimePoint end, Last* last) {
  if (totals_ == nullptr) totals_ = meter_->ratio_->AddWorker();
  totals_->Add(keyspace, lookup.hits, lookup.misses);
  if (last->series == nullptr || last->keyspace != keyspace) {
    *last = {.keyspace = keyspace, .series = overflow ? &Overflow() : &Find(operation, keyspace)};
  }
  Series& series = *last->series;
  series.last_used = std::max(series.last_used, end);
  series.hits->Add(lookup.hits);
  series.misses->Add(lookup.misses);
  return &series != &overflow_;
}

CacheShard::Series& CacheShard::Find(std::string_view operation, KeyspaceId keyspace) {
  const KeyView key(operation, keyspace);
  if (const auto it = series_.find(key); it != series_.end()) return *it.value();
  const size_t hash = KeyHash()(key);
  if (refused_.size() >= kMaxRefused || refused_.contains(hash)) return Overflow();
  auto series = std::make_unique<Series>();
  const CacheFamilies& families = meter_->families_;
  const std::string text = meter_->keyspaces_->Text(keyspace);
  // Both from the start, so that a ratio of the two is right from the first hit on.
  series->hits = shard_->GetCounter(families.requests, families.RequestLabels(operation, text, true));
  if (series->hits != nullptr) {
    series->misses = shard_->GetCounter(families.requests, families.RequestLabels(operation, text, false));
  }
  if (series->misses == nullptr) {
    if (series->hits != nullptr) shard_->Release(series->hits);
    refused_.insert(hash);
    return Overflow();
  }
  return *series_.insert({Key{std::string(operation), keyspace}, std::move(series)}).first.value();
}

CacheShard::Series& CacheShard::Overflow() {
  if (overflow_.hits == nullptr) {
    const CacheFamilies& families = meter_->families_;
    const auto counter = [&](bool hit) {
      return shard_->GetCounter(families.requests, families.OverflowLabels(hit), metrics::Budget::kExempt);
    };
    overflow_ = {.hits = counter(true), .misses = counter(false)};
  }
  return overflow_;
}

void CacheShard::Release(Series& series) {
  shard_->Release(series.hits);
  shard_->Release(series.misses);
}

void CacheShard::Expire(TimePoint limit) {
  for (auto it = series_.begin(); it != series_.end();) {
    if (it->second->last_used <= limit) {
      Release(*it->second);
      it = series_.erase(it);
    } else {
      ++it;
    }
  }
  if (overflow_.hits != nullptr && overflow_.last_used <= limit) {
    Release(overflow_);
    overflow_ = {};
  }
  refused_.clear();
  meter_->ratio_->Turn();
}

}  // namespace sidelight::meter
