// Families: metric families put together one value after the other, for the sources of what a part of the
// process says about itself.
//
//   Families out;
//   out.Gauge("sidelight_storage_series", "...").Value(stats.series);
//   out.Counter("sidelight_...", "...").Add({{"reason", "limit"}}, 3);
//   return out.Take();
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/model/labels.h"
#include "core/model/snapshot.h"

namespace sidelight::app {

class Families {
 public:
  // Starts a family; Add() and Value() fill it.
  Families& Gauge(std::string name, std::string help) {
    return Begin(std::move(name), std::move(help), MetricType::kGauge);
  }
  Families& Counter(std::string name, std::string help) {
    return Begin(std::move(name), std::move(help), MetricType::kCounter);
  }
  template <class Number>
  Families& Value(Number value) {
    return Add(Labels(), value);
  }
  // Labels in their order.
  template <class Number>
  Families& Add(Labels labels, Number value) {
    Metric& metric = families_.back().metrics.emplace_back();
    metric.labels = std::move(labels);
    metric.value = static_cast<double>(value);
    return *this;
  }
  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  Families& Begin(std::string name, std::string help, MetricType type) {
    families_.push_back(
        {.name = std::move(name), .help = std::move(help), .unit = {}, .type = type, .metrics = {}});
    return *this;
  }
  std::vector<MetricFamily> families_;
};

}  // namespace sidelight::app
