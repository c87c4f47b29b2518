// Moments and spans of time as Go writes them.
//
// Source: https://pkg.go.dev/time .
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sidelight::rules {

inline constexpr int64_t kNanosInSecond = 1'000'000'000;

// UTC, as a calendar has it.
struct CivilTime {
  int64_t year = 1970;
  int month = 1;  // from 1
  int day = 1;    // from 1
  int hour = 0;
  int minute = 0;
  int second = 0;
  int nanosecond = 0;
  int weekday = 4;   // 0: Sunday
  int year_day = 1;  // from 1
};
// `nanosecond` is of the second, at least 0.
CivilTime ToCivil(int64_t unix_seconds, int nanosecond);
// Seconds since 1970 at the start of that day. Months and days beyond their range flow over, as in Go's
// time.Date.
int64_t UnixOfDay(int64_t year, int64_t month, int64_t day);

// By a layout that shows how "Mon Jan 2 15:04:05 2006" would look.
std::string FormatTime(const CivilTime& time, std::string_view layout);
std::string_view MonthName(int month);
std::string_view WeekdayName(int weekday);

// "1h2m3.5s", "0s", "-1.5µs".
std::string DurationText(int64_t nanoseconds);

}  // namespace sidelight::rules
