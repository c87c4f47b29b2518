// Time comes in through this interface, so that whatever depends on it is tested without sleeping
// (tests/support/fake_clock.h is the twin).
//
// Durations are measured with TimePoint, which never steps. Points in time that leave the process are
// UnixMillis, as in Prometheus. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sidelight {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;  // monotonic
using UnixMillis = int64_t;                                                      // since 1970, UTC

inline double Seconds(Duration d) {
  return static_cast<double>(d.count()) * 1e-9;
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual UnixMillis UnixNow() const = 0;
};

// The machine's clock; lives as long as the process.
const Clock& SystemClock();

// "2026-11-20T21:40:00.123Z", RFC 3339 in UTC.
std::string FormatRfc3339(UnixMillis time);
// The same in any time zone, "2015-07-01T20:10:51+02:00"; digits beyond milliseconds do not count. Nothing
// when the text is no such time.
std::optional<UnixMillis> ParseRfc3339(std::string_view text);

}  // namespace sidelight
