#include "core/yaml/scalar.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ScalarTest, GoodDurations) {
  const std::pair<std::string, Duration> cases[] = {
      {"0", seconds(0)},
      {"0s", seconds(0)},
      {"5s", seconds(5)},
      {"100ms", milliseconds(100)},
      {"1h30m", minutes(90)},
      {"1d", hours(24)},
      {"1w", hours(7 * 24)},
      {"1y", hours(365 * 24)},
      {"1y2w3d4h5m6s7ms", hours((365 + 14 + 3) * 24 + 4) + minutes(5) + seconds(6) + milliseconds(7)},
      {"05s", seconds(5)},
      {"292y", hours(292 * 365 * 24)},
  };
  for (const auto& [text, want] : cases) {
    const Result<Duration> got = ParseDuration(text);
    ASSERT_TRUE(got) << text << ": " << got.error().message;
    EXPECT_EQ(*got, want) << text;
  }
}

TEST(ScalarTest, BadDurations) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "it is empty"},
      {"5", "its unit is missing: y, w, d, h, m, s or ms"},
      {"1h5", "its unit is missing: y, w, d, h, m, s or ms"},
      {"-1s", "it must not be negative"},
      {"1s1h", "each unit may stand once, the longest first, as in 1h30m"},
      {"1s1s", "each unit may stand once, the longest first, as in 1h30m"},
      {"1.5s", "its units must be among y, w, d, h, m, s and ms"},
      {"5 s", "its units must be among y, w, d, h, m, s and ms"},
      {"5us", "its units must be among y, w, d, h, m, s and ms"},
      {"s", "write whole numbers, each with one of the units y, w, d, h, m, s, ms"},
      {" 5s", "write whole numbers, each with one of the units y, w, d, h, m, s, ms"},
      {"293y", "it is too long; the longest is 292y"},
      {"292y172d", "it is too long; the longest is 292y"},
      {"99999999999999999999s", "it is too long"},
  };
  for (const auto& [text, why] : cases) {
    const Result<Duration> got = ParseDuration(text);
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().message, "\"" + text + "\" is no duration such as 5s or 1h30m: " + why);
  }
}

TEST(ScalarTest, Bytes) {
  struct Case {
    std::string text;
    uint64_t bytes;
    std::string error;
  };
  const Case cases[] = {
      {"0", 0, ""},
      {"100B", 100, ""},
      {"512KiB", 512 << 10, ""},
      {"64MiB", 64 << 20, ""},
      {"1GiB", 1 << 30, ""},
      {"2TiB", 2ULL << 40, ""},
      {"16777215TiB", 16777215ULL << 40, ""},
      {"16777216TiB", 0, "it is too large"},
      {"1kB", 0, "its unit must be B, KiB, MiB, GiB or TiB"},
      {"1.5MiB", 0, "its unit must be B, KiB, MiB, GiB or TiB"},
      {"1 MiB", 0, "its unit must be B, KiB, MiB, GiB or TiB"},
      {"MiB", 0, "write a number and B, KiB, MiB, GiB or TiB"},
      {"-1", 0, "write a number and B, KiB, MiB, GiB or TiB"},
      {"010MiB", 0, "it begins with a zero; numbers are decimal"},
  };
  for (const Case& c : cases) {
    const Result<uint64_t> got = ParseBytes(c.text);
    EXPECT_EQ(got ? "" : got.error().message, c.error) << c.text;
    if (got) {
      EXPECT_EQ(*got, c.bytes) << c.text;
    }
  }
}

TEST(ScalarTest, ASignAloneIsNoNumber) {
  EXPECT_FALSE(ParseInt("-"));
  EXPECT_FALSE(ParseInt(""));
  EXPECT_FALSE(ParseUint("-"));
  EXPECT_FALSE(ParseDouble("-"));
  EXPECT_EQ(ParseInt("-0").value(), 0);
}

}  // namespace
}  // namespace sidelight::yaml
