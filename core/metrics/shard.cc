#include <cassert>
#include <mutex>
#include <optional>

#include "core/metrics/histogram_totals.h"
#include "core/metrics/registry.h"
#include "core/metrics/series.h"
#include "core/metrics/state.h"

namespace sidelight::metrics {
namespace {

// Holds of instruments that nobody reads, of all shards: whoever holds one remembers what for.
constexpr size_t kMaxUnread = 100'000;

}  // namespace

Shard::Shard(Registry* registry) : registry_(registry), cells_(std::make_unique<Cells>()) {}

Shard::~Shard() {
  for (const auto& [family, cell] : cells_->unread) {
    if (family->options.type == MetricType::kHistogram) delete static_cast<Histogram*>(cell);
  }
}

template <class Instrument, class Make>
Instrument* Shard::Get(Family* family, const Labels& labels, Budget budget, const Make& make) {
  const Registry::Options& options = registry_->state_->options;
  if (!options.admit) return GetAdmitted<Instrument>(family, labels, budget, make);
  const std::optional<Labels> admitted = options.admit(family->options.name, labels);
  if (!admitted) return GetUnread<Instrument>(family, budget, make);
  return GetAdmitted<Instrument>(family, *admitted, budget, make);
}

template <class Instrument, class Make>
Instrument* Shard::GetAdmitted(Family* family, const Labels& labels, Budget budget, const Make& make) {
  Registry::State& state = *registry_->state_;
  const std::lock_guard guard(state.lock);
  const auto found = family->live.find(labels);
  Series* series = found != family->live.end() ? found->second.get() : nullptr;
  if (series == nullptr) {
    series = state.Begin(family, labels, budget == Budget::kCharged);
    if (series == nullptr) return nullptr;
  } else if (Cell* const cell = series->FindCell(this)) {
    ++cell->holds_;
    return static_cast<Instrument*>(cell);
  }
  Instrument* const made = make(series, series->cells);
  series->cells = made;
  return made;
}

template <class Instrument, class Make>
Instrument* Shard::GetUnread(Family* family, Budget budget, const Make& make) {
  Registry::State& state = *registry_->state_;
  const std::lock_guard guard(state.lock);
  state.dropped.fetch_add(1, std::memory_order_relaxed);
  if (budget == Budget::kCharged && state.unread >= kMaxUnread) {
    state.refused.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  ++state.unread;
  Cell*& cell = cells_->unread[family];
  if (cell != nullptr) {
    ++cell->holds_;
  } else {
    cell = make(nullptr, nullptr);
  }
  return static_cast<Instrument*>(cell);
}

template <class Instrument, class Retire, class Drop>
void Shard::Give(Instrument* instrument, const Retire& retire, const Drop& drop) {
  Registry::State& state = *registry_->state_;
  const std::lock_guard guard(state.lock);
  assert(instrument->shard_ == this && instrument->holds_ > 0);
  Series* const series = instrument->series_;
  if (series == nullptr) --state.unread;
  if (--instrument->holds_ > 0 || series == nullptr) return;
  series->Unlink(instrument);
  if (series->cells == nullptr) {
    state.End(series);
  } else {
    retire(*series);
  }
  drop();
}

Counter* Shard::GetCounter(Family* family, const Labels& labels, Budget budget) {
  assert(family->options.type == MetricType::kCounter);
  return Get<Counter>(family, labels, budget, [this](Series* series, Cell* next) {
    return cells_->counters.New(series, this, next);
  });
}

Gauge* Shard::GetGauge(Family* family, const Labels& labels, Budget budget) {
  assert(family->options.type == MetricType::kGauge);
  return Get<Gauge>(family, labels, budget,
                    [this](Series* series, Cell* next) { return cells_->gauges.New(series, this, next); });
}

Histogram* Shard::GetHistogram(Family* family, const Labels& labels, Budget budget) {
  assert(family->options.type == MetricType::kHistogram);
  return Get<Histogram>(family, labels, budget, [this, family](Series* series, Cell* next) {
    return new Histogram(series, this, next, family->shape);
  });
}

void Shard::Release(Counter* counter) {
  Give(
      counter, [&](Series& series) { series.retired += counter->value_.load(std::memory_order_relaxed); },
      [&] { cells_->counters.Delete(counter); });
}

void Shard::Release(Gauge* gauge) {
  Give(
      gauge, [&](Series& series) { series.retired += gauge->value_.load(std::memory_order_relaxed); },
      [&] { cells_->gauges.Delete(gauge); });
}

void Shard::Release(Histogram* histogram) {
  const auto retire = [&](Series& series) {
    HistogramTotals totals;
    histogram->Read(totals);
    if (series.retired_histogram == nullptr) {
      series.retired_histogram = std::make_unique<HistogramTotals>(std::move(totals));
    } else {
      series.retired_histogram->Add(totals);
    }
  };
  Give(histogram, retire, [&] { delete histogram; });
}

}  // namespace sidelight::metrics
