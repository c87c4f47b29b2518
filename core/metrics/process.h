// Process metrics, under the names that Prometheus' client libraries give them: CPU seconds, resident and
// virtual memory, open and allowed file descriptors, start time. Read from /proc when they are collected.
//
// What cannot be read is left out, family by family. Thread-safe.
// Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics .
#pragma once

#include <string>
#include <vector>

#include "core/metrics/registry.h"
#include "core/model/snapshot.h"

namespace sidelight::metrics {

class ProcessSource final : public Source {
 public:
  // `proc` is the folder where the proc file system is mounted.
  explicit ProcessSource(std::string proc = "/proc");

  std::vector<MetricFamily> Collect() const override;

 private:
  const std::string proc_;
  const double ticks_per_second_;
  const double page_bytes_;
};

}  // namespace sidelight::metrics
