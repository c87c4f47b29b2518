// What is counted of one Alertmanager, under the meanings that Prometheus' prometheus_notifications_ metrics
// have. docs/metrics.md describes them.
#pragma once

#include <string>

#include "core/metrics/self.h"

namespace sidelight::alertmanager {

// Alerts that were let go, by the reason that the label says; of all Alertmanagers together.
struct Dropped {
  explicit Dropped(metrics::Self& self);

  metrics::SelfCounter& overflow;    // the queue was full
  metrics::SelfCounter& failed;      // their batch failed
  metrics::SelfCounter& relabelled;  // alert_relabel_configs said so
  metrics::SelfCounter& stopped;     // still queued when the process, or their Alertmanager, went
};

// References to what `self` owns.
struct Counts {
  Counts(metrics::Self& self, const std::string& alertmanager);

  metrics::SelfCounter& sent;     // alerts in requests, whatever became of them
  metrics::SelfCounter& errors;   // those of them whose request failed
  metrics::SelfCounter& batches;  // requests
  metrics::SelfCounter& latency;  // seconds that they took
  metrics::SelfGauge& queue_length;
  Dropped dropped;
};

}  // namespace sidelight::alertmanager
