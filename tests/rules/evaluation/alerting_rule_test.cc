#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/evaluation/rig.h"

namespace sidelight::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Rules(const std::string& rules) {
  return "groups: [{name: g, rules: [" + rules + "]}]";
}

TEST(AlertingRule, FiresAtOnceWithoutFor) {
  Rig rig(Rules(
      "{alert: Down, expr: up == 0, labels: {severity: page}, annotations: {summary: 'is {{ $value }}'}}"));
  rig.Put("up", 0, {{"job", "api"}});
  rig.Turn();
  ASSERT_EQ(rig.told.size(), 1u);
  const Notification told = rig.told[0];
  EXPECT_EQ(told.labels.ToString(),
            (Labels{{"alertname", "Down"}, {"job", "api"}, {"severity", "page"}}.ToString()));
  EXPECT_EQ(told.annotations.ToString(), (Labels{{"summary", "is 0"}}.ToString()));
  EXPECT_EQ(told.starts_at, rig.Now());
  EXPECT_EQ(told.ends_at, rig.Now() + 240'000) << "four resend delays";
  EXPECT_EQ(told.generator_url, "/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
  EXPECT_EQ(rig.State(), "firing");
}

TEST(AlertingRule, WaitsForItsForInWholeEvaluations) {
  Rig rig(Rules("{alert: Down, expr: up == 0, for: 12s}"));
  rig.Put("up", 0);
  rig.Turn();
  EXPECT_EQ(rig.State(), "pending");
  EXPECT_EQ(rig.Ask("ALERTS"), "{__name__=\"ALERTS\", alertname=\"Down\", alertstate=\"pending\"} 1\n");
  rig.Turns(2);
  EXPECT_EQ(rig.State(), "pending") << "after 10 s";
  EXPECT_THAT(rig.Told(), IsEmpty());
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "firing") << "after 15 s";
  EXPECT_THAT(rig.Told(), ElementsAre("firing Down"));
  EXPECT_EQ(rig.Ask("ALERTS"), "{__name__=\"ALERTS\", alertname=\"Down\", alertstate=\"firing\"} 1\n");
  EXPECT_EQ(rig.Ask("ALERTS_FOR_STATE"), "{__name__=\"ALERTS_FOR_STATE\", alertname=\"Down\"} 1700000000\n");
}

TEST(AlertingRule, AForShorterThanTheIntervalFiresAtTheSecondEvaluation) {
  Rig rig(Rules("{alert: Down, expr: up == 0, for: 1s}"));
  rig.Put("up", 0);
  rig.Turn();
  EXPECT_EQ(rig.State(), "pending");
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "firing");
}

TEST(AlertingRule, APendingOneThatGoesIsNobodysBusiness) {
  Rig rig(Rules("{alert: Down, expr: up == 0, for: 1m}"));
  rig.Put("up", 0);
  rig.Turn();
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  EXPECT_EQ(rig.State(), "inactive");
  EXPECT_THAT(rig.Told(), IsEmpty());
  EXPECT_EQ(rig.Ask("ALERTS"), "");
  EXPECT_EQ(rig.Ask("ALERTS_FOR_STATE"), "");
  EXPECT_EQ(rig.state.rows(), 0u);
}

TEST(AlertingRule, IsToldAgainWhenTheResendDelayHasPassed) {
  Rig rig(Rules("{alert: Down, expr: vector(1)}"), {.resend_delay = 10s});
  rig.Turn();
  EXPECT_THAT(rig.Told(), ElementsAre("firing Down"));
  rig.Turns(1);
  EXPECT_THAT(rig.Told(), IsEmpty());
  rig.Turns(1);
  EXPECT_THAT(rig.Told(), ElementsAre("firing Down"));
}

