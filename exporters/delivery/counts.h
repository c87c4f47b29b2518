// What is counted of the queue and of the deliveries; docs/metrics.md describes them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/metrics/registry.h"
#include "core/metrics/self.h"
#include "exporters/delivery/queue.h"
#include "exporters/delivery/request.h"

namespace sidelight::delivery {

// What was let go, by destination and reason. Any thread.
class DropCounts {
 public:
  explicit DropCounts(metrics::Self& self) : self_(self) {}
  // 0 entries: so that all reasons of the destination are there, at zero.
  void Add(const Destination& destination, DropReason reason, uint64_t entries, uint64_t points);
  // Points that got into no request.
  void AddPoints(const Destination& destination, DropReason reason, uint64_t points);

 private:
  metrics::Self& self_;
};

// Of one destination; references to what `self` owns.
struct DeliveryCounts {
  DeliveryCounts(metrics::Self& self, const Destination& destination);

  metrics::SelfCounter& points_sent;
  metrics::SelfCounter& points_rejected;  // in requests that were taken all the same
  metrics::SelfCounter& delivered;        // requests, by what became of them
  metrics::SelfCounter& retry;
  metrics::SelfCounter& refused;
  metrics::SelfCounter& retries;  // requests that had been sent before
  metrics::SelfCounter& seconds;  // that requests took
  metrics::SelfGauge& failing;
  metrics::SelfGauge& breaker_open;
};

// What waits, at the moment of the scrape. Destinations that are not configured any more are among them.
class QueueSource final : public metrics::Source {
 public:
  // Both outlive the source.
  explicit QueueSource(const Queue& queue, const Clock& clock = SystemClock())
      : queue_(queue), clock_(clock) {}
  std::vector<MetricFamily> Collect() const override;

 private:
  const Queue& queue_;
  const Clock& clock_;
};

}  // namespace sidelight::delivery
