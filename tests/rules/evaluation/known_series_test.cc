// Which labels the result of an expression can have.
#include "rules/evaluation/known_series.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rules/promql/parser.h"

namespace sidelight::rules {
namespace {

const MetricCatalogue kCatalogue{{{"a", {"x"}}, {"a", {"y"}}, {"b", {"z"}}, {"recorded", {"x"}}}, true};

std::vector<RuleFile> Files() {
  std::vector<RuleFile> files;
  Result<RuleFile> file = ParseRuleFile(
      "groups: [{name: g, rules: [{record: recorded, expr: 1}, {alert: Alert, expr: 1}]}]", "r.yaml", {});
  EXPECT_TRUE(file);
  if (file) files.push_back(*std::move(file));
  return files;
}

// "x y", job and instance left out where both are there; "?" where nobody knows.
std::string LabelsOf(const std::string& query) {
  const std::vector<RuleFile> files = Files();
  const KnownSeries known(kCatalogue, files);
  const Result<promql::ExprPtr> expr = promql::Parse(query, {.experimental = true});
  EXPECT_TRUE(expr) << query;
  if (!expr) return "";
  std::optional<LabelNames> labels = known.LabelsOf(**expr);
  if (!labels) return "?";
  if (labels->contains("job") && labels->contains("instance")) {
    labels->erase("job");
    labels->erase("instance");
    return fmt::format("+ {}", fmt::join(*labels, " "));
  }
  return fmt::format("{}", fmt::join(*labels, " "));
}

TEST(KnownSeriesTest, LabelsOfExpressions) {
  struct Case {
    std::string query;
    std::string want;
  };
  const Case cases[] = {
      {"a", "+ x y"},  // of a name that comes again the labels join
      {"a{x=\"1\"}", "+ x y"},
      {"{__name__=\"b\"}", "+ z"},
      {"{x=\"1\"}", "?"},
      {"{__name__=~\"a\"}", "?"},
      {"unknown", "?"},
      {"recorded", "?"},
      {"ALERTS", "?"},
      {"rate(a[5m])", "+ x y"},
      {"max_over_time(a[5m:1m])", "+ x y"},
      {"-(a)", "+ x y"},
      {"a + b", "+ x y"},  // what the left side has; a label that the right one has not finds no partner
      {"a + ignoring (x) b", "+ y"},
      {"unknown + on (x) unknown", "x"},
      {"a / on (x) group_left (z) b", "+ x y z"},
      {"a / on (x) group_right () b", "+ z"},
      {"unknown / on (x) group_left (z) b", "?"},
      {"a + fill (0) b", "+ x y z"},
      {"a * 2", "+ x y"},
      {"2 * a", "+ x y"},
      {"a or b", "+ x y z"},
      {"a and b", "+ x y"},
      {"a unless unknown", "+ x y"},
      {"unknown and a", "?"},
      {"a or unknown", "?"},
      {"a > 1", "+ x y"},
      {"1", ""},
      {"vector(1)", ""},
      {"time()", ""},
      {"sum(a)", ""},
      {"sum by (x, new) (a)", "new x"},
      {"sum by (x) (unknown)", "x"},
      {"sum without (x) (a)", "+ x y"},
      {"sum without (x) (unknown)", "?"},
      {"topk by (x) (1, a)", "+ x y"},
      {"limitk(1, a)", "+ x y"},
      {"count_values by (x) (\"v\", a)", "v x"},
      {"count_values(\"v\", a)", "v"},
      {"label_replace(a, \"new\", \"\", \"\", \"\")", "+ new x y"},
      {"label_join(a, \"new\", \"\")", "+ new x y"},
      {"label_replace(unknown, \"new\", \"\", \"\", \"\")", "?"},
      {"absent(a)", "?"},
      {"absent_over_time(a[5m])", "?"},
      {"info(a)", "?"},
      {"histogram_quantile(0.9, a)", "+ x y"},
      {"scalar(a)", ""},
      {"vector(scalar(a))", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(LabelsOf(c.query), c.want) << c.query;
}

TEST(KnownSeriesTest, Names) {
  const std::vector<RuleFile> files = Files();
  const KnownSeries known(kCatalogue, files);
  for (const std::string_view name : {"a", "b", "recorded", "ALERTS", "ALERTS_FOR_STATE"}) {
    EXPECT_TRUE(known.MayExist(name)) << name;
  }
  for (const std::string_view name : {"", "c", "Alert"}) EXPECT_FALSE(known.MayExist(name)) << name;
  EXPECT_EQ(known.Nearest("recoded"), "recorded");
  EXPECT_EQ(known.Nearest("ALERT"), "ALERTS");
  EXPECT_EQ(known.Nearest("something_else"), "");
  EXPECT_TRUE(KnownSeries({}, files).MayExist("anything"));
}

}  // namespace
}  // namespace sidelight::rules
