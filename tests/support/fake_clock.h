// The clock of the tests: it moves only when told to. Thread-safe.
#pragma once

#include <atomic>

#include "core/base/clock.h"

namespace sidelight {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(UnixMillis unix_start = 1'700'000'000'000) : unix_start_(unix_start) {}

  TimePoint Now() const override { return TimePoint(Duration(elapsed_.load())); }
  UnixMillis UnixNow() const override { return unix_start_ + elapsed_.load() / 1'000'000 + step_.load(); }

  void Advance(Duration d) { elapsed_ += d.count(); }
  // Somebody set the machine's clock: only UnixNow moves, and it may move back.
  void StepWall(UnixMillis by) { step_ += by; }

 private:
  const UnixMillis unix_start_;
  std::atomic<int64_t> elapsed_{1'000'000'000};  // not the epoch: 0 often means "never" in code under test
  std::atomic<int64_t> step_{0};
};

}  // namespace sidelight
