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
