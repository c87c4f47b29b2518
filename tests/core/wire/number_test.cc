#include "core/wire/exposition/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>

namespace sidelight::wire {
namespace {

std::string Float(double v) {
  char out[kMaxNumberSize];
  return {out, FormatFloat(out, v)};
}
std::string OpenMetricsFloat(double v) {
  char out[kMaxNumberSize];
  return {out, FormatOpenMetricsFloat(out, v)};
}
std::string Time(UnixMillis t) {
  char out[kMaxNumberSize];
  return {out, FormatSeconds(out, t)};
}

struct Case {
  double value;
  const char* text;         // as Go's strconv.FormatFloat(v, 'g', -1, 64)
  const char* openmetrics;  // as expfmt's writeOpenMetricsFloat
};

TEST(FormatFloat, PrintsAsGoDoes) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {0, "0", "0.0"},
      {-0.0, "-0", "0.0"},
      {1, "1", "1.0"},
      {-1, "-1", "-1.0"},
      {42, "42", "42.0"},
      {999999, "999999", "999999.0"},
      {1e6, "1e+06", "1e+06"},
      {1000007, "1.000007e+06", "1.000007e+06"},
      {-1234500, "-1.2345e+06", "-1.2345e+06"},
      {1e15, "1e+15", "1e+15"},
      {9007199254740991, "9.007199254740991e+15", "9.007199254740991e+15"},
      {9007199254740992, "9.007199254740992e+15", "9.007199254740992e+15"},
      {1e21, "1e+21", "1e+21"},
      {1e100, "1e+100", "1e+100"},
      {1.7976931348623157e308, "1.7976931348623157e+308", "1.7976931348623157e+308"},
      {5e-324, "5e-324", "5e-324"},
      {0.5, "0.5", "0.5"},
      {0.005, "0.005", "0.005"},
      {0.0001, "0.0001", "0.0001"},
      {0.00012345, "0.00012345", "0.00012345"},
      {0.00001, "1e-05", "1e-05"},
      {-1.5e-7, "-1.5e-07", "-1.5e-07"},
      {0.1, "0.1", "0.1"},
      {0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"},
      {123456.789, "123456.789", "123456.789"},
      {999999.5, "999999.5", "999999.5"},
      {1756047.3, "1.7560473e+06", "1.7560473e+06"},
      {2.5, "2.5", "2.5"},
      {100.25, "100.25", "100.25"},
      {kInf, "+Inf", "+Inf"},
      {-kInf, "-Inf", "-Inf"},
      {std::nan(""), "NaN", "NaN"},
      {-std::nan(""), "NaN", "NaN"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Float(c.value), c.text);
    EXPECT_EQ(OpenMetricsFloat(c.value), c.openmetrics);
  }
}

TEST(FormatFloat, ReadsBackAsTheSameValue) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    uint64_t bits = random();
    double value = 0;
    static_assert(sizeof(bits) == sizeof(value));
    std::memcpy(&value, &bits, sizeof(value));
    // Every second one is of an everyday size.
    if (i % 2 == 0) value = std::ldexp(static_cast<double>(bits >> 11), static_cast<int>(bits % 80) - 70);
    if (std::isnan(value)) continue;
    const std::string text = Float(value);
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    EXPECT_LE(text.size(), 24u) << text;
  }
}

TEST(FormatSeconds, HasThreeDecimals) {
  EXPECT_EQ(Time(1520879607789), "1520879607.789");
  EXPECT_EQ(Time(1520879607000), "1520879607.000");
  EXPECT_EQ(Time(5), "0.005");
  EXPECT_EQ(Time(-1500), "-1.500");
}

}  // namespace
}  // namespace sidelight::wire
