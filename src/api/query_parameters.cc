#include "src/api/query_parameters.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "rules/promql/parser.h"

namespace sidelight::api {
namespace {

// So that times can be subtracted from each other and windows from times.
constexpr double kLastSecond = static_cast<double>(int64_t{1} << 62) / 1000;

std::optional<double> ParseNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

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

}  // namespace

Result<UnixMillis> ParseTime(std::string_view text) {
  if (const auto seconds = ParseNumber(text)) {
    if (std::abs(*seconds) < kLastSecond) return std::llround(*seconds * 1000);
  } else if (const auto time = ParseRfc3339(text)) {
    return *time;
  }
  return Fail(ErrorCode::kInvalidArgument, fmt::format("cannot parse \"{}\" to a valid timestamp", text));
}

Result<Duration> ParseSpan(std::string_view text) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const auto wrong = [&](std::string_view more) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("cannot parse \"{}\" to a valid duration{}", text, more));
  };
  if (const auto seconds = ParseNumber(text)) {
    const double nanos = *seconds * 1e9;
    if (std::isnan(nanos)) return wrong("");
    if (std::abs(nanos) >= static_cast<double>(kMost)) return wrong(". It overflows int64");
    return Duration(static_cast<int64_t>(nanos));
  }
  const Result<int64_t> millis = promql::ParseDuration(text);
  if (!millis) return wrong("");
  if (*millis > kMost / 1'000'000) return wrong(". It overflows int64");
  return std::chrono::milliseconds(*millis);
}

}  // namespace sidelight::api
