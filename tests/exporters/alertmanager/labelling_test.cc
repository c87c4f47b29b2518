#include "exporters/alertmanager/labelling.h"

#include <gtest/gtest.h>

#include "tests/exporters/alertmanager/alerts.h"

namespace sidelight::alertmanager {
namespace {

TEST(LabellingTest, ExternalLabelsAreAddedWhereTheyAreAbsent) {
  const struct {
    Labels alert, external, wanted;
  } cases[] = {
      {{{"a", "1"}}, {}, {{"a", "1"}}},
      {{{"a", "1"}}, {{"service", "shop"}}, {{"a", "1"}, {"service", "shop"}}},
      {{{"a", "1"}, {"service", "own"}},
       {{"pod", "p-0"}, {"service", "shop"}},
       {{"a", "1"}, {"pod", "p-0"}, {"service", "own"}}},
      {{}, {{"service", "shop"}}, {{"service", "shop"}}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(WithExternal(c.alert, c.external), c.wanted)
        << c.alert.ToString() << " with " << c.external.ToString() << " gives "
        << WithExternal(c.alert, c.external).ToString() << ", wanted " << c.wanted.ToString();
  }
}

TEST(LabellingTest, RelabellingDropsAndChanges) {
  const std::vector<relabel::Rule> rules = RulesFrom(R"(
- {action: drop, source_labels: [severity], regex: info}
- {source_labels: [severity], regex: page, target_label: priority, replacement: p1}
- {action: labeldrop, regex: replica|only}
)");
  const std::vector<SharedAlert> alerts = Shared({
      AlertNamed("dropped", {{"severity", "info"}}),
      AlertNamed("changed", {{"severity", "page"}, {"replica", "2"}}),
      AlertNamed("as it was", {{"severity", "ticket"}}),
      {.labels = {{"only", "x"}}},
  });
  const std::vector<SharedAlert> kept = Relabel(alerts, rules);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0]->labels.ToString(), R"({alertname="changed", priority="p1", severity="page"})");
  EXPECT_EQ(kept[0]->ends_at, alerts[1]->ends_at);
  EXPECT_EQ(kept[1], alerts[2]) << "an alert that no rule changes is not copied";
  EXPECT_EQ(Relabel(alerts, {}), alerts);
}

}  // namespace
}  // namespace sidelight::alertmanager