TEST(AlertingRule, IsToldWithNewLabelsAndDelayOnceTheyAreTakenOver) {
  Rig rig(Rules("{alert: Down, expr: vector(1), annotations: {where: '{{ $externalLabels.cluster }}'}}"),
          {.external_labels = Labels{{"cluster", "old"}}, .resend_delay = 1h});
  rig.Turn();
  ASSERT_EQ(rig.told.size(), 1u);
  EXPECT_EQ(rig.told[0].annotations.Get("where"), "old");
  EXPECT_EQ(rig.told[0].ends_at, rig.Now() + 4 * 3'600'000);
  rig.Told();
  rig.manager->Renew(Labels{{"cluster", "new"}}, 10s);
  rig.Turns(2);
  ASSERT_EQ(rig.told.size(), 1u);
  EXPECT_EQ(rig.told[0].annotations.Get("where"), "new");
  EXPECT_EQ(rig.told[0].ends_at, rig.Now() + 40'000);
}

TEST(AlertingRule, IsToldAsResolvedForFifteenMinutes) {
  Rig rig(Rules("{alert: Down, expr: up == 0}"));
  rig.Put("up", 0);
  rig.Turn();
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Told();
  rig.Turn();
  const UnixMillis resolved = rig.Now();
  ASSERT_EQ(rig.told.size(), 1u);
  EXPECT_EQ(rig.told[0].starts_at, resolved - 5000);
  EXPECT_EQ(rig.told[0].ends_at, resolved);
  rig.Told();
  int told = 0;
  while (rig.Now() < resolved + 900'000) {
    rig.Turns(1);
    told += static_cast<int>(rig.Told().size());
  }
  EXPECT_EQ(told, 14) << "each minute, but not at the end of the fifteenth";
  rig.Turns(20);
  EXPECT_THAT(rig.Told(), IsEmpty());
  EXPECT_EQ(rig.state.rows(), 0u) << "nothing is kept of it";
}

TEST(AlertingRule, FiringAgainIsANewAlertAndEndsTheTellingOfTheOldOne) {
  Rig rig(Rules("{alert: Down, expr: up == 0, for: 5s}"), {.resend_delay = 5s});
  rig.Put("up", 0);
  rig.Turn();
  rig.Turns(1);
  const UnixMillis first = rig.told.at(0).starts_at;
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  rig.Told();
  rig.Advance(5s);
  rig.Put("up", 0);
  rig.Turn();
  EXPECT_THAT(rig.Told(), IsEmpty()) << "pending again: the resolved one is told no more";
  rig.Turns(1);
  ASSERT_EQ(rig.told.size(), 1u);
  EXPECT_EQ(rig.told[0].starts_at, first + 15'000);
}

TEST(AlertingRule, KeepsFiringForAWhile) {
  Rig rig(Rules("{alert: Down, expr: up == 0, keep_firing_for: 10s}"));
  rig.Put("up", 0);
  rig.Turn();
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  EXPECT_EQ(rig.State(), "firing");
  EXPECT_EQ(rig.Rule().alerts.at(0).keep_firing_since, rig.Now());
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "firing");
  // It comes back in between: the wait begins anew.
  rig.Put("up", 0);
  rig.Turns(1);
  EXPECT_EQ(rig.Rule().alerts.at(0).keep_firing_since, std::nullopt);
  rig.Advance(5s);
  rig.Put("up", 1);
  rig.Turn();
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "firing");
  rig.Turns(1);
  EXPECT_EQ(rig.State(), "inactive");
}

TEST(AlertingRule, AnnotationsAreNewAtEachEvaluation) {
  Rig rig(
      Rules("{alert: High, expr: load > 1, for: 1m, annotations: {summary: '{{ $value }} on {{ $labels.host "
            "}}'}}"));
  rig.Put("load", 2, {{"host", "a"}});
  rig.Turn();
  EXPECT_EQ(rig.Rule().alerts.at(0).annotations.Get("summary"), "2 on a");
  rig.Advance(5s);
  rig.Put("load", 3, {{"host", "a"}});
  rig.Turn();
  EXPECT_EQ(rig.Rule().alerts.at(0).annotations.Get("summary"), "3 on a");
  EXPECT_EQ(rig.Rule().alerts.at(0).value, 3);
}

