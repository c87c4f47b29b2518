#include "core/metrics/registry.h"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <utility>

#include "core/metrics/series.h"
#include "core/metrics/state.h"

namespace sidelight::metrics {
namespace {

bool SameBounds(const BucketBounds& a, const BucketBounds& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

[[maybe_unused]] bool SameKind(const FamilyOptions& a, const FamilyOptions& b) {
  if (a.type != b.type || a.unit != b.unit) return false;
  if (a.type != MetricType::kHistogram) return true;
  return SameBounds(a.histogram.bounds, b.histogram.bounds) &&
         a.histogram.native_schema == b.histogram.native_schema &&
         a.histogram.native_max_buckets == b.histogram.native_max_buckets &&
         a.histogram.zero_threshold == b.histogram.zero_threshold;
}

bool ByLabels(const Series* a, const Series* b) {
  return a->labels < b->labels;
}
bool MetricByLabels(const Metric& a, const Metric& b) {
  return a.labels < b.labels;
}

// Adds what a Source brought to the families that are there, in the order of names.
void Join(std::vector<MetricFamily>& families, std::vector<MetricFamily> more) {
  for (MetricFamily& family : more) {
    const auto at =
        std::lower_bound(families.begin(), families.end(), family.name,
                         [](const MetricFamily& f, const std::string& name) { return f.name < name; });
    if (at == families.end() || at->name != family.name) {
      families.insert(at, std::move(family));
      continue;
    }
    if (at->type != family.type) continue;
    const auto middle = static_cast<std::ptrdiff_t>(at->metrics.size());
    std::move(family.metrics.begin(), family.metrics.end(), std::back_inserter(at->metrics));
    std::inplace_merge(at->metrics.begin(), at->metrics.begin() + middle, at->metrics.end(), MetricByLabels);
    // Of a series that two bring the first one stays: inplace_merge is stable.
    const auto same = [](const Metric& a, const Metric& b) { return a.labels == b.labels; };
    at->metrics.erase(std::unique(at->metrics.begin(), at->metrics.end(), same), at->metrics.end());
  }
}

}  // namespace

Registry::Registry(const Clock& clock, Options options)
    : state_(std::make_unique<State>(clock, std::move(options))) {}

Registry::~Registry() {
  // Histograms have no slab, as their windows must be freed.
  for (const auto& family : state_->families) {
    if (family->options.type != MetricType::kHistogram) continue;
    for (const auto& [labels, series] : family->live) {
      for (Cell* cell = series->cells; cell != nullptr;)
        delete static_cast<Histogram*>(std::exchange(cell, cell->next_));
    }
  }
}

Family* Registry::AddFamily(FamilyOptions options) {
  assert(options.type == MetricType::kCounter || options.type == MetricType::kGauge ||
         options.type == MetricType::kHistogram);
  const std::lock_guard guard(state_->lock);
  auto& families = state_->families;
  const auto at = std::lower_bound(
      families.begin(), families.end(), options.name,
      [](const auto& family, const std::string& name) { return family->options.name < name; });
  if (at != families.end() && (*at)->options.name == options.name) {
    assert(SameKind((*at)->options, options));
    return at->get();
  }
  return families.insert(at, std::make_unique<Family>(std::move(options), state_->lock))->get();
}

Shard* Registry::AddShard() {
  const std::lock_guard guard(state_->lock);
  return state_->shards.emplace_back(new Shard(this)).get();
}

void Registry::AddSource(std::shared_ptr<const Source> source) {
  const std::lock_guard guard(state_->lock);
  state_->sources.push_back(std::move(source));
}

size_t Registry::series() const {
  return state_->charged.load(std::memory_order_relaxed);
}
size_t Registry::refused() const {
  return state_->refused.load(std::memory_order_relaxed);
}
size_t Registry::dropped() const {
  return state_->dropped.load(std::memory_order_relaxed);
}

std::shared_ptr<const Snapshot> Registry::Collect() const {
  return Gather(false);
}
std::shared_ptr<const Snapshot> Registry::Sample() {
  return Gather(true);
}

std::shared_ptr<const Snapshot> Registry::Gather(bool sample) const {
  // A Source may be slow, so nobody waits for it.
  std::vector<std::shared_ptr<const Source>> sources;
  {
    const std::lock_guard guard(state_->lock);
    sources = state_->sources;
  }
  std::vector<std::vector<MetricFamily>> brought;
  for (const auto& source : sources) brought.push_back(source->Collect());

  const std::lock_guard collecting(state_->collecting);
  auto snapshot = std::make_shared<Snapshot>();
  std::vector<Family*> families;
  {
    const std::lock_guard guard(state_->lock);
    snapshot->time = state_->clock.UnixNow();
    for (const auto& family : state_->families) families.push_back(family.get());
  }
  for (Family* family : families) {
    std::vector<Labels> stale;
    Refresh(*family, snapshot->time, sample, stale);
    if (family->sorted.empty() && stale.empty()) continue;
    std::vector<Metric> metrics;
    metrics.reserve(family->sorted.size() + stale.size());
    Walk(*family, metrics);
    const auto live = static_cast<std::ptrdiff_t>(metrics.size());
    for (Labels& labels : stale) {
      Metric& metric = metrics.emplace_back();
      metric.labels = std::move(labels);
      metric.stale = true;
    }
    std::inplace_merge(metrics.begin(), metrics.begin() + live, metrics.end(), MetricByLabels);
    if (metrics.empty()) continue;
    const FamilyOptions& options = family->options;
    snapshot->families.push_back({options.name, options.help, options.unit, options.type, std::move(metrics),
                                  options.otel_name, options.otel_unit});
  }
  {
    const std::lock_guard guard(state_->lock);
    state_->Purge();
  }
  for (std::vector<MetricFamily>& more : brought) Join(snapshot->families, std::move(more));
  return snapshot;
}

// Brings the family's order up to date, and takes from it what ended since the last Sample().
void Registry::Refresh(Family& family, UnixMillis now, bool sample, std::vector<Labels>& stale) const {
  std::vector<Series*> added;
  std::vector<std::unique_ptr<Series>> ended;
  {
    const std::lock_guard guard(state_->lock);
    added.swap(family.added);
    ended.swap(family.ended);
    if (!ended.empty()) {
      const auto gone = [](const Series* series) { return series->ended; };
      std::erase_if(family.sorted, gone);
      std::erase_if(added, gone);
    }
    if (sample && !family.stale.empty()) {
      // A series that has come back is shown as it is, and not as ended at the same moment.
      for (Labels& labels : family.stale) {
        if (!family.live.contains(labels)) stale.push_back(std::move(labels));
      }
      family.stale.clear();
      family.last_end = std::max(family.last_end, now);
    }
  }
  std::sort(stale.begin(), stale.end());
  stale.erase(std::unique(stale.begin(), stale.end()), stale.end());
  if (added.empty()) return;
  std::sort(added.begin(), added.end(), ByLabels);
  const auto middle = static_cast<std::ptrdiff_t>(family.sorted.size());
  family.sorted.insert(family.sorted.end(), added.begin(), added.end());
  std::inplace_merge(family.sorted.begin(), family.sorted.begin() + middle, family.sorted.end(), ByLabels);
}

void Registry::Walk(Family& family, std::vector<Metric>& out) const {
  const bool histogram = family.options.type == MetricType::kHistogram;
  const bool counter = family.options.type == MetricType::kCounter;
  const std::lock_guard guard(state_->lock);
  for (const Series* series : family.sorted) {
    state_->lock.GiveWay();
    if (series->ended) continue;
    Metric& metric = out.emplace_back();
    metric.labels = series->labels;
    if (histogram) {
      HistogramTotals& total = state_->total;
      static_cast<const Histogram*>(series->cells)->Read(total);
      for (const Cell* cell = series->cells->next_; cell != nullptr; cell = cell->next_) {
        static_cast<const Histogram*>(cell)->Read(state_->part);
        total.Add(state_->part);
      }
      if (series->retired_histogram != nullptr) total.Add(*series->retired_histogram);
      metric.histogram = total.ToModel(family.shape);
      metric.start = series->start;
      continue;
    }
    double value = series->retired;
    if (counter) {
      for (const Cell* cell = series->cells; cell != nullptr; cell = cell->next_) {
        value += static_cast<const Counter*>(cell)->value_.load(std::memory_order_relaxed);
      }
      metric.start = series->start;
    } else {
      for (const Cell* cell = series->cells; cell != nullptr; cell = cell->next_) {
        value += static_cast<const Gauge*>(cell)->value_.load(std::memory_order_relaxed);
      }
    }
    metric.value = value;
  }
}

Series* Registry::State::Begin(Family* family, const Labels& labels, bool counts) {
  if (counts) {
    if (charged.load(std::memory_order_relaxed) >= options.series_limit) {
      refused.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    charged.fetch_add(1, std::memory_order_relaxed);
  }
  const UnixMillis start = std::max(clock.UnixNow(), family->last_end + 1);
  auto series = std::make_unique<Series>(family, interner.Intern(labels), start, counts);
  Series* const begun = series.get();
  family->live.emplace(begun->labels, std::move(series));
  family->added.push_back(begun);
  return begun;
}

void Registry::State::End(Series* series) {
  Family* const family = series->family;
  series->ended = true;
  family->last_end = std::max({family->last_end, series->start, clock.UnixNow()});
  if (series->charged) charged.fetch_sub(1, std::memory_order_relaxed);
  // At the next collection the Snapshot still shows them, the one after that finds them free.
  purges_due = 2;
  // Where nobody samples, nobody wants to know; what is kept for them stays bounded.
  if (family->stale.size() <= options.series_limit) family->stale.push_back(series->labels);
  const auto at = family->live.find(series->labels);
  family->ended.push_back(std::move(at.value()));
  family->live.erase(at);
}

void Registry::State::Purge() {
  if (purges_due == 0) return;
  --purges_due;
  interner.Purge();
  // Somebody may hold the labels of what ended for much longer. As long as those are many, go on.
  size_t live = 0;
  for (const auto& family : families) live += family->live.size();
  if (interner.size() > live + live / 2 + 64) purges_due = std::max(purges_due, 1);
}

}  // namespace sidelight::metrics
