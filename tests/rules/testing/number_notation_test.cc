#include "rules/testing/number_notation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sidelight::promqltest {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(NumberNotation, TakesTheNumberThatTheTextBeginsWith) {
  struct Case {
    std::string_view text;
    double value;
    std::string_view rest;
  };
  const Case cases[] = {
      {"5", 5, ""},          {"-1.5", -1.5, ""},    {"+2", 2, ""},       {"1e3", 1000, ""},
      {".5", .5, ""},        {"5.", 5, ""},         {"5x3", 5, "x3"},    {"0+10x2", 0, "+10x2"},
      {"1-1x3", 1, "-1x3"},  {"1e3x2", 1000, "x2"}, {"1e+3", 1000, ""},  {"1e-3 7", .001, " 7"},
      {"1e", 1, "e"},        {"Inf", kInf, ""},     {"-inf", -kInf, ""}, {"+INF 2", kInf, " 2"},
      {"Inf+1", kInf, "+1"}, {"0x1f", 0, "x1f"},
  };
  for (const Case& c : cases) {
    std::string_view text = c.text;
    const std::optional<double> value = TakeNumber(&text);
    ASSERT_TRUE(value.has_value()) << c.text;
    EXPECT_EQ(*value, c.value) << c.text;
    EXPECT_EQ(text, c.rest) << c.text;
  }
  for (const std::string_view nan : {"NaN", "nan", "-NAN"}) {
    std::string_view text = nan;
    const std::optional<double> value = TakeNumber(&text);
    EXPECT_TRUE(value && std::isnan(*value)) << nan;
  }
}

TEST(NumberNotation, LeavesWhatBeginsWithNoNumber) {
  for (const std::string_view given :
       {"", "x", "-", "+", ".", "e5", "-x", "NaNx3", "Infinity", "nan_total", "1e999", "_", "stale"}) {
    std::string_view text = given;
    EXPECT_FALSE(TakeNumber(&text).has_value()) << given;
    EXPECT_EQ(text, given);
  }
}

TEST(NumberNotation, ParsesWholeTexts) {
  struct Case {
    std::string_view text;
    std::optional<double> value;
  };
  const Case cases[] = {{"3", 3},
                        {"-0.5", -.5},
                        {"+Inf", kInf},
                        {"0x1f", 31},
                        {"-0X1F", -31},
                        {"0x", std::nullopt},
                        {"0xg", std::nullopt},
                        {"3 ", std::nullopt},
                        {"3a", std::nullopt},
                        {"", std::nullopt}};
  for (const Case& c : cases) EXPECT_EQ(ParseNumber(c.text), c.value) << c.text;
}

TEST(NumberNotation, CountsAreBounded) {
  std::string_view text = "12x";
  EXPECT_EQ(TakeCount(&text, 12), 12u);
  EXPECT_EQ(text, "x");
  for (const std::string_view given : {"13", "-1", "", "x", "99999999999999999999999"}) {
    text = given;
    EXPECT_EQ(TakeCount(&text, 12), std::nullopt) << given;
  }
}

}  // namespace
}  // namespace sidelight::promqltest
