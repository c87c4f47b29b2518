// Go's time.Time and time.Duration, as toTime and toDuration give them to a template, with their methods. All
// in UTC.
//
// Source: https://pkg.go.dev/time .
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/error.h"
#include "rules/template/value.h"

namespace sidelight::rules {

// The moment so many seconds after 1970, cut to milliseconds. The error says that nanoseconds of it overflow.
Result<text_template::Value> TimeValue(double seconds);
// As Go prints that value: "2015-07-01 20:10:51.5 +0000 UTC".
Result<std::string> TimeText(double seconds);

// A span of so many seconds, cut to nanoseconds.
text_template::Value DurationValue(double seconds);
// The nanoseconds of a time.Duration that is no pointer, as methods of a time give it.
std::optional<int64_t> PlainDuration(const text_template::Value& value);

}  // namespace sidelight::rules
