#include "core/base/clock.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace sidelight {
namespace {

TEST(FormatRfc3339, IsUtcWithMilliseconds) {
  const struct {
    UnixMillis time;
    const char* want;
  } cases[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {1, "1970-01-01T00:00:00.001Z"},
      {999, "1970-01-01T00:00:00.999Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {-1000, "1969-12-31T23:59:59.000Z"},
      {951'782'400'000, "2000-02-29T00:00:00.000Z"},
      {1'795'211'999'250, "2026-11-20T21:59:59.250Z"},
  };
  for (const auto& c : cases) EXPECT_EQ(FormatRfc3339(c.time), c.want) << c.time;
}

TEST(ParseRfc3339, KnowsZonesAndFractions) {
  const struct {
    const char* text;
    std::optional<UnixMillis> want;
  } cases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2000-02-29T00:00:00.0009Z", 951'782'400'000},
      {"2026-11-20T21:59:59.25Z", 1'795'211'999'250},
      {"2026-11-20T23:59:59.25+02:00", 1'795'211'999'250},
      {"2026-11-20T16:29:59.25-05:30", 1'795'211'999'250},
      {"2026-11-20", std::nullopt},
      {"2026-02-30T00:00:00Z", std::nullopt},
      {"2026-11-20T21:59:59", std::nullopt},
      {"2026-11-20T21:59:59.Z", std::nullopt},
      {"2026-11-20T21:59:59Z ", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(ParseRfc3339(c.text), c.want) << c.text;
}

TEST(Seconds, KeepsTheFraction) {
  EXPECT_DOUBLE_EQ(Seconds(std::chrono::milliseconds(1500)), 1.5);
  EXPECT_DOUBLE_EQ(Seconds(std::chrono::nanoseconds(1)), 1e-9);
}

TEST(SystemClock, IsTheMachines) {
  const TimePoint before = SystemClock().Now();
  EXPECT_LE(before, SystemClock().Now());
  const UnixMillis now = SystemClock().UnixNow();
  const auto machine = std::chrono::duration_cast<std::chrono::milliseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  EXPECT_NEAR(static_cast<double>(now), static_cast<double>(machine), 60'000);
}

TEST(FakeClock, MovesOnlyWhenToldTo) {
  FakeClock clock(1000);
  const UnixMillis unix_before = clock.UnixNow();
  const TimePoint before = clock.Now();
  EXPECT_EQ(clock.Now(), before);

  clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(clock.Now() - before, std::chrono::seconds(2));
  EXPECT_EQ(clock.UnixNow() - unix_before, 2000);

  clock.StepWall(-5000);
  EXPECT_EQ(clock.Now() - before, std::chrono::seconds(2)) << "the monotonic clock never steps";
  EXPECT_EQ(clock.UnixNow() - unix_before, -3000);
}

}  // namespace
}  // namespace sidelight
