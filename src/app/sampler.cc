#include "src/app/sampler.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace sidelight::app {
namespace {

constexpr int64_t kEarly = 5;  // milliseconds

}  // namespace

Sampler::Sampler(metrics::Registry& registry, storage::Store& store, Labels target, Duration interval,
                 metrics::Self& self, net::EventLoop& loop)
    : registry_(registry),
      store_(store),
      appender_(store, std::move(target)),
      interval_(std::chrono::duration_cast<std::chrono::milliseconds>(interval).count()),
      loop_(loop),
      turns_(
          self.Counter("sidelight_samplings_total", "Times that all series were sampled into the storage.")),
      missed_(self.Counter("sidelight_samplings_missed_total",
                           "Times that sampling was left out because the one before took too long.")),
      seconds_(self.Counter("sidelight_sampling_seconds_total",
                            "Time that sampling took, upkeep of the storage included.")) {}

void Sampler::Start() {
  last_turn_ = loop_.FreshNow();
  Schedule();
}

void Sampler::Schedule() {
  const UnixMillis now = loop_.clock().UnixNow();
  const UnixMillis before = next_;
  // The early part of an interval belongs to the multiple that has just been served.
  next_ = (now + kEarly) / interval_ * interval_ + interval_;
  if (next_ == before) next_ += interval_;
  loop_.RunAfter(std::chrono::milliseconds(next_ - kEarly - now), [this] { Turn(); });
}

void Sampler::Turn() {
  const TimePoint begun = loop_.FreshNow();
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(begun - last_turn_).count();
  const int64_t intervals = (passed + interval_ / 2) / interval_;
  if (intervals > 1) missed_.Add(static_cast<double>(intervals - 1));
  last_turn_ = begun;
  Sample(next_);
  seconds_.Add(Seconds(loop_.FreshNow() - begun));
  Schedule();
}

void Sampler::Sample(UnixMillis at) {
  turns_.Add();
  const TimePoint begun = loop_.FreshNow();
  // Series that have ended leave the registry with the sample that marks them stale.
  const std::shared_ptr<const Snapshot> snapshot = registry_.Sample();
  // A clock that was set back since the turn was planned makes the multiple lie in the future.
  const bool planned = at >= snapshot->time && at - snapshot->time <= 2 * kEarly;
  const UnixMillis time = appender_.Append(*snapshot, planned ? at : snapshot->time).time;
  sampled_(time, loop_.FreshNow() - begun);
  store_.Maintain(store_.Now());
}

void Sampler::SampleNow() {
  Sample(loop_.clock().UnixNow());
}

}  // namespace sidelight::app
