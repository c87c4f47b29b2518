#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/evaluation/rig.h"

namespace sidelight::rules {
namespace {

TEST(Manager, EachGroupHasItsOwnInterval) {
  Rig rig(R"(groups:
- {name: slow, interval: 10s, rules: [{record: s, expr: time()}]}
- {name: fast, rules: [{record: f, expr: time()}]})");
  rig.Turn();
  rig.Turns(4);
  const std::vector<GroupStatus> groups = rig.manager->Groups();
  EXPECT_EQ(groups[0].evaluations, 3u);
  EXPECT_EQ(groups[1].evaluations, 5u);
  EXPECT_EQ(rig.manager->NextDue(), rig.Now() + 5000);
}

TEST(Manager, EvaluatesAtFullMultiplesWheneverItIsAsked) {
  Rig rig("groups: [{name: g, rules: [{record: t, expr: time()}]}]");
  rig.Advance(5s + 700ms);
  rig.Turn();
  EXPECT_EQ(rig.manager->Groups()[0].last_evaluation, rig.Now() - 700);
  EXPECT_EQ(rig.Ask("t"), "{__name__=\"t\"} 1700000005\n");
  rig.Advance(100ms);
  rig.Turn();
  EXPECT_EQ(rig.manager->Groups()[0].evaluations, 1u) << "nothing is due";
}

TEST(Manager, CountsWhatItMissed) {
  Rig rig("groups: [{name: g, rules: [{record: t, expr: time()}]}]");
  rig.Turn();
  rig.Advance(20s);
  rig.Turn();
  EXPECT_EQ(rig.manager->Groups()[0].evaluations, 2u);
  EXPECT_EQ(rig.manager->Groups()[0].missed_iterations, 3u);
}

TEST(Group, ARuleSeesWhatTheOneBeforeItWrote) {
  Rig rig(R"(groups:
- name: g
  rules:
  - {record: a, expr: vector(1)}
  - {record: b, expr: a + 1}
  - {alert: C, expr: b == 2}
  - {record: d, expr: 'count(ALERTS{alertname="C"})'})");
  rig.Turn();
  EXPECT_EQ(rig.Ask("d"), "{__name__=\"d\"} 1\n");
}

TEST(Group, QueryOffsetLooksAndWritesThatLongBefore) {
  Rig rig("groups: [{name: g, query_offset: 5s, rules: [{record: r, expr: x}, {alert: A, expr: x > 0}]}]");
  rig.Put("x", 1);
  rig.Turns(1);
  EXPECT_EQ(rig.Ask("timestamp(r)"), "{} 1700000000\n");
  EXPECT_EQ(rig.Ask("timestamp(ALERTS)"), "{alertname=\"A\", alertstate=\"firing\"} 1700000000\n");
  EXPECT_EQ(rig.Rule(0, 1).alerts.at(0).active_at, rig.Now());
}

TEST(RecordingRule, LabelsOverrideThoseOfTheElement) {
  Rig rig(
      "groups: [{name: g, labels: {team: shop, job: g}, rules: [{record: r, expr: x, labels: {job: "
      "mine}}]}]");
  rig.Put("x", 3, {{"job", "api"}, {"host", "a"}});
  rig.Turn();
  EXPECT_EQ(rig.Ask("r"), "{__name__=\"r\", host=\"a\", job=\"mine\", team=\"shop\"} 3\n");
}

TEST(RecordingRule, ASeriesThatIsNotInTheResultAnyMoreEnds) {
  Rig rig("groups: [{name: g, rules: [{record: r, expr: x > 0}]}]");
  rig.Put("x", 1);
  rig.Turn();
  EXPECT_EQ(rig.Ask("r"), "{__name__=\"r\"} 1\n");
  rig.Advance(5s);
  rig.Put("x", 0);
  rig.Turn();
  EXPECT_EQ(rig.Ask("r"), "");
}

TEST(RecordingRule, TwinsAndTheLimitAreErrors) {
  Rig rig(R"(groups:
- {name: twins, rules: [{record: r, expr: x, labels: {host: same}}]}
- {name: many, limit: 1, rules: [{record: r, expr: x}]})");
  rig.Put("x", 1, {{"host", "a"}});
  rig.Put("x", 2, {{"host", "b"}});
  rig.Turn();
  EXPECT_EQ(rig.Rule(0).last_error,
            "vector contains metrics with the same labelset after applying rule labels");
  EXPECT_EQ(rig.Rule(1).last_error, "exceeded limit of 1 with 2 series");
  EXPECT_EQ(rig.Ask("r"), "");
}

}  // namespace
}  // namespace sidelight::rules
