// StoreTime: a wall clock that never steps back. When the machine's clock is set back, this goes on from
// where it was at the pace of the monotonic clock, until the machine's clock has caught up. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>

#include "core/base/clock.h"

namespace sidelight::storage {

class StoreTime {
 public:
  explicit StoreTime(const Clock& clock) : clock_(clock) {}

  UnixMillis Now();
  // Where a moment of the machine's clock that has just passed stands in this time.
  UnixMillis Place(UnixMillis wall);
  // From here on it is never less than this.
  void AtLeast(UnixMillis time);
  // How often the machine's clock stepped back by more than a moment.
  uint64_t steps() const;

 private:
  UnixMillis Turn(UnixMillis wall);

  const Clock& clock_;
  mutable std::mutex mutex_;
  bool started_ = false;
  UnixMillis last_ = 0;
  TimePoint last_at_{};
  bool behind_ = false;  // the machine's clock is behind this one
  uint64_t steps_ = 0;
};

}  // namespace sidelight::storage
