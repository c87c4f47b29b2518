#include "rules/testing/unit_test_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace sidelight::ruletest {
namespace {

// The shortest digits that read back as the same number, always with an exponent: "1.5E+00".
std::string ValueText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> buffer;
  char* const end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  std::string text(buffer.data(), end);
  if (const size_t exponent = text.find('e'); exponent != std::string::npos) text[exponent] = 'E';
  return text;
}

}  // namespace

std::string AlertsText(std::span<const ExpectedAlert> alerts) {
  if (alerts.empty()) return "[]";
  std::string text = "[";
  for (size_t i = 0; i < alerts.size(); ++i) {
    text += fmt::format("{}\n            {}:\n              Labels:{}\n              Annotations:{}",
                        i == 0 ? "" : ",", i, alerts[i].labels.ToString(), alerts[i].annotations.ToString());
  }
  return text + "\n            ]";
}

std::string SamplesText(std::span<const ExpectedSample> samples) {
  if (samples.empty()) return "nil";
  std::string text;
  for (const ExpectedSample& sample : samples) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", sample.labels.ToString(),
                    sample.histogram != nullptr ? sample.histogram->ToTestText() : ValueText(sample.value));
  }
  return text;
}

}  // namespace sidelight::ruletest
