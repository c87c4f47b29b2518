// How Prometheus' HTTP API writes moments and spans of time in its parameters.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/ .
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"

namespace sidelight::api {

// Seconds since 1970 ("1435781451.781") or RFC 3339 ("2015-07-01T20:10:51.781Z"), to the millisecond.
// Errors read as Prometheus': `cannot parse "x" to a valid timestamp`.
Result<UnixMillis> ParseTime(std::string_view text);

// The end of a span of time that may be open: as above, but a moment beyond all that there are is the last of
// them, as Prometheus' own clients ask for "ever" that way.
Result<UnixMillis> ParseEnd(std::string_view text);

// A whole number with or without a sign, as Go's strconv reads it. Errors are its own: `parsing "x": invalid
// syntax`, `parsing "9e9": value out of range`.
Result<int64_t> ParseInteger(std::string_view text);

// How many of something may come back; 0: no limit.
Result<size_t> ParseLimit(std::string_view text);

// Seconds ("15", "0.5", may be negative) or a duration ("1m30s"). Errors as above, "... a valid duration".
Result<Duration> ParseSpan(std::string_view text);

}  // namespace sidelight::api
