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

}  // namespace

std::string FloatText(double value) {
  if (!std::isfinite(value)) return NotFinite(value);
  const double magnitude = std::fabs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6);
  return Shortest(value, exponent ? std::chars_format::scientific : std::chars_format::fixed);
}

std::string PlainFloatText(double value) {
  if (!std::isfinite(value)) return NotFinite(value);
  return Shortest(value, std::chars_format::fixed);
}

}  // namespace sidelight
