// What a restart does to alerts, and what a rule makes of a past that is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/evaluation/rig.h"

namespace sidelight::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kFor[] = "groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 20s}]}]";
constexpr char kAtOnce[] = "groups: [{name: g, rules: [{alert: Down, expr: up == 0}]}]";
constexpr char kRate[] = "groups: [{name: g, rules: [{alert: Errors, expr: 'rate(errors[20s]) > 0.1'}]}]";
constexpr char kAbsent[] = "groups: [{name: g, rules: [{alert: Gone, expr: 'absent_over_time(up[30s])'}]}]";

// The state is there, the samples are not, and the past begins now.
Evaluation WithoutHistory(const Rig& rig) {
  return {.history_since = rig.Now(), .outage = 5s};
}

TEST(Restart, AFiringAlertStaysAndIsToldAgainWithItsOldStart) {
  Rig rig(kAtOnce);
  rig.Put("up", 0);
  rig.Turn();
  const UnixMillis start = rig.told.at(0).starts_at;
  rig.Told();
  rig.Restart(kAtOnce, {});
  rig.Turns(1);
  ASSERT_EQ(rig.told.size(), 1u) << "what was on its way may be lost";
  EXPECT_EQ(rig.told[0].starts_at, start);
  EXPECT_THAT(rig.Told(), ElementsAre("firing Down"));
}

TEST(Restart, APendingAlertGoesOnWaiting) {
  Rig rig(kFor);
  rig.Put("up", 0);
  rig.Turn();
  rig.Turns(2);
  rig.Restart(kFor, {});
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "pending") << "15 s";
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "firing") << "20 s";
}

TEST(Restart, WhileNobodyEvaluatedAPendingAlertDidNotWait) {
  Rig rig(kFor);
  rig.Put("up", 0);
  rig.Turn();
  rig.Turns(2);
  rig.Advance(30s);
  rig.Restart(kFor, {.outage = 30s});
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "pending") << "15 s";
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "firing") << "20 s";
}

TEST(Restart, AfterALongOutageAPendingAlertBeginsAnew) {
  Rig rig(kFor);
  rig.Put("up", 0);
  rig.Turn();
  rig.Turns(3);
  rig.Restart(kFor, {.outage = 2h});
  rig.Turns(1);
  EXPECT_EQ(rig.Rule().alerts.at(0).active_at, rig.Now());
}

TEST(Restart, WhatWasResolvedIsToldAsResolvedAndNotAsNew) {
  Rig rig(kAtOnce);
  rig.Put("up", 0);
  rig.Turn();
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  rig.Told();
  rig.Restart(kAtOnce, {});
  rig.Turns(1);
  EXPECT_THAT(rig.Told(), ElementsAre("resolved Down"));
  EXPECT_EQ(rig.State(), "inactive");
}

TEST(Restart, TheSeriesOfAnAlertThatIsGoneEnds) {
  Rig rig(kFor);
  rig.Put("up", 0);
  rig.Turn();
  rig.Restart(kFor, {});
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  EXPECT_EQ(rig.Ask("ALERTS"), "");
}

TEST(Restart, WithoutHistoryWhatFiredStaysUntilHistoryCoversTheRange) {
  Rig rig(kRate);
  for (int i = 0; i < 5; ++i) {
    rig.Put("errors", 10 * i);
    rig.Turn();
    rig.Advance(5s);
  }
  EXPECT_EQ(rig.State(), "firing");
  rig.Told();
  // Nobody counts errors any more: the new past has no such series.
  rig.store = *storage::Store::Open({.clock = &rig.clock});
  rig.Restart(kRate, WithoutHistory(rig));
  const UnixMillis since = rig.Now();
  while (rig.Now() < since + 15'000) {
    rig.Turns(1);
    EXPECT_EQ(rig.State(), "firing") << rig.Now() - since;
    EXPECT_TRUE(rig.Rule().held);
    EXPECT_TRUE(rig.Rule().alerts.at(0).held);
  }
  EXPECT_THAT(rig.Told(), ElementsAre("firing Errors"));
  rig.Turns(1);
  EXPECT_FALSE(rig.Rule().held);
  EXPECT_EQ(rig.State(), "inactive");
  EXPECT_THAT(rig.Told(), ElementsAre("resolved Errors"));
}

TEST(Restart, WithoutHistoryAnAlertThatIsSeenAgainIsJudgedAsEver) {
  Rig rig(kAtOnce);
  rig.Put("up", 0);
  rig.Turn();
  rig.store = *storage::Store::Open({.clock = &rig.clock});
  rig.Restart(kAtOnce, WithoutHistory(rig));
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "firing");
  rig.Put("up", 0);
  rig.Turns(1);
  EXPECT_FALSE(rig.Rule().alerts.at(0).held) << "there is evidence for it again";
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  EXPECT_EQ(rig.State(), "inactive") << "and now against it";
}

TEST(Restart, WithoutHistoryAbsenceFiresOnlyWhenTheRangeIsCovered) {
  Rig rig(kAbsent, {});
  rig.Restart(kAbsent, WithoutHistory(rig));
  rig.Turn();
  EXPECT_EQ(rig.State(), "pending");
  EXPECT_TRUE(rig.Rule().alerts.at(0).held);
  rig.Turns(5);
  EXPECT_EQ(rig.State(), "pending") << "25 s";
  EXPECT_THAT(rig.Told(), IsEmpty());
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "firing") << "30 s";
}

