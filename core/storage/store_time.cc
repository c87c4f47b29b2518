#include "core/storage/store_time.h"

#include <algorithm>
#include <chrono>

namespace sidelight::storage {
namespace {

// Clocks that are disciplined run a little slower or faster than the monotonic one: no step.
constexpr UnixMillis kStep = 500;

}  // namespace

UnixMillis StoreTime::Now() {
  const std::lock_guard guard(mutex_);
  return Turn(clock_.UnixNow());
}

UnixMillis StoreTime::Place(UnixMillis wall) {
  const std::lock_guard guard(mutex_);
  const UnixMillis now = clock_.UnixNow();
  return wall + (Turn(now) - now);
}

UnixMillis StoreTime::Turn(UnixMillis wall) {
  const TimePoint at = clock_.Now();
  if (!started_) {
    started_ = true;
    last_ = wall;
  } else {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(at - last_at_);
    const UnixMillis expected = last_ + passed.count();
    const bool behind = wall < expected - kStep;
    if (behind && !behind_) ++steps_;
    behind_ = behind;
    // What is less than a millisecond must not get lost between two calls that follow closely.
    if (behind) {
      last_at_ += passed;
      last_ = expected;
      return last_;
    }
    last_ = std::max(last_, wall);
  }
  last_at_ = at;
  return last_;
}

void StoreTime::AtLeast(UnixMillis time) {
  const std::lock_guard guard(mutex_);
  if (started_ && time <= last_) return;
  started_ = true;
  last_ = time;
  last_at_ = clock_.Now();
}

uint64_t StoreTime::steps() const {
  const std::lock_guard guard(mutex_);
  return steps_;
}

}  // namespace sidelight::storage