TEST(AlertingRule, TwoElementsWithTheSameLabelsFailTheRuleAndNothingElse) {
  Rig rig(Rules("{alert: Down, expr: up == 0, labels: {host: x}}, {record: r, expr: sum(up)}"));
  rig.Put("up", 0, {{"host", "a"}});
  rig.Put("up", 0, {{"host", "b"}});
  rig.Turn();
  EXPECT_EQ(rig.Rule().health, RuleHealth::kError);
  EXPECT_EQ(rig.Rule().last_error,
            "vector contains metrics with the same labelset after applying alert labels");
  EXPECT_THAT(rig.Told(), IsEmpty());
  EXPECT_EQ(rig.Ask("ALERTS"), "");
  EXPECT_EQ(rig.Rule(0, 1).health, RuleHealth::kOk);
  EXPECT_EQ(rig.Ask("r"), "{__name__=\"r\"} 0\n");
  EXPECT_EQ(rig.manager->Groups()[0].failures, 1u);
}

TEST(AlertingRule, AnErrorLeavesTheAlertsAsTheyAre) {
  Rig rig(Rules("{alert: Down, expr: a * on(x) b == 0}"));
  rig.Put("a", 0, {{"x", "1"}});
  rig.Put("b", 0, {{"x", "1"}});
  rig.Turn();
  EXPECT_EQ(rig.State(), "firing");
  rig.Advance(5s);
  rig.Put("b", 0, {{"x", "1"}, {"y", "2"}});
  rig.Turn();
  EXPECT_EQ(rig.Rule().health, RuleHealth::kError);
  EXPECT_EQ(rig.State(), "firing");
}

TEST(AlertingRule, MoreThanTheLimitEndsThemAll) {
  Rig rig("groups: [{name: g, limit: 1, rules: [{alert: Down, expr: up == 0}]}]");
  rig.Put("up", 0, {{"host", "a"}});
  rig.Turn();
  EXPECT_EQ(rig.State(), "firing");
  rig.Advance(5s);
  rig.Put("up", 0, {{"host", "b"}});
  rig.Turn();
  EXPECT_EQ(rig.Rule().last_error, "exceeded limit of 1 with 2 alerts");
  EXPECT_THAT(rig.Rule().alerts, IsEmpty());
  EXPECT_EQ(rig.state.rows(), 0u);
}

TEST(AlertingRule, ATemplateThatFailsSaysSoInItsText) {
  Rig rig(
      Rules("{alert: A, expr: vector(1), annotations: {summary: '{{ query \"nothing_there\" | first | value "
            "}}'}}"));
  rig.Turn();
  EXPECT_THAT(std::string(rig.Rule().alerts.at(0).annotations.Get("summary")),
              HasSubstr("<error expanding template: "));
}

TEST(AlertingRule, LabelsAreTemplatesOfTheElementAndNotOfTheRule) {
  Rig rig(Rules(
      "{alert: A, expr: up == 0, labels: {job: 'was {{ $labels.job }}', name: '{{ $labels.__name__ }}'}}"));
  rig.Put("up", 0, {{"job", "api"}});
  rig.Turn();
  const Labels labels = rig.Rule().alerts.at(0).labels;
  EXPECT_EQ(labels.Get("job"), "was api");
  EXPECT_EQ(labels.Get("name"), "up") << "a comparison keeps the name, for templates";
  EXPECT_EQ(labels.Get("__name__"), "");
}

TEST(AlertingRule, AnEmptyLabelTakesTheElementsAway) {
  Rig rig(Rules("{alert: Down, expr: up == 0, labels: {instance: ''}}"));
  rig.Put("up", 0, {{"job", "api"}, {"instance", "pod-1"}});
  rig.Turn();
  EXPECT_EQ(rig.Ask("ALERTS"),
            "{__name__=\"ALERTS\", alertname=\"Down\", alertstate=\"firing\", job=\"api\"} 1\n");
}

TEST(AlertingRule, AStateThatCannotBeSavedStopsNothing) {
  Rig rig(Rules("{alert: Down, expr: up == 0}"));
  rig.state.fails = true;
  rig.Put("up", 0);
  rig.Turn();
  EXPECT_THAT(rig.Told(), ElementsAre("firing Down"));
}

TEST(AlertingRule, SavesOnlyWhatHasChanged) {
  Rig rig(Rules("{alert: Down, expr: vector(1)}"));
  rig.Turn();
  EXPECT_EQ(rig.state.saves, 1);
  rig.Turns(11);
  EXPECT_EQ(rig.state.saves, 1);
  rig.Turns(1);
  EXPECT_EQ(rig.state.saves, 2) << "it was told again";
}

}  // namespace
}  // namespace sidelight::rules
