#include "core/metrics/self.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cassert>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>

#include "core/metrics/bridge.h"

namespace sidelight::metrics {

void SelfCounter::Add(double v) {
  counter_.Increment(v);
}
double SelfCounter::Value() const {
  return counter_.Value();
}
void SelfGauge::Set(double v) {
  gauge_.Set(v);
}
void SelfGauge::Add(double v) {
  gauge_.Increment(v);
}
double SelfGauge::Value() const {
  return gauge_.Value();
}

namespace {

// The instruments of one kind that were handed out.
template <class Made, class Inner>
struct Handed {
  std::map<std::string, std::reference_wrapper<prometheus::Family<Inner>>, std::less<>> families;
  std::map<Inner*, Made> made;
  std::deque<Inner> never_shown;  // what wrong names get
};

template <class Made, class Inner, class Builder>
Made& GetOrMake(Handed<Made, Inner>& handed, prometheus::Registry& registry, Builder builder,
                const std::string& name, const std::string& help, const Labels& labels) {
  Inner* inner = nullptr;
  try {
    auto found = handed.families.find(name);
    if (found == handed.families.end()) {
      found = handed.families.emplace(name, builder.Name(name).Help(help).Register(registry)).first;
    }
    prometheus::Labels pairs;
    for (const Label label : labels) pairs.emplace(label.name, label.value);
    inner = &found->second.get().Add(pairs);
  } catch (const std::exception&) {
    assert(!"a metric about ourselves has a wrong name or label, or a name of another type");
    inner = &handed.never_shown.emplace_back();
  }
  return handed.made.try_emplace(inner, *inner).first->second;
}

}  // namespace

struct Self::State {
  std::mutex mutex;
  prometheus::Registry registry;
  Handed<SelfCounter, prometheus::Counter> counters;
  Handed<SelfGauge, prometheus::Gauge> gauges;
};

Self::Self() : state_(std::make_unique<State>()) {}
Self::~Self() = default;

SelfCounter& Self::Counter(const std::string& name, const std::string& help, const Labels& labels) {
  assert(name.ends_with("_total"));
  const std::lock_guard guard(state_->mutex);
  return GetOrMake(state_->counters, state_->registry, prometheus::BuildCounter(), name, help, labels);
}

SelfGauge& Self::Gauge(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard guard(state_->mutex);
  return GetOrMake(state_->gauges, state_->registry, prometheus::BuildGauge(), name, help, labels);
}

std::vector<MetricFamily> Self::Collect() const {
  return CollectFrom(state_->registry);
}

}  // namespace sidelight::metrics
