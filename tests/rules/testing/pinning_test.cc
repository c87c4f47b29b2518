#include "rules/testing/pinning.h"

#include <gtest/gtest.h>

#include "rules/promql/parser.h"
#include "rules/promql/printer.h"

namespace sidelight::promqltest {
namespace {

promql::ExprPtr Parse(std::string_view text) {
  Result<promql::ExprPtr> expr = promql::Parse(text, {.experimental = true});
  EXPECT_TRUE(expr.has_value()) << text;
  return expr ? *std::move(expr) : nullptr;
}

TEST(Pinning, SetsTheTime) {
  struct Case {
    std::string_view text;
    std::string_view pinned;
  };
  const Case cases[] = {
      {"1 + 2", "1 + 2"},
      {"m", "m @ 50.000"},
      {"-(m)", "-(m @ 50.000)"},
      {"m offset 5m", "m @ 50.000 offset 5m"},
      {"m @ 10", "m @ 10.000"},
      {"m @ end()", "m @ end()"},
      {"rate(m[5m])", "rate(m[5m] @ 50.000)"},
      {"rate(m[5m] @ 10) + sum by (a) (n)", "rate(m[5m] @ 10.000) + sum by (a) (n @ 50.000)"},
      {"max_over_time(m[5m:1m])", "max_over_time(m[5m:1m] @ 50.000)"},
      {"max_over_time(m[5m:1m] @ 10)", "max_over_time(m[5m:1m] @ 10.000)"},
      {"max_over_time(rate(m[5m])[5m:1m])", "max_over_time(rate(m[5m])[5m:1m] @ 50.000)"},
      {"topk(scalar(k), m)", "topk(scalar(k @ 50.000), m @ 50.000)"},
  };
  for (const Case& c : cases) {
    const promql::ExprPtr expr = Parse(c.text);
    PinTimes(50'000, expr.get());
    EXPECT_EQ(promql::Print(*expr), c.pinned) << c.text;
    EXPECT_TRUE(expr->step_invariant) << c.text;
  }
}

TEST(Pinning, KnowsWhatDependsOnTheTime) {
  for (const std::string_view text : {"time()", "sum(hour())", "m + timestamp(m)", "predict_linear(m[5m], 3)",
                                      "max_over_time(minute()[5m:])", "start()", "-(vector(step()))"}) {
    EXPECT_TRUE(CallsTimeFunction(*Parse(text))) << text;
  }
  for (const std::string_view text : {"m", "rate(m[5m])", "vector(1)", "m @ start()", "timestamp"}) {
    EXPECT_FALSE(CallsTimeFunction(*Parse(text))) << text;
  }
}

}  // namespace
}  // namespace sidelight::promqltest
