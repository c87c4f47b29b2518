#include "core/yaml/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/yaml/source.h"
#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

tl::unexpected<Error> Wrong(std::string why) {
  return Fail(ErrorCode::kInvalidArgument, std::move(why));
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

size_t LeadingDigits(std::string_view text) {
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsDigit) - text.begin());
}

// Of the digits of a whole number without its sign.
Result<uint64_t> ParseDigits(std::string_view digits) {
  if (digits.empty() || LeadingDigits(digits) != digits.size())
    return Wrong("only the digits 0 to 9 may stand in it");
  if (digits.size() > 1 && digits[0] == '0') return Wrong("it begins with a zero; numbers are decimal");
  uint64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc()) {
    return Wrong("it is too large");
  }
  return value;
}

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr std::array kByteUnits = {
    Unit{"B", 1},
    Unit{"KiB", 1ULL << 10},
    Unit{"MiB", 1ULL << 20},
    Unit{"GiB", 1ULL << 30},
    Unit{"TiB", 1ULL << 40},
};

// From the longest to the shortest, which is the order that they must stand in.
constexpr uint64_t kSecond = 1'000'000'000;
constexpr std::array kDurationUnits = {
    Unit{"y", 365 * 86400 * kSecond}, Unit{"w", 7 * 86400 * kSecond}, Unit{"d", 86400 * kSecond},
    Unit{"h", 3600 * kSecond},        Unit{"m", 60 * kSecond},        Unit{"s", kSecond},
    Unit{"ms", kSecond / 1000},
};

}  // namespace

Result<uint64_t> ParseUint(std::string_view text) {
  if (text.starts_with('-') && ParseDigits(text.substr(1))) return Wrong("it must not be negative");
  return ParseDigits(text);
}

Result<int64_t> ParseInt(std::string_view text) {
  const bool negative = text.starts_with('-');
  const Result<uint64_t> magnitude = ParseDigits(negative ? text.substr(1) : text);
  if (!magnitude) return tl::unexpected<Error>(magnitude.error());
  const uint64_t limit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) + (negative ? 1 : 0);
  if (*magnitude > limit) return Wrong(negative ? "it is too small" : "it is too large");
  return static_cast<int64_t>(negative ? ~*magnitude + 1 : *magnitude);
}

Result<double> ParseDouble(std::string_view text) {
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const size_t whole = LeadingDigits(digits);
  if (whole == 0 || (whole > 1 && digits[0] == '0')) return Wrong("write it in decimal, such as 0.5 or 10");
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return Wrong("it is too large or too small");
  if (error != std::errc() || end != text.data() + text.size() || text.ends_with('.')) {
    return Wrong("write it in decimal, such as 0.5 or 10");
  }
  return value;
}

Result<uint64_t> ParseBytes(std::string_view text) {
  const size_t n = LeadingDigits(text);
  const Result<uint64_t> count = ParseDigits(text.substr(0, n));
  if (!count) return n == 0 ? Wrong("write a number and B, KiB, MiB, GiB or TiB") : count;
  const std::string_view name = n == text.size() ? "B" : text.substr(n);
  for (const Unit& unit : kByteUnits) {
    if (unit.name != name) continue;
    if (*count > std::numeric_limits<uint64_t>::max() / unit.factor) return Wrong("it is too large");
    return *count * unit.factor;
  }
  return Wrong("its unit must be B, KiB, MiB, GiB or TiB");
}

// The syntax of Prometheus' model.ParseDuration: each unit once, from the longest to the shortest.
Result<Duration> ParseDurationText(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return Wrong("it is empty");
  if (text.starts_with('-')) return Wrong("it must not be negative");
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  uint64_t total = 0;
  auto next_unit = kDurationUnits.begin();
  while (!text.empty()) {
    const size_t n = LeadingDigits(text);
    if (n == 0) return Wrong("write whole numbers, each with one of the units y, w, d, h, m, s, ms");
    uint64_t count = 0;
    if (std::from_chars(text.data(), text.data() + n, count).ec != std::errc())
      return Wrong("it is too long");
    text.remove_prefix(n);
    const size_t letters =
        static_cast<size_t>(std::find_if(text.begin(), text.end(), IsDigit) - text.begin());
    if (letters == 0) return Wrong("its unit is missing: y, w, d, h, m, s or ms");
    const std::string_view name = text.substr(0, letters);
    text.remove_prefix(letters);
    const auto named = [&](const Unit& unit) { return unit.name == name; };
    if (std::none_of(kDurationUnits.begin(), kDurationUnits.end(), named)) {
      return Wrong("its units must be among y, w, d, h, m, s and ms");
    }
    const auto unit = std::find_if(next_unit, kDurationUnits.end(), named);
    if (unit == kDurationUnits.end())
      return Wrong("each unit may stand once, the longest first, as in 1h30m");
    next_unit = unit + 1;
    if (count > (kMax - total) / unit->factor) return Wrong("it is too long; the longest is 292y");
    total += count * unit->factor;
  }
  return Duration(static_cast<int64_t>(total));
}

Result<Duration> ParseDuration(std::string_view text) {
  Result<Duration> parsed = ParseDurationText(text);
  if (parsed) return parsed;
  return Wrong(
      fmt::format("{} is no duration such as 5s or 1h30m: {}", Quoted(text), parsed.error().message));
}

}  // namespace sidelight::yaml
