// When a server wants to be asked again.
// Source: RFC 9110 section 10.2.3.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/clock.h"

namespace sidelight::http {

// The value of a Retry-After header, seconds or a date, as the time from `now` on; 0 when the date is past.
// Nothing when it is neither.
std::optional<Duration> ParseRetryAfter(std::string_view value, UnixMillis now);

}  // namespace sidelight::http
