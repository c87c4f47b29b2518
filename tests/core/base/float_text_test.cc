#include "core/base/float_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>

namespace sidelight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Case {
  double value;
  const char* text;   // fmt.Sprintf("%v") as Prometheus uses it
  const char* plain;  // strconv.FormatFloat(value, 'f', -1, 64)
};

TEST(FloatTextTest, AsGoWritesIt) {
  const Case cases[] = {
      {0, "0", "0"},
      {-0.0, "-0", "-0"},
      {1, "1", "1"},
      {-1.5, "-1.5", "-1.5"},
      {0.1, "0.1", "0.1"},
      {1.0 / 3, "0.3333333333333333", "0.3333333333333333"},
      {0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"},
      {100, "100", "100"},
      {123456.789, "123456.789", "123456.789"},
      {999999, "999999", "999999"},
      {999999.9, "999999.9", "999999.9"},
      {1e6, "1e+06", "1000000"},
      {1234567, "1.234567e+06", "1234567"},
      {1e20, "1e+20", "100000000000000000000"},
      {1e21, "1e+21", "1000000000000000000000"},
      {1e100, "1e+100",
       "1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
       "0"},
      {0.001, "0.001", "0.001"},
      {0.0001, "0.0001", "0.0001"},
      {0.00012345, "0.00012345", "0.00012345"},
      {0.00001, "1e-05", "0.00001"},
      {0.000099, "9.9e-05", "0.000099"},
      {-1e-7, "-1e-07", "-0.0000001"},
      {9007199254740993.0, "9.007199254740992e+15", "9007199254740992"},
      {kInfinity, "+Inf", "+Inf"},
      {-kInfinity, "-Inf", "-Inf"},
      {NAN, "NaN", "NaN"},
      {-NAN, "NaN", "NaN"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(FloatText(c.value), c.text) << c.plain;
    EXPECT_EQ(PlainFloatText(c.value), c.plain) << c.text;
  }
}

TEST(FloatTextTest, TheEndsOfTheRange) {
  EXPECT_EQ(FloatText(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(FloatText(std::numeric_limits<double>::denorm_min()), "5e-324");
  EXPECT_EQ(FloatText(std::numeric_limits<double>::min()), "2.2250738585072014e-308");
  const std::string largest = PlainFloatText(std::numeric_limits<double>::max());
  EXPECT_EQ(largest.size(), 309u);
  EXPECT_EQ(largest.substr(0, 17), "17976931348623157");
  const std::string least = PlainFloatText(-std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(least.size(), 327u);
  EXPECT_EQ(least.substr(least.size() - 3), "005");
}

TEST(FloatTextTest, ReadsBackAsTheSameNumber) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    for (const std::string& text : {FloatText(value), PlainFloatText(value)}) {
      ASSERT_EQ(std::bit_cast<uint64_t>(std::strtod(text.c_str(), nullptr)), std::bit_cast<uint64_t>(value))
          << text;
    }
  }
}

}  // namespace
}  // namespace sidelight
