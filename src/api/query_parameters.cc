#include "src/api/query_parameters.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "rules/promql/parser.h"
#include "rules/promql/printer.h"

namespace sidelight::api {
namespace {

// So that times can be subtracted from each other and windows from times.
constexpr UnixMillis kLast = int64_t{1} << 62;
constexpr UnixMillis kFirst = -kLast;
constexpr double kLastSecond = static_cast<double>(kLast) / 1000;

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

Result<UnixMillis> ParseEnd(std::string_view text) {
  // As Go prints the two, in years that RFC 3339 does not know.
  if (text == "-292273086-05-16T16:47:06Z") return kFirst;
  if (text == "292277025-08-18T07:12:54.999999999Z") return kLast;
  if (const auto seconds = ParseNumber(text)) {
    if (*seconds <= -kLastSecond) return kFirst;
    if (*seconds >= kLastSecond) return kLast;
  }
  return ParseTime(text);
}

Result<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const std::string_view digits = text.starts_with('+') && !text.starts_with("+-") ? text.substr(1) : text;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (stop == end && error == std::errc()) return value;
  const bool is_number = stop == end && error == std::errc::result_out_of_range;
  return Fail(ErrorCode::kInvalidArgument, fmt::format("parsing {}: {}", promql::Quote(text),
                                                       is_number ? "value out of range" : "invalid syntax"));
}

Result<size_t> ParseLimit(std::string_view text) {
  const Result<int64_t> limit = ParseInteger(text);
  if (!limit) return Fail(ErrorCode::kInvalidArgument, "strconv.Atoi: " + limit.error().message);
  if (*limit < 0) return Fail(ErrorCode::kInvalidArgument, "limit must be non-negative");
  return static_cast<size_t>(*limit);
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
