// Numbers as the text formats print them: the shortest digits that read back as the same value, in the form
// that Go's strconv.FormatFloat(v, 'g', -1, 64) gives them, since that is what every scraper's tests were
// written with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/clock.h"

namespace sidelight::wire {

// Room that each of the functions below may need; they write at `out` and return the end of what they wrote.
inline constexpr size_t kMaxNumberSize = 32;

// "0.005", "1e+06", "NaN", "+Inf", "-Inf".
char* FormatFloat(char* out, double value);

// The same, but always recognisable as a float: "1.0". For OpenMetrics.
char* FormatOpenMetricsFloat(char* out, double value);

char* FormatUint(char* out, uint64_t value);

// Seconds since 1970 with three decimals: "1520879607.789". For OpenMetrics.
char* FormatSeconds(char* out, UnixMillis time);

}  // namespace sidelight::wire
