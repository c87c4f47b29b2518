#include "rules/testing/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sidelight::promqltest {
namespace {

constexpr std::string_view kData = R"(
load 1m
  a{x="1"} 0+1x10
  a{x="2"} 0+2x10
  c_total 0+60x10
  h {{schema:0 count:3 sum:5 buckets:[1 2]}}x10
  mixed_total 1 {{count:1 sum:1 buckets:[1]}}x9
  stopped 1 2 stale

)";

// "" when the eval passes, else what the runner says of it, without "f.test:LINE: ".
std::string Outcome(std::string_view eval) {
  const Result<Report> report = RunTestFile("f.test", std::string(kData).append(eval));
  if (!report) return report.error().message;
  EXPECT_EQ(report->passed + report->failed, 1u) << eval;
  EXPECT_EQ(report->failures.size(), report->failed) << eval;
  if (report->failures.empty()) return "";
  const std::string& failure = report->failures.front();
  EXPECT_THAT(failure, testing::StartsWith("f.test:10: ")) << eval;
  return failure.substr(failure.find(": ") + 2);
}

TEST(Runner, WhatIsExpectedPasses) {
  for (const std::string_view eval : {
           "eval instant at 5m a\n a{x=\"2\"} 10\n a{x=\"1\"} 5",
           "eval instant at 5m a @ 60\n a{x=\"2\"} 2\n a{x=\"1\"} 1",
           "eval instant at 5m 1 + 1\n 2",
           "eval instant at 5m time()\n 300",
           "eval instant at 5m \"s\"\n expect string \"s\"",
           "eval instant at 5m none",
           "eval instant at 2m stopped",
           "eval instant at 5m sort_desc(a)\n expect ordered\n a{x=\"2\"} 10\n a{x=\"1\"} 5",
           "eval instant at 5m h\n h {{schema:0 count:3 sum:5 buckets:[1 2]}}",
           "eval instant at 5m rate(c_total[2m])\n expect no_info\n expect no_warn\n {} 1",
           "eval instant at 5m rate(a{x=\"1\"}[2m])\n expect info\n {x=\"1\"} 0.016666666",
           "eval instant at 3m a{x=\"1\"}[2m]\n expect range vector from 2m to 3m step 1m\n a{x=\"1\"} 2 3",
           "eval range from 1m to 3m step 1m a{x=\"1\"}\n a{x=\"1\"} 1 2 3",
           "eval range from 0 to 3m step 1m stopped\n stopped 1 2",
           "eval range from 0 to 2m step 1m 3\n {} 3 3 3",
           "eval instant at 5m a + on() a\n expect fail",
           "eval_fail instant at 5m a + on() a",
           "eval instant at 5m label_replace(a, \"x\", \"1\", \"\", \"\")\n"
           "  expect fail msg: vector cannot contain metrics with the same labelset",
       }) {
    EXPECT_EQ(Outcome(eval), "") << eval;
  }
}

