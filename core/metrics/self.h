// Self: Sidelight's metrics about itself. They are prometheus-cpp's and join the same exposition as a Source.
//
//   auto self = std::make_shared<Self>();
//   SelfCounter& reloads = self->Counter("sidelight_config_reloads_total", "Times the configuration was
//   read."); reloads.Add(); registry.AddSource(self);
//
// The same name and labels give the same instrument again; of a name that comes twice the first help text
// counts. Thread-safe, and no dearer than a mutex here and a compare-and-swap there; still not for a tap's
// path, which has core/metrics/registry.h. The instruments live as long as the Self.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/metrics/registry.h"
#include "core/model/labels.h"
#include "core/model/snapshot.h"

namespace prometheus {
class Counter;
class Gauge;
}  // namespace prometheus

namespace sidelight::metrics {

class SelfCounter {
 public:
  explicit SelfCounter(::prometheus::Counter& counter) : counter_(counter) {}
  void Add(double v = 1);  // v >= 0
  double Value() const;

 private:
  ::prometheus::Counter& counter_;
};

class SelfGauge {
 public:
  explicit SelfGauge(::prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double v);
  void Add(double v);  // v of any sign
  double Value() const;

 private:
  ::prometheus::Gauge& gauge_;
};

class Self final : public Source {
 public:
  Self();
  ~Self() override;

  // `name` is a classic Prometheus name, a counter's ends in _total, and each name has one type; anything
  // else is a bug of the caller and asserted. Without assertions such an instrument counts, but is never
  // shown.
  SelfCounter& Counter(const std::string& name, const std::string& help, const Labels& labels = {});
  SelfGauge& Gauge(const std::string& name, const std::string& help, const Labels& labels = {});

  std::vector<MetricFamily> Collect() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sidelight::metrics
