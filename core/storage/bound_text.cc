#include "core/storage/bound_text.h"

#include <charconv>
#include <cmath>

namespace sidelight::storage {
namespace {

constexpr size_t kLongest = 32;
// Below the first, and from the second on, 'g' writes an exponent.
constexpr double kSmallestPlain = 1e-4;
constexpr double kFirstLarge = 1e6;

}  // namespace

std::string BoundText(double bound) {
  if (std::isnan(bound)) return "NaN";
  if (std::isinf(bound)) return bound > 0 ? "+Inf" : "-Inf";
  const double magnitude = std::fabs(bound);
  const bool plain = bound == 0 || (magnitude >= kSmallestPlain && magnitude < kFirstLarge);
  char text[kLongest];
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  return {text, std::to_chars(text, text + kLongest, bound, format).ptr};
}

}  // namespace sidelight::storage
