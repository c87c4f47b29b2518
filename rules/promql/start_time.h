// What start timestamps tell of a counter: when it was reset, and when it began.
#pragma once

#include <span>

#include "core/base/clock.h"

namespace sidelight::promql {

// A sample's time and its start timestamp (0: none).
struct Stamp {
  UnixMillis time = 0;
  UnixMillis start = 0;
};

// Whether the counter began anew between two neighbouring samples: its start lies between them; or it is the
// time of the former itself, and the former had a start of its own before that (deltas, one behind the
// other).
bool ResetByStart(const Stamp& before, const Stamp& now);
// A start that lies before the sample before it, and is not that one's start too: both cannot be true.
bool OverlapsByStart(const Stamp& before, const Stamp& now);
// The sample's counter was zero at its start, and that lies within the range, behind `range_start`.
bool BeganWithin(const Stamp& first, UnixMillis range_start);

// The i-th; `starts` may be empty.
inline Stamp StampOf(std::span<const UnixMillis> times, std::span<const UnixMillis> starts, size_t i) {
  return {times[i], starts.empty() ? 0 : starts[i]};
}

}  // namespace sidelight::promql
