#include "rules/evaluation/alert_humanize.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string_view>

namespace sidelight::rules {
namespace {

// As %.4g in Go.
std::string FourDigits(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", number);
  return text;
}

// In thousandths of thousandths, until it is at least 1.
std::string Small(double number, std::string_view unit) {
  char prefix = '\0';
  for (const char next : std::string_view("munpfazy")) {
    if (std::fabs(number) >= 1) break;
    prefix = next;
    number *= 1000;
  }
  std::string text = FourDigits(number);
  if (prefix != '\0') text += prefix;
  return text.append(unit);
}

bool IsPlain(double number) {
  return number == 0 || std::isnan(number) || std::isinf(number);
}

}  // namespace

std::string Humanize(double number) {
  if (IsPlain(number)) return FourDigits(number);
  if (std::fabs(number) < 1) return Small(number, "");
  char prefix = '\0';
  for (const char next : std::string_view("kMGTPEZY")) {
    if (std::fabs(number) < 1000) break;
    prefix = next;
    number /= 1000;
  }
  std::string text = FourDigits(number);
  if (prefix != '\0') text += prefix;
  return text;
}

std::string Humanize1024(double number) {
  if (IsPlain(number) || std::fabs(number) <= 1) return FourDigits(number);
  char prefix = '\0';
  for (const char next : std::string_view("kMGTPEZY")) {
    if (std::fabs(number) < 1024) break;
    prefix = next;
    number /= 1024;
  }
  std::string text = FourDigits(number);
  if (prefix != '\0') text.append(1, prefix).append("i");
  return text;
}

std::string HumanizeDuration(double seconds) {
  if (std::isnan(seconds) || std::isinf(seconds)) return FourDigits(seconds);
  if (seconds == 0) return FourDigits(seconds) + "s";
  if (std::fabs(seconds) < 1) return Small(seconds, "s");
  std::string text = seconds < 0 ? "-" : "";
  seconds = std::fabs(seconds);
  constexpr double kTwoTo63 = 9223372036854775808.0;
  // Beyond all that fit: what Go's conversion gives on the machines that it mostly runs on.
  const int64_t whole =
      seconds < kTwoTo63 ? static_cast<int64_t>(seconds) : std::numeric_limits<int64_t>::min();
  const int64_t days = whole / 60 / 60 / 24;
  const int64_t hours = whole / 60 / 60 % 24;
  const int64_t minutes = whole / 60 % 60;
  if (days == 0 && hours == 0 && minutes == 0) return text + FourDigits(seconds) + "s";
  if (days != 0) text += std::to_string(days) + "d ";
  if (days != 0 || hours != 0) text += std::to_string(hours) + "h ";
  return text + std::to_string(minutes) + "m " + std::to_string(whole % 60) + "s";
}

std::string HumanizePercentage(double ratio) {
  return FourDigits(ratio * 100) + "%";
}

}  // namespace sidelight::rules
