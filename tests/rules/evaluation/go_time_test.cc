// Every expectation is what Go's package time writes.
#include "rules/evaluation/go_time.h"

#include <gtest/gtest.h>

#include <limits>

namespace sidelight::rules {
namespace {

TEST(GoTime, CountsDays) {
  struct {
    int64_t unix_seconds;
    const char* wanted;
  } const cases[] = {
      {0, "1970-01-01 00:00:00 Thursday 001"},          {-1, "1969-12-31 23:59:59 Wednesday 365"},
      {951782400, "2000-02-29 00:00:00 Tuesday 060"},   {4107542400, "2100-03-01 00:00:00 Monday 060"},
      {-62135596800, "0001-01-01 00:00:00 Monday 001"}, {253402300799, "9999-12-31 23:59:59 Friday 365"},
  };
  for (const auto& c : cases) {
    const CivilTime civil = ToCivil(c.unix_seconds, 0);
    EXPECT_EQ(FormatTime(civil, "2006-01-02 15:04:05 Monday 002"), c.wanted);
    const int64_t second = civil.hour * 3600 + civil.minute * 60 + civil.second;
    EXPECT_EQ(UnixOfDay(civil.year, civil.month, civil.day) + second, c.unix_seconds);
  }
  EXPECT_EQ(UnixOfDay(2015, 14, 31), UnixOfDay(2016, 3, 2));
  EXPECT_EQ(UnixOfDay(2015, -1, 0), UnixOfDay(2014, 10, 31));
}

TEST(GoTime, FormatsByLayout) {
  const CivilTime time = ToCivil(1435065584, 128000000);
  struct {
    const char* layout;
    const char* wanted;
  } const cases[] = {
      {"2006-01-02T15:04:05Z07:00", "2015-06-23T13:19:44Z"},
      {"Mon, 02 Jan 2006 15:04:05 -0700", "Tue, 23 Jun 2015 13:19:44 +0000"},
      {"January _2 Monday 1 3 4 5 06 03 PM pm MST", "June 23 Tuesday 6 1 19 44 15 01 PM pm UTC"},
      {"05.000 05.000000 05.999 05.999999 05,00", "44.128 44.128000 44.128 44.128 44,12"},
      {"__2 002 _2006 Janet Monk", "174 174 _2015 Janet Monk"},
      {"-07 -07:00 -070000 -07:00:00 Z07 Z0700", "+00 +00:00 +000000 +00:00:00 Z Z"},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(FormatTime(time, c.layout), c.wanted) << c.layout;
  EXPECT_EQ(FormatTime(ToCivil(1435065584, 0), "05.999|05.000"), "44|44.000");
}

TEST(GoTime, WritesDurations) {
  struct {
    int64_t nanoseconds;
    const char* wanted;
  } const cases[] = {
      {0, "0s"},
      {1, "1ns"},
      {1500, "1.5µs"},
      {-2'000'000, "-2ms"},
      {1'000'000'000, "1s"},
      {90'500'000'000, "1m30.5s"},
      {3'600'000'000'000, "1h0m0s"},
      {3'723'000'000'001, "1h2m3.000000001s"},
      {std::numeric_limits<int64_t>::min(), "-2562047h47m16.854775808s"},
      {std::numeric_limits<int64_t>::max(), "2562047h47m16.854775807s"},
  };
  for (const auto& c : cases) EXPECT_EQ(DurationText(c.nanoseconds), c.wanted) << c.nanoseconds;
}

}  // namespace
}  // namespace sidelight::rules
