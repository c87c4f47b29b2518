#include "core/base/float_text.h"

#include <charconv>
#include <cmath>

namespace sidelight {
namespace {

constexpr size_t kLongest = 400;  // digits before or after the point, and some

std::string NotFinite(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

std::string Shortest(double value, std::chars_format format) {
  char buffer[kLongest];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format);
  return {buffer, end.ptr};
}

// The shortest digits, filled up with zeros. std::to_chars gives the digits of the exact number instead where
// these are no longer.
std::string LargeFixed(double value) {
  std::string text = Shortest(value, std::chars_format::scientific);
  const size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + 2, text.data() + text.size(), exponent);  // behind "e+"
  text.resize(e);
  const size_t point = text.find('.');
  const size_t decimals = point == std::string::npos ? 0 : e - point - 1;
  if (point != std::string::npos) text.erase(point, 1);
  return text.append(static_cast<size_t>(exponent) - decimals, '0');
}

std::string Fixed(double value) {
  constexpr double kLastExact = 9007199254740992;  // 2^53: up to here every digit counts
  return std::fabs(value) < kLastExact ? Shortest(value, std::chars_format::fixed) : LargeFixed(value);
}

}  // namespace

std::string FloatText(double value) {
  if (!std::isfinite(value)) return NotFinite(value);
  const double magnitude = std::fabs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6);
  return exponent ? Shortest(value, std::chars_format::scientific) : Fixed(value);
}

std::string PlainFloatText(double value) {
  if (!std::isfinite(value)) return NotFinite(value);
  return Fixed(value);
}

}  // namespace sidelight
