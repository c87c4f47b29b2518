// Durations as text, in both directions.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "rules/promql/parser.h"
#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

struct Unit {
  std::string_view name;
  int64_t millis;
};
// In the order in which they may stand.
constexpr auto kUnits = std::to_array<Unit>({{"y", 365LL * 24 * 60 * 60 * 1000},
                                             {"w", 7LL * 24 * 60 * 60 * 1000},
                                             {"d", 24LL * 60 * 60 * 1000},
                                             {"h", 60LL * 60 * 1000},
                                             {"m", 60LL * 1000},
                                             {"s", 1000},
                                             {"ms", 1}});

}  // namespace

Result<int64_t> ParseDuration(std::string_view text) {
  if (text.empty()) return Fail(ErrorCode::kInvalidArgument, "empty duration string");
  if (text == "0") return 0;
  const auto invalid = [&] {
    return Fail(ErrorCode::kInvalidArgument, "not a valid duration string: " + Quote(text));
  };
  constexpr int64_t kLongest = std::numeric_limits<int64_t>::max() / 1'000'000;  // its nanoseconds fit
  int64_t millis = 0;
  size_t unit = 0;
  bool too_long = false;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at < end) {
    uint64_t count = 0;
    const auto [digits_end, ec] = std::from_chars(at, end, count);
    if (digits_end == at) return invalid();
    const std::string_view left(digits_end, static_cast<size_t>(end - digits_end));
    const size_t letters = std::min(left.find_first_of("0123456789"), left.size());
    while (unit < kUnits.size() && kUnits[unit].name != left.substr(0, letters)) ++unit;
    if (unit == kUnits.size()) return invalid();
    const int64_t scale = kUnits[unit++].millis;
    if (ec != std::errc() || count > static_cast<uint64_t>((kLongest - millis) / scale)) {
      too_long = true;
    } else {
      millis += static_cast<int64_t>(count) * scale;
    }
    at = digits_end + letters;
  }
  if (too_long) return Fail(ErrorCode::kInvalidArgument, "duration out of range");
  return millis;
}

std::string FormatDuration(int64_t millis) {
  if (millis == 0) return "0s";
  std::string out = millis < 0 ? "-" : "";
  uint64_t left = millis < 0 ? 0 - static_cast<uint64_t>(millis) : static_cast<uint64_t>(millis);
  for (const Unit& unit : kUnits) {
    const auto scale = static_cast<uint64_t>(unit.millis);
    // Years and weeks only when they come out even: 90d is easier to read than 12w6d.
    const bool only_even = unit.name == "y" || unit.name == "w";
    if (left < scale || (only_even && left % scale != 0)) continue;
    out.append(std::to_string(left / scale)).append(unit.name);
    left %= scale;
  }
  return out;
}

}  // namespace sidelight::promql
