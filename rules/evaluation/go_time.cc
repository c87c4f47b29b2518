#include "rules/evaluation/go_time.h"

#include <array>
#include <cstdio>
#include <utility>

namespace sidelight::rules {
namespace {

constexpr int64_t kSecondsInDay = 86400;
constexpr auto kMonths =
    std::to_array<std::string_view>({"January", "February", "March", "April", "May", "June", "July", "August",
                                     "September", "October", "November", "December"});
constexpr auto kWeekdays = std::to_array<std::string_view>(
    {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"});

int64_t FloorDiv(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

enum class Part : uint8_t {
  kLongMonth,
  kShortMonth,
  kMonth,
  kMonth2,
  kLongWeekday,
  kShortWeekday,
  kDay,
  kDayBlank,
  kDay2,
  kYearDayBlank,
  kYearDay3,
  kHour,
  kHour12,
  kHour12Zero,
  kMinute,
  kMinute2,
  kSecond,
  kSecond2,
  kYear,
  kYear2,
  kPm,
  kSmallPm,
  kZoneName,
  kZoneZ,
  kZone,
  kZoneColon,
  kZoneShort,
  kZoneSeconds,
  kZoneColonSeconds,
};

// Of those that start alike the longest comes first.
constexpr auto kParts = std::to_array<std::pair<std::string_view, Part>>({
    {"January", Part::kLongMonth},
    {"Jan", Part::kShortMonth},
    {"Monday", Part::kLongWeekday},
    {"Mon", Part::kShortWeekday},
    {"MST", Part::kZoneName},
    {"002", Part::kYearDay3},
    {"01", Part::kMonth2},
    {"02", Part::kDay2},
    {"03", Part::kHour12Zero},
    {"04", Part::kMinute2},
    {"05", Part::kSecond2},
    {"06", Part::kYear2},
    {"15", Part::kHour},
    {"1", Part::kMonth},
    {"2006", Part::kYear},
    {"2", Part::kDay},
    {"__2", Part::kYearDayBlank},
    {"_2", Part::kDayBlank},
    {"3", Part::kHour12},
    {"4", Part::kMinute},
    {"5", Part::kSecond},
    {"PM", Part::kPm},
    {"pm", Part::kSmallPm},
    {"-070000", Part::kZoneSeconds},
    {"-07:00:00", Part::kZoneColonSeconds},
    {"-0700", Part::kZone},
    {"-07:00", Part::kZoneColon},
    {"-07", Part::kZoneShort},
    {"Z070000", Part::kZoneZ},
    {"Z07:00:00", Part::kZoneZ},
    {"Z0700", Part::kZoneZ},
    {"Z07:00", Part::kZoneZ},
    {"Z07", Part::kZoneZ},
});

std::string Padded(int64_t number, int width, char with = '0') {
  std::string digits = std::to_string(number < 0 ? -number : number);
  while (digits.size() < static_cast<size_t>(width)) digits.insert(0, 1, with);
  return number < 0 ? "-" + digits : digits;
}

int Hour12(int hour) {
  return hour % 12 == 0 ? 12 : hour % 12;
}

std::string Written(const CivilTime& time, Part part) {
  switch (part) {
    case Part::kLongMonth:
      return std::string(MonthName(time.month));
    case Part::kShortMonth:
      return std::string(MonthName(time.month).substr(0, 3));
    case Part::kMonth:
      return Padded(time.month, 0);
    case Part::kMonth2:
      return Padded(time.month, 2);
    case Part::kLongWeekday:
      return std::string(WeekdayName(time.weekday));
    case Part::kShortWeekday:
      return std::string(WeekdayName(time.weekday).substr(0, 3));
    case Part::kDay:
      return Padded(time.day, 0);
    case Part::kDayBlank:
      return Padded(time.day, 2, ' ');
    case Part::kDay2:
      return Padded(time.day, 2);
    case Part::kYearDayBlank:
      return Padded(time.year_day, 3, ' ');
    case Part::kYearDay3:
      return Padded(time.year_day, 3);
    case Part::kHour:
      return Padded(time.hour, 2);
    case Part::kHour12:
      return Padded(Hour12(time.hour), 0);
    case Part::kHour12Zero:
      return Padded(Hour12(time.hour), 2);
    case Part::kMinute:
      return Padded(time.minute, 0);
    case Part::kMinute2:
      return Padded(time.minute, 2);
    case Part::kSecond:
      return Padded(time.second, 0);
    case Part::kSecond2:
      return Padded(time.second, 2);
    case Part::kYear:
      return Padded(time.year, 4);
    case Part::kYear2:
      return Padded((time.year < 0 ? -time.year : time.year) % 100, 2);
    case Part::kPm:
      return time.hour >= 12 ? "PM" : "AM";
    case Part::kSmallPm:
      return time.hour >= 12 ? "pm" : "am";
    case Part::kZoneName:
      return "UTC";
    case Part::kZoneZ:
      return "Z";
    case Part::kZone:
      return "+0000";
    case Part::kZoneColon:
      return "+00:00";
    case Part::kZoneShort:
      return "+00";
    case Part::kZoneSeconds:
      return "+000000";
    case Part::kZoneColonSeconds:
      return "+00:00:00";
  }
  return {};
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// ".000", ",999": digits of the second, zeros kept or dropped at the end. 0: the layout does not start with
// it.
size_t Fraction(const CivilTime& time, std::string_view layout, std::string* out) {
  if (layout.size() < 2 || (layout[0] != '.' && layout[0] != ',') || (layout[1] != '0' && layout[1] != '9')) {
    return 0;
  }
  size_t end = 1;
  while (end < layout.size() && layout[end] == layout[1]) ++end;
  if (end < layout.size() && IsDigit(layout[end])) return 0;
  std::string digits = Padded(time.nanosecond, 9);
  digits.resize(end - 1, '0');
  if (layout[1] == '9') digits.erase(digits.find_last_not_of('0') + 1);
  if (!digits.empty()) *out += layout[0] + digits;
  return end;
}

}  // namespace

CivilTime ToCivil(int64_t unix_seconds, int nanosecond) {
  const int64_t days = FloorDiv(unix_seconds, kSecondsInDay);
  const auto second_of_day = static_cast<int>(unix_seconds - days * kSecondsInDay);
  // Days since 1 March 0000, in eras of 400 years: leap days come last then.
  constexpr int64_t kDaysTo1970 = 719468;
  constexpr int64_t kDaysInEra = 146097;
  const int64_t shifted = days + kDaysTo1970;
  const int64_t era = FloorDiv(shifted, kDaysInEra);
  const int64_t day_of_era = shifted - era * kDaysInEra;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;  // from March
  CivilTime time;
  time.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  time.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  time.year = year_of_era + era * 400 + (time.month <= 2 ? 1 : 0);
  time.hour = second_of_day / 3600;
  time.minute = second_of_day / 60 % 60;
  time.second = second_of_day % 60;
  time.nanosecond = nanosecond;
  time.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  time.year_day = static_cast<int>(days - UnixOfDay(time.year, 1, 1) / kSecondsInDay) + 1;
  return time;
}

int64_t UnixOfDay(int64_t year, int64_t month, int64_t day) {
  year += FloorDiv(month - 1, 12);
  month = (month - 1) - FloorDiv(month - 1, 12) * 12 + 1;
  if (month <= 2) --year;
  const int64_t era = FloorDiv(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return (era * 146097 + day_of_era - 719468 + day - 1) * kSecondsInDay;
}

std::string FormatTime(const CivilTime& time, std::string_view layout) {
  std::string out;
  while (!layout.empty()) {
    size_t length = Fraction(time, layout, &out);
    for (const auto& [text, part] : kParts) {
      if (length > 0) break;
      if (!layout.starts_with(text)) continue;
      // "Jan" within a word is none.
      if (part == Part::kShortMonth && layout.size() > 3 && layout[3] >= 'a' && layout[3] <= 'z') continue;
      if (part == Part::kShortWeekday && layout.size() > 3 && layout[3] >= 'a' && layout[3] <= 'z') continue;
      // "_2006" is a year behind an underscore.
      if (part == Part::kDayBlank && layout.starts_with("_2006")) continue;
      out += Written(time, part);
      length = text.size();
    }
    if (length == 0) {
      out += layout[0];
      length = 1;
    }
    layout.remove_prefix(length);
  }
  return out;
}

std::string_view MonthName(int month) {
  return kMonths[static_cast<size_t>(month - 1)];
}
std::string_view WeekdayName(int weekday) {
  return kWeekdays[static_cast<size_t>(weekday)];
}

std::string DurationText(int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  const bool negative = nanoseconds < 0;
  const uint64_t rest =
      negative ? 0 - static_cast<uint64_t>(nanoseconds) : static_cast<uint64_t>(nanoseconds);
  // So many digits behind the point at most, none of them zeros at the end.
  const auto with_fraction = [](uint64_t whole, uint64_t fraction, int digits) {
    std::string text = std::to_string(whole);
    if (fraction == 0) return text;
    text += "." + Padded(static_cast<int64_t>(fraction), digits);
    return text.substr(0, text.find_last_not_of('0') + 1);
  };
  std::string text;
  if (rest < 1000) {
    text = std::to_string(rest) + "ns";
  } else if (rest < 1'000'000) {
    text = with_fraction(rest / 1000, rest % 1000, 3) + "µs";
  } else if (rest < static_cast<uint64_t>(kNanosInSecond)) {
    text = with_fraction(rest / 1'000'000, rest % 1'000'000, 6) + "ms";
  } else {
    const uint64_t seconds = rest / kNanosInSecond;
    if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
    if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
    text += with_fraction(seconds % 60, rest % kNanosInSecond, 9) + "s";
  }
  return negative ? "-" + text : text;
}

}  // namespace sidelight::rules