TEST(Restart, WithoutHistoryAbsenceThatEndsIsForgotten) {
  Rig rig(kAbsent, {});
  rig.Restart(kAbsent, WithoutHistory(rig));
  rig.Turn();
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  EXPECT_EQ(rig.State(), "inactive");
}

TEST(Restart, WithoutHistoryEvidenceFiresAtOnce) {
  Rig rig(kRate, {});
  rig.Restart(kRate, WithoutHistory(rig));
  rig.Put("errors", 0);
  rig.Advance(5s);
  rig.Put("errors", 100);
  rig.Turn();
  EXPECT_EQ(rig.State(), "firing");
}

TEST(Restart, ARuleThatIsGoneLeavesNothing) {
  Rig rig(kAtOnce);
  rig.Put("up", 0);
  rig.Turn();
  EXPECT_EQ(rig.state.rows(), 1u);
  rig.Restart(kAbsent, {});
  EXPECT_EQ(rig.state.rows(), 0u);
}

TEST(Reload, ARuleThatStaysKeepsItsAlerts) {
  Rig rig(kFor);
  rig.Put("up", 0);
  rig.Turn();
  rig.Turns(2);
  rig.Reload("groups: [{name: g, rules: [{record: r, expr: '1'}, {alert: Down, expr: up < 1, for: 20s}]}]");
  rig.Turns(2);
  EXPECT_EQ(rig.Rule(0, 1).state, AlertState::kFiring);
}

TEST(Reload, TheSeriesOfARuleThatIsGoneEnd) {
  Rig rig("groups: [{name: g, rules: [{record: a, expr: '1'}, {record: b, expr: '2'}]}]");
  rig.Turn();
  rig.Reload("groups: [{name: g, rules: [{record: b, expr: '2'}]}]");
  const UnixMillis gone = rig.Now();
  rig.Turns(1);
  EXPECT_EQ(rig.Ask("a"), "");
  EXPECT_EQ(rig.Ask("b"), "{__name__=\"b\"} 2\n");
  rig.Turns(3);
  EXPECT_EQ(rig.Ask("b"), "{__name__=\"b\"} 2\n");
  EXPECT_EQ(rig.Ask("a @ " + std::to_string(gone / 1000 + 1)), "") << "as of when the rule went";
}

TEST(Reload, TheSeriesEndWhenNoRuleIsLeft) {
  Rig rig("groups: [{name: g, rules: [{record: a, expr: '1'}]}]");
  rig.Turn();
  rig.Reload("groups: []");
  rig.Advance(1s);
  EXPECT_EQ(rig.Ask("a"), "");
}

// A group gets another name, and an alert that is evaluated before it has its turn looks at what it records.
TEST(Reload, WhatARenamedGroupRecordsHasNoGap) {
  constexpr char kAlert[] = "groups: [{name: alerts, rules: [{alert: A, expr: r > 0}]}, ";
  Rig rig(std::string(kAlert) + "{name: old, interval: 20s, rules: [{record: r, expr: '1'}]}]");
  rig.Advance(1s);
  rig.Turn();
  rig.Turns(1);
  ASSERT_EQ(rig.Rule().state, AlertState::kFiring);
  rig.Advance(2s);
  rig.Reload(std::string(kAlert) + "{name: new, interval: 20s, rules: [{record: r, expr: '1'}]}]");
  for (int i = 0; i < 10; ++i) {
    rig.Turns(1);
    EXPECT_EQ(rig.Rule().state, AlertState::kFiring) << (i + 1) * 5 << " s behind the reload";
    EXPECT_EQ(rig.Ask("r"), "{__name__=\"r\"} 1\n") << (i + 1) * 5 << " s behind the reload";
  }
  EXPECT_THAT(rig.Told(), ElementsAre("firing A"));
}

// The disk is full for a while: what changed meanwhile is saved when there is room again.
TEST(State, WhatCouldNotBeSavedIsSavedLater) {
  Rig rig(kFor);
  rig.Put("up", 0);
  rig.Turn();
  ASSERT_EQ(rig.state.rows(), 1u);
  rig.state.fails = true;
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  EXPECT_EQ(rig.state.rows(), 1u);
  rig.state.fails = false;
  rig.Turns(1);
  EXPECT_EQ(rig.state.rows(), 0u) << "it is not pending any more";
  const int saves = rig.state.saves;
  rig.Turns(1);
  EXPECT_EQ(rig.state.saves, saves) << "and is saved once";
}

// Two restarts: what a pending alert has not waited in the first must not be forgotten in the second.
TEST(Restart, OutagesOfAPendingAlertAddUp) {
  Rig rig(kFor);
  rig.Put("up", 0);
  rig.Turn();
  rig.Advance(30s);
  rig.Restart(kFor, {.outage = 30s});
  rig.Turns(1);
  rig.Restart(kFor, {});
  rig.Turns(2);
  EXPECT_EQ(rig.State(), "pending") << "15 s";
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "firing") << "20 s";
}

// What is too old to go on waiting is not brought back by a later, shorter outage.
TEST(Restart, APendingAlertThatIsForgottenIsSoForGood) {
  Rig rig(kFor);
  rig.Put("up", 0);
  rig.Turn();
  rig.Restart(kFor, {.outage = 2h});
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  EXPECT_EQ(rig.state.rows(), 0u);
}

}  // namespace
}  // namespace sidelight::rules