TEST(Runner, WhatIsNotExpectedFails) {
  struct Case {
    std::string_view eval;
    std::string_view failure;
  };
  const Case cases[] = {
      {"eval instant at 5m c_total\n c_total 301", "c_total: wanted {__name__=\"c_total\"} 301, got 300"},
      {"eval instant at 5m c_total\n d_total 300", "c_total: wanted {__name__=\"d_total\"} 300, got nothing"},
      {"eval instant at 5m c_total", "c_total: wanted an empty result, got {__name__=\"c_total\"} 300"},
      {"eval instant at 5m 1 + 1\n 3", "1 + 1: wanted scalar 3, got scalar 2"},
      {"eval instant at 5m 1 + 1", "1 + 1: wanted an instant vector, got scalar 2"},
      {"eval instant at 5m vector(1)\n 1", "vector(1): wanted scalar 1, got {} 1"},
      {"eval instant at 5m \"s\"\n expect string \"t\"", "\"s\": wanted string \"t\", got string \"s\""},
      {"eval instant at 5m sort(a)\n expect ordered\n a{x=\"2\"} 10\n a{x=\"1\"} 5", "sort(a): wanted "},
      {"eval instant at 5m h\n h {{schema:0 count:3 sum:5 buckets:[1 3]}}", "h: wanted "},
      {"eval instant at 5m h\n h 3", "h: wanted {__name__=\"h\"} 3, got {{count:3"},
      {"eval instant at 5m h\n h {{schema:0 count:3 sum:5 buckets:[1 2] counter_reset_hint:gauge}}",
       "h: wanted "},
      {"eval instant at 5m c_total\n expect fail",
       "c_total: wanted a failure: any, got {__name__=\"c_total\"} 300"},
      {"eval instant at 5m a + on() a\n expect fail msg: no",
       "a + on() a: wanted the error \"no\", got the error "},
      {"eval instant at 5m a + on() a", "a + on() a: wanted a result, got the error "},
      {"eval instant at 5m rate(c_total[2m])\n expect info\n {} 1",
       "rate(c_total[2m]): wanted info any, got none"},
      {"eval instant at 5m rate(a{x=\"1\"}[2m])\n expect no_info\n {x=\"1\"} 0.016666666",
       "rate(a{x=\"1\"}[2m]): wanted no info, got PromQL info: metric might not be a counter"},
      {"eval instant at 5m rate(a{x=\"1\"}[2m])\n expect info msg: x\n {x=\"1\"} 0.016666666",
       "rate(a{x=\"1\"}[2m]): wanted info \"x\", got PromQL info: "},
      {"eval instant at 3m rate(mixed_total[4m])\n expect no_warn",
       "rate(mixed_total[4m]): wanted no warning, got "},
      {"eval instant at 3m a{x=\"1\"}[2m]\n expect range vector from 2m to 3m step 1m\n a{x=\"1\"} 2 4",
       "a{x=\"1\"}[2m]: wanted {__name__=\"a\", x=\"1\"} 4 at 180000 ms, got 3"},
      {"eval range from 1m to 3m step 1m a{x=\"1\"}\n a{x=\"1\"} 1 2", "a{x=\"1\"}: wanted "},
      {"eval range from 1m to 3m step 1m a{x=\"1\"}\n a{x=\"1\"} 1 _ 3", "a{x=\"1\"}: wanted "},
      {"eval range from 0 to 2m step 1m 3\n 3", "3: wanted scalar 3, got {} 3@0ms"},
      // Its steps tell a range query from an instant one.
      {"eval instant at 5m vector(range())\n {} 120", "vector(range()): wanted {} 120, got 0"},
      // Right when it is asked for alone, and wrong in the middle of a range query.
      {"eval instant at 5m vector(range( ))\n {} 0",
       "vector(range( )): wanted {} 0, got 120 in the middle of a range query of 3 steps"},
      {"eval instant at 5m a{x=\"1\"} @ end( )\n a{x=\"1\"} 5",
       "a{x=\"1\"} @ end( ): wanted {__name__=\"a\", x=\"1\"} 5, got 6 in the middle of a range query of 3 "
       "steps"},
      // Right at its time, and wrong when the time of the selectors is pinned and another one is asked for.
      {"eval instant at 5m max_over_time((c_total @ start())[1m:1m])\n {} 300",
       "max_over_time((c_total @ start())[1m:1m]): wanted {} 300, got nothing with @ pinned to 300000 ms, "
       "at -3000000 ms"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Outcome(c.eval), testing::StartsWith(c.failure)) << c.eval;
  }
}

TEST(Runner, ClearThrowsTheDataAway) {
  const Result<Report> report = RunTestFile("f.test", R"(
load 1m
  a 1

load 1m
  b 1

eval instant at 0 {__name__=~"a|b"}
  a 1
  b 1

clear

eval instant at 0 {__name__=~"a|b"}
)");
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->passed, 2u);
  EXPECT_THAT(report->failures, testing::IsEmpty());
}

TEST(Runner, WhatTheStoreRefusesIsAFailure) {
  struct Case {
    std::string_view text;
    std::string_view failure;  // "": none
  };
  const Case cases[] = {
      {"load 1m\n a 1\n\nload 1m\n a 1", ""},
      {"load 1m\n a 1\n\nload 1m\n b 1", ""},
      {"load 1m\n a 1\n\nload 1m\n a 2",
       R"(f.test:4: load: {__name__="a"} at 0 ms: duplicate sample for timestamp)"},
      {"load 1m\n a 1 2\n\nload 1m\n a 1", R"(f.test:4: load: {__name__="a"} at 0 ms: out of order sample)"},
      {"load 1m\n a 1 2\n\nclear\n\nload 1m\n a 1", ""},
      {"load 1m\n a {{count:-1}}", R"(f.test:1: load: {__name__="a"} at 0 ms: )"},
      {"load 1m\n a {{schema:-53 custom_values:[2 1]}}", R"(f.test:1: load: {__name__="a"} at 0 ms: )"},
      {"load 1m\n {} 1", "f.test:1: load: {} at 0 ms: "},
      {"load_with_nhcb 1m\n a_bucket{le=\"1\"} -1", R"(f.test:1: load: {__name__="a"} at 0 ms: )"},
  };
  for (const Case& c : cases) {
    const Result<Report> report = RunTestFile("f.test", c.text);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->failed, c.failure.empty() ? 0u : 1u) << c.text;
    const std::string failure = report->failures.empty() ? "" : report->failures.front();
    EXPECT_THAT(failure, testing::StartsWith(c.failure)) << c.text;
  }
}

TEST(Runner, NothingRunsOfAFileThatDoesNotParse) {
  const Result<Report> report = RunTestFile("f.test", "eval instant at 0 1\n 2\n\neval instant at 0 sum(");
  ASSERT_FALSE(report.has_value());
  EXPECT_THAT(report.error().message, testing::StartsWith("f.test:4: sum(: "));
}

}  // namespace
}  // namespace sidelight::promqltest
