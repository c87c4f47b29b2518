#include "core/http/retry_after.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <string>

namespace sidelight::http {

namespace {

// RFC 9110 section 5.6.7: the one that is to be written, and two that are to be understood as well.
constexpr const char* kForms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                  "%a %b %d %H:%M:%S %Y"};

// Seconds since 1970.
std::optional<int64_t> ParseDate(const std::string& text) {
  for (const char* const form : kForms) {
    std::tm date{};
    // The program never leaves the C locale, whose names of days and months are those of HTTP.
    const char* const end = strptime(text.c_str(), form, &date);
    if (end == text.c_str() + text.size()) return int64_t{timegm(&date)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Duration> ParseRetryAfter(std::string_view value, UnixMillis now) {
  constexpr int64_t kMostSeconds = 366 * 24 * 3600;
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  if (!value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos) {
    int64_t seconds = kMostSeconds;  // stays when there are too many digits
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    return std::chrono::seconds(std::min(seconds, kMostSeconds));
  }
  const std::optional<int64_t> date = ParseDate(std::string(value));
  if (!date) return std::nullopt;
  return std::chrono::milliseconds(std::clamp<int64_t>(*date * 1000 - now, 0, kMostSeconds * 1000));
}

}  // namespace sidelight::http
