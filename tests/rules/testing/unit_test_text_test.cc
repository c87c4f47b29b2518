#include "rules/testing/unit_test_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

namespace sidelight::ruletest {
namespace {

TEST(UnitTestText, Alerts) {
  EXPECT_EQ(AlertsText({}), "[]");
  const ExpectedAlert alerts[] = {
      {.labels = Labels{{"alertname", "Down"}, {"job", "api"}}, .annotations = Labels{{"text", "a \"b\"\n"}}},
      {.labels = Labels{{"alertname", "Down"}}, .annotations = {}},
  };
  EXPECT_EQ(AlertsText(alerts), R"([
            0:
              Labels:{alertname="Down", job="api"}
              Annotations:{text="a \"b\"\n"},
            1:
              Labels:{alertname="Down"}
              Annotations:{}
            ])");
}

TEST(UnitTestText, Samples) {
  const struct {
    double value;
    std::string_view text;
  } cases[] = {
      {0, "0E+00"},       {-0.0, "-0E+00"},    {1, "1E+00"},          {1.5, "1.5E+00"},
      {-300, "-3E+02"},   {0.1, "1E-01"},      {1e300, "1E+300"},     {-1.5e-300, "-1.5E-300"},
      {INFINITY, "+Inf"}, {-INFINITY, "-Inf"}, {std::nan(""), "NaN"}, {0.1 + 0.2, "3.0000000000000004E-01"},
      {5e-324, "5E-324"},
  };
  for (const auto& c : cases) {
    const ExpectedSample sample{.labels = {}, .value = c.value, .histogram = nullptr};
    EXPECT_EQ(SamplesText({&sample, 1}), "{} " + std::string(c.text)) << c.value;
  }
  EXPECT_EQ(SamplesText({}), "nil");
  const auto histogram = std::make_shared<const FloatHistogram>();
  const ExpectedSample samples[] = {
      {.labels = Labels{{"__name__", "up"}, {"job", "a"}}, .value = 1, .histogram = nullptr},
      {.labels = Labels{{"job", "b"}}, .value = 0, .histogram = histogram},
  };
  EXPECT_EQ(SamplesText(samples),
            "{__name__=\"up\", job=\"a\"} 1E+00, {job=\"b\"} " + histogram->ToTestText());
}

}  // namespace
}  // namespace sidelight::ruletest
