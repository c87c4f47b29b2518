#include "core/base/clock.h"

#include <fmt/format.h>

#include <ctime>

namespace sidelight {
namespace {

class RealClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
  UnixMillis UnixNow() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

// Takes what it reads off the text's front; anything but digits makes all that follows fail.
class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}

  int Number(size_t digits, int least, int most) {
    int value = 0;
    if (rest_.size() < digits) return Fail();
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return Fail();
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value < least || value > most ? Fail() : value;
  }
  void Expect(char c) {
    if (!Take(c)) Fail();
  }
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // The first three of the digits that follow, at least one.
  int Millis() {
    int value = 0;
    int weight = 100;
    size_t n = 0;
    for (; n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9'; ++n, weight /= 10) {
      value += (rest_[n] - '0') * weight;
    }
    rest_.remove_prefix(n);
    return n == 0 ? Fail() : value;
  }
  bool all_read() const { return good_ && rest_.empty(); }

 private:
  int Fail() {
    good_ = false;
    return 0;
  }
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

const Clock& SystemClock() {
  static const RealClock& clock = *new RealClock();  // threads may outlive main()
  return clock;
}

std::string FormatRfc3339(UnixMillis time) {
  UnixMillis seconds = time / 1000;
  UnixMillis millis = time % 1000;
  if (millis < 0) {
    millis += 1000;
    --seconds;
  }
  const std::time_t t = seconds;
  std::tm utc{};
  gmtime_r(&t, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, millis);
}

std::optional<UnixMillis> ParseRfc3339(std::string_view text) {
  Digits digits(text);
  const int year = digits.Number(4, 0, 9999);
  digits.Expect('-');
  const int month = digits.Number(2, 1, 12);
  digits.Expect('-');
  const int day = digits.Number(2, 1, 31);
  digits.Expect('T');
  const int hour = digits.Number(2, 0, 23);
  digits.Expect(':');
  const int minute = digits.Number(2, 0, 59);
  digits.Expect(':');
  const int second = digits.Number(2, 0, 59);
  const int millis = digits.Take('.') ? digits.Millis() : 0;
  int east = 0;  // minutes
  if (!digits.Take('Z')) {
    const bool west = digits.Take('-');
    if (!west) digits.Expect('+');
    east = digits.Number(2, 0, 23) * 60;
    digits.Expect(':');
    east += digits.Number(2, 0, 59);
    if (west) east = -east;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!digits.all_read() || !date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute - east) * 60 + second) * 1000 + millis;
}

}  // namespace sidelight
