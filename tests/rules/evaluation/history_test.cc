#include "rules/evaluation/history.h"

#include <gtest/gtest.h>

#include "rules/promql/parser.h"

namespace sidelight::rules {
namespace {

using namespace std::chrono_literals;

TEST(History, HowFarAnExpressionLooksBack) {
  const std::vector<std::pair<std::string, Duration>> kCases = {
      {"up", 5min},
      {"1", 0s},
      {"up offset 1h", 65min},
      {"rate(errors[2m]) > 1", 2min},
      {"rate(errors[2m] offset 1m)", 3min},
      {"rate(a[10m]) / rate(b[20m])", 20min},
      {"max_over_time(rate(errors[5m])[1h:30s])", 65min + 30s},
      {"max_over_time(up[1h:] offset 10m)", 76min},
      {"max_over_time(up[200y:1d] offset 200y)",
       std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max())},
  };
  for (const auto& [text, wanted] : kCases) {
    const auto expr = promql::Parse(text, {});
    ASSERT_TRUE(expr) << text;
    EXPECT_EQ(Seconds(ReachOf(**expr, 5min, 1min).back), Seconds(wanted)) << text;
  }
}

TEST(History, WhatMayBeTrueForLackOfSamples) {
  const std::vector<std::pair<std::string, bool>> kCases = {
      {"up == 0", false},
      {"up < 1", false},
      {"absent(up)", true},
      {"absent_over_time(up[5m])", true},
      {"up unless on(job) alive", true},
      {"rate(requests[5m]) > 10", false},
      {"rate(requests[5m]) < 10", true},
      {"10 > rate(requests[5m])", true},
      {"count(up) < 3", true},
      {"sum(up) == 0", true},
      {"(sum(rate(a[5m])) or vector(0)) == 0", true},
      {"sum(rate(errors[5m])) / sum(rate(requests[5m])) > 0.01", false},
      {"max(up) < 1", false},
  };
  for (const auto& [text, wanted] : kCases) {
    const auto expr = promql::Parse(text, {});
    ASSERT_TRUE(expr) << text;
    EXPECT_EQ(ReachOf(**expr, 5min, 1min).true_of_absence, wanted) << text;
  }
}

}  // namespace
}  // namespace sidelight::rules
