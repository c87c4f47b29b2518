// Sampler: the sampling loop. At every full multiple of the interval the registry's snapshot goes into the
// store, and the store is maintained.
//
// The snapshot is taken a few milliseconds early and stored under the multiple itself. So the times of
// samples lie evenly, which takes the least memory, and whatever the snapshot has counted began before its
// time, so that a new counter's first zero finds its place. A turn that comes late, on a machine that is
// short of CPU, is stored under the time at which it came.
//
// Everything runs on the loop's thread. Registry, store, self and loop outlive it.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "core/base/clock.h"
#include "core/metrics/registry.h"
#include "core/metrics/self.h"
#include "core/model/labels.h"
#include "core/net/event_loop.h"
#include "core/storage/snapshot_appender.h"
#include "core/storage/store.h"

namespace sidelight::app {

class Sampler {
 public:
  // `target` are the labels that every series gets: job and instance.
  Sampler(metrics::Registry& registry, storage::Store& store, Labels target, Duration interval,
          metrics::Self& self, net::EventLoop& loop);
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  // Called on the loop's thread when a sample is in the store, with its time there and how long it took.
  // Before Start().
  void OnSampled(std::function<void(UnixMillis, Duration)> sampled) { sampled_ = std::move(sampled); }
  // The first sample comes at the next multiple.
  void Start();
  // One more sample, now, for when the process ends. Only when the loop has stopped.
  void SampleNow();

 private:
  void Schedule();
  void Turn();
  void Sample(UnixMillis at);

  metrics::Registry& registry_;
  storage::Store& store_;
  storage::SnapshotAppender appender_;
  const int64_t interval_;  // milliseconds
  net::EventLoop& loop_;
  UnixMillis next_ = 0;  // the multiple that is waited for
  TimePoint last_turn_;
  std::function<void(UnixMillis, Duration)> sampled_ = [](UnixMillis, Duration) {};
  metrics::SelfCounter& turns_;
  metrics::SelfCounter& missed_;
  metrics::SelfCounter& seconds_;
};

}  // namespace sidelight::app
