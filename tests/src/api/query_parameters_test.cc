#include "src/api/query_parameters.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::api {
namespace {

TEST(QueryParametersTest, Times) {
  const std::vector<std::pair<std::string, UnixMillis>> rows = {
      {"0", 0},
      {"1435781451.781", 1435781451781},
      {"1435781451.7814999", 1435781451781},
      {"1435781451.7815", 1435781451782},
      {"-1.5", -1500},
      {"+1", 1000},
      {"1e3", 1'000'000},
      {"2015-07-01T20:10:51.781Z", 1435781451781},
      {"2015-07-01T20:10:51.781999Z", 1435781451781},
      {"2015-07-01T22:10:51+02:00", 1435781451000},
      {"2015-07-01T14:40:51.1-05:30", 1435781451100},
      {"2024-02-29T00:00:00Z", 1709164800000},
      {"1969-12-31T23:59:59Z", -1000},
  };
  for (const auto& [text, want] : rows) {
    const Result<UnixMillis> time = ParseTime(text);
    ASSERT_TRUE(time) << text << ": " << time.error().message;
    EXPECT_EQ(*time, want) << text;
  }
}

TEST(QueryParametersTest, EndsOfSpans) {
  constexpr UnixMillis kLast = int64_t{1} << 62;
  const std::vector<std::pair<std::string, UnixMillis>> rows = {
      {"1435781451.781", 1435781451781},
      {"1763721000000", 1763721000000000},  // milliseconds, as Grafana's probe of exemplars has them
      {"2015-07-01T20:10:51.781Z", 1435781451781},
      // What Prometheus' own clients mean by ever.
      {"-9223309901257974", -kLast},
      {"9223309901257974", kLast},
      {"-292273086-05-16T16:47:06Z", -kLast},
      {"292277025-08-18T07:12:54.999999999Z", kLast},
      {"-Inf", -kLast},
      {"1e300", kLast},
  };
  for (const auto& [text, want] : rows) {
    const Result<UnixMillis> time = ParseEnd(text);
    ASSERT_TRUE(time) << text << ": " << time.error().message;
    EXPECT_EQ(*time, want) << text;
  }
  for (const std::string text : {"", "x", "NaN", "2015-07-01"}) {
    const Result<UnixMillis> time = ParseEnd(text);
    ASSERT_FALSE(time) << text << " gave " << *time;
    EXPECT_EQ(time.error().message, "cannot parse \"" + text + "\" to a valid timestamp");
  }
}

TEST(QueryParametersTest, Limits) {
  const std::vector<std::pair<std::string, size_t>> rows = {
      {"0", 0}, {"-0", 0}, {"1", 1}, {"+7", 7}, {"040000", 40'000}, {"9223372036854775807", INT64_MAX}};
  for (const auto& [text, want] : rows) {
    const Result<size_t> limit = ParseLimit(text);
    ASSERT_TRUE(limit) << text << ": " << limit.error().message;
    EXPECT_EQ(*limit, want) << text;
  }
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"-1", "limit must be non-negative"},
      {"", R"(strconv.Atoi: parsing "": invalid syntax)"},
      {"x\n", R"(strconv.Atoi: parsing "x\n": invalid syntax)"},
      {"1.5", R"(strconv.Atoi: parsing "1.5": invalid syntax)"},
      {"+-1", R"(strconv.Atoi: parsing "+-1": invalid syntax)"},
      {"9223372036854775808", R"(strconv.Atoi: parsing "9223372036854775808": value out of range)"},
      {"99999999999999999999x", R"(strconv.Atoi: parsing "99999999999999999999x": invalid syntax)"},
  };
  for (const auto& [text, want] : wrong) {
    const Result<size_t> limit = ParseLimit(text);
    ASSERT_FALSE(limit) << text << " gave " << *limit;
    EXPECT_EQ(limit.error().message, want) << text;
  }
}

TEST(QueryParametersTest, WhatIsNoTime) {
  for (const std::string text : {"",
                                 "x",
                                 "NaN",
                                 "Inf",
                                 "-Inf",
                                 "1e30",
                                 "9223372036854775",
                                 "0x10",
                                 "1 ",
                                 " 1",
                                 "1,5",
                                 "2015-07-01",
                                 "2015-07-01 20:10:51Z",
                                 "2015-07-01T20:10:51",
                                 "2015-07-01T20:10:51.Z",
                                 "2015-02-29T00:00:00Z",
                                 "2015-13-01T00:00:00Z",
                                 "2015-07-01T24:00:00Z",
                                 "2015-07-01T20:10:60Z",
                                 "2015-07-01T20:10:51Zx",
                                 "2015-07-01T20:10:51 02:00",
                                 "2015-07-01T20:10:51+2",
                                 "++1"}) {
    const Result<UnixMillis> time = ParseTime(text);
    ASSERT_FALSE(time) << text << " gave " << *time;
    EXPECT_EQ(time.error().message, "cannot parse \"" + text + "\" to a valid timestamp");
  }
}

TEST(QueryParametersTest, Spans) {
  using std::chrono::milliseconds;
  const std::vector<std::pair<std::string, Duration>> rows = {
      {"15", milliseconds(15'000)},  {"0.5", milliseconds(500)},         {"-1", milliseconds(-1000)},
      {"15s", milliseconds(15'000)}, {"1h30m", milliseconds(5'400'000)}, {"100ms", milliseconds(100)},
      {"0", milliseconds(0)},        {"1e-4", Duration(100'000)},
  };
  for (const auto& [text, want] : rows) {
    const Result<Duration> span = ParseSpan(text);
    ASSERT_TRUE(span) << text << ": " << span.error().message;
    EXPECT_EQ(*span, want) << text;
  }
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", ""},
      {"x", ""},
      {"NaN", ""},
      {"15x", ""},
      {"m", ""},
      {"1e30", ". It overflows int64"},
      {"Inf", ". It overflows int64"},
  };
  for (const auto& [text, more] : wrong) {
    const Result<Duration> span = ParseSpan(text);
    ASSERT_FALSE(span) << text;
    EXPECT_EQ(span.error().message, "cannot parse \"" + text + "\" to a valid duration" + more);
  }
}

}  // namespace
}  // namespace sidelight::api
