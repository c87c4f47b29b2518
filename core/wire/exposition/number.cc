#include "core/wire/exposition/number.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace sidelight::wire {
namespace {

// 'g' with the shortest precision turns to an exponent outside of these.
constexpr int kSmallestFixedExponent = -4;
constexpr int kFirstLargeExponent = 6;

constexpr double kLargestExactInteger = 0x1p53;

char* FormatInteger(char* out, uint64_t value) {
  char* const end = std::to_chars(out, out + kMaxNumberSize, value).ptr;
  const auto size = static_cast<size_t>(end - out);
  if (size <= kFirstLargeExponent) return end;
  size_t significant = size;
  while (significant > 1 && out[significant - 1] == '0') --significant;
  // The point goes behind the first digit.
  if (significant > 1) {
    std::memmove(out + 2, out + 1, significant - 1);
    out[1] = '.';
    ++significant;
  }
  out += significant;
  const size_t exponent = size - 1;
  *out++ = 'e';
  *out++ = '+';
  *out++ = static_cast<char>('0' + exponent / 10);
  *out++ = static_cast<char>('0' + exponent % 10);
  return out;
}

// `digits` has the decimal point after its first digit, times 10^exponent.
char* FormatFixed(char* out, const char* digits, int count, int exponent) {
  if (exponent < 0) {
    *out++ = '0';
    *out++ = '.';
    for (int i = -1; i > exponent; --i) *out++ = '0';
    std::memcpy(out, digits, static_cast<size_t>(count));
    return out + count;
  }
  for (int i = 0; i < count || i <= exponent; ++i) {
    if (i == exponent + 1) *out++ = '.';
    *out++ = i < count ? digits[i] : '0';
  }
  return out;
}

}  // namespace

char* FormatFloat(char* out, double value) {
  const double magnitude = std::fabs(value);
  if (magnitude < kLargestExactInteger) {
    const auto whole = static_cast<uint64_t>(magnitude);
    // Below 2^53 every integer has its own double, so no shorter digits than the integer's own would read
    // back.
    if (static_cast<double>(whole) == magnitude) {
      if (std::signbit(value)) *out++ = '-';
      return FormatInteger(out, whole);
    }
  }
  if (!std::isfinite(value)) {
    const char* word = std::isnan(value) ? "NaN" : (value > 0 ? "+Inf" : "-Inf");
    const size_t size = std::strlen(word);
    std::memcpy(out, word, size);
    return out + size;
  }
  if (value < 0) *out++ = '-';
  char* const end =
      std::to_chars(out, out + kMaxNumberSize - 1, magnitude, std::chars_format::scientific).ptr;
  char* e = end;
  while (*--e != 'e') {
  }
  int exponent = 0;
  std::from_chars(e + 2, end, exponent);
  if (e[1] == '-') exponent = -exponent;
  if (exponent < kSmallestFixedExponent || exponent >= kFirstLargeExponent) return end;

  char digits[24];
  int count = 0;
  for (const char* c = out; c != e; ++c) {
    if (*c != '.') digits[count++] = *c;
  }
  return FormatFixed(out, digits, count, exponent);
}

char* FormatOpenMetricsFloat(char* out, double value) {
  char* end = FormatFloat(out, value);
  if (!std::isfinite(value)) return end;
  if (value == 0) end = FormatFloat(out, 0.0);
  for (const char* c = out; c != end; ++c) {
    if (*c == '.' || *c == 'e') return end;
  }
  *end++ = '.';
  *end++ = '0';
  return end;
}

char* FormatUint(char* out, uint64_t value) {
  return std::to_chars(out, out + kMaxNumberSize, value).ptr;
}

char* FormatSeconds(char* out, UnixMillis time) {
  auto magnitude = static_cast<uint64_t>(time);
  if (time < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
  }
  out = FormatUint(out, magnitude / 1000);
  const uint64_t millis = magnitude % 1000;
  *out++ = '.';
  *out++ = static_cast<char>('0' + millis / 100);
  *out++ = static_cast<char>('0' + millis / 10 % 10);
  *out++ = static_cast<char>('0' + millis % 10);
  return out;
}

}  // namespace sidelight::wire
