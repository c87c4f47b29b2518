#include "rules/evaluation/state_alert_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace sidelight::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StateAlertStoreTest : public ::testing::Test {
 protected:
  StateAlertStoreTest() {
    std::string name = (std::filesystem::temp_directory_path() / "alerts-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    Restart();
  }
  ~StateAlertStoreTest() override { std::filesystem::remove_all(folder_); }

  void Restart() {
    store_.reset();
    database_.reset();
    database_ = state::Database::Open({.folder = folder_, .schemas = {StateAlertStore::Schema()}});
    ASSERT_EQ(database_->health().mode, state::Health::Mode::kDurable) << database_->health().problem;
    ASSERT_EQ(database_->health().set_aside, 0U);
    store_ = std::make_unique<StateAlertStore>(database_.get());
  }
  void Save(const std::string& rule, const Alert& alert, bool remove = false) {
    const AlertStore::Change change{.rule = rule, .alert = &alert, .remove = remove};
    ASSERT_TRUE(store_->Save({&change, 1}));
  }
  // "rule {labels} state" of each.
  std::vector<std::string> Loaded() {
    std::vector<std::string> all;
    for (const auto& [rule, alert] : store_->Load()) {
      all.push_back(rule + " " + alert.labels.ToString() + " " + std::string(AlertStateName(alert.state)));
    }
    return all;
  }

  std::string folder_;
  std::unique_ptr<state::Database> database_;
  std::unique_ptr<StateAlertStore> store_;
};

Alert Firing(std::string_view name) {
  Alert alert;
  alert.state = AlertState::kFiring;
  alert.labels = Labels{{"alertname", name}};
  alert.active_at = 1'000;
  alert.fired_at = 2'000;
  return alert;
}

TEST_F(StateAlertStoreTest, AnAlertComesBackAsItWas) {
  Alert full;
  full.state = AlertState::kFiring;
  full.labels = Labels{{"alertname", "Ümlaut \"quoted\" \\ \n"}, {"job", "a\tb"}, {"severity", "page"}};
  full.annotations = Labels{{"description", "{\"json\": [1]} 🦉"}, {"summary", "s"}};
  full.value = -0.1;
  full.active_at = 1'795'242'350'123;
  full.fired_at = 1'795'242'351'124;
  full.last_sent_at = 1'795'242'352'125;
  full.keep_firing_since = 1'795'242'353'126;
  Alert resolved = full;
  resolved.state = AlertState::kInactive;
  resolved.labels = Labels{{"alertname", "B"}};
  resolved.resolved_at = std::numeric_limits<int64_t>::max();
  resolved.keep_firing_since.reset();
  Alert pending;
  pending.labels = Labels{{"alertname", "C"}};
  pending.active_at = -1;
  for (const Alert& wanted : {full, resolved, pending}) {
    for (const double value : {wanted.value, 0.0, 1e308, std::numeric_limits<double>::infinity(),
                               -std::numeric_limits<double>::infinity(), std::nan("")}) {
      Alert alert = wanted;
      alert.value = value;
      Save("a rule", alert);
      Restart();
      const auto all = store_->Load();
      ASSERT_EQ(all.size(), 1U);
      const Alert& got = all[0].alert;
      EXPECT_EQ(all[0].rule, "a rule");
      EXPECT_EQ(got.state, alert.state);
      EXPECT_EQ(got.labels, alert.labels) << got.labels.ToString();
      EXPECT_EQ(got.annotations, alert.annotations) << got.annotations.ToString();
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(got.value)) << got.value;
      } else {
        EXPECT_EQ(got.value, value);
      }
      EXPECT_EQ(got.active_at, alert.active_at);
      EXPECT_EQ(got.fired_at, alert.fired_at);
      EXPECT_EQ(got.resolved_at, alert.resolved_at);
      EXPECT_EQ(got.last_sent_at, alert.last_sent_at);
      EXPECT_EQ(got.keep_firing_since, alert.keep_firing_since);
      Save("a rule", alert, true);
    }
  }
  EXPECT_EQ(store_->unreadable(), 0U);
}

TEST_F(StateAlertStoreTest, RuleAndLabelsAreTheIdentity) {
  Save("r1", Firing("A"));
  Save("r1", Firing("B"));
  Save("r2", Firing("A"));
  Alert over = Firing("A");
  over.state = AlertState::kInactive;
  over.resolved_at = 3'000;
  Save("r1", over);
  Restart();
  EXPECT_THAT(Loaded(), ElementsAre("r1 {alertname=\"A\"} inactive", "r1 {alertname=\"B\"} firing",
                                    "r2 {alertname=\"A\"} firing"));
  Save("r1", Firing("B"), true);
  Save("r9", Firing("B"), true);
  EXPECT_THAT(Loaded(), ElementsAre("r1 {alertname=\"A\"} inactive", "r2 {alertname=\"A\"} firing"));
}

TEST_F(StateAlertStoreTest, RetainDropsWhatBelongsToNoRule) {
  for (const char* rule : {"r1", "r2", "r3"}) {
    Save(rule, Firing("A"));
    Save(rule, Firing("B"));
  }
  const std::string kept[] = {"r2", "r4"};
  ASSERT_TRUE(store_->Retain(kept));
  EXPECT_THAT(Loaded(), ElementsAre("r2 {alertname=\"A\"} firing", "r2 {alertname=\"B\"} firing"));
  ASSERT_TRUE(store_->Retain({}));
  EXPECT_THAT(Loaded(), IsEmpty());
}

TEST_F(StateAlertStoreTest, ABatchIsWholeOrNothing) {
  database_ = state::Database::Open(
      {.folder = folder_ + "/small", .schemas = {StateAlertStore::Schema()}, .max_bytes = 64 << 10});
  store_ = std::make_unique<StateAlertStore>(database_.get());
  Save("r", Firing("before"));
  std::vector<Alert> alerts;
  for (int i = 0; i < 100; ++i) {
    alerts.push_back(Firing("A" + std::to_string(i)));
    alerts.back().annotations = Labels{{"description", std::string(2000, 'x')}};
  }
  std::vector<AlertStore::Change> changes;
  for (const Alert& alert : alerts) changes.push_back({.rule = "r", .alert = &alert});
  const Status full = store_->Save(changes);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(Loaded(), ElementsAre("r {alertname=\"before\"} firing"));
  EXPECT_EQ(database_->health().errors, 1U);
  Save("r", Firing("after"));
  EXPECT_EQ(Loaded().size(), 2U);
}

TEST_F(StateAlertStoreTest, RowsThatCannotBeReadAreLeftOut) {
  Save("good", Firing("A"));
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  const std::string long_labels = R"({"alertname":")" + std::string(300'000, 'x') + "\"}";
  const struct {
    const char* rule;
    std::string labels = R"({"alertname":"A"})";
    std::string annotations = "{}";
    std::string state = "firing";
    std::string fired_at = "1";
    std::string resolved_at = "NULL";
  } rows[] = {
      {.rule = "no labels", .labels = ""},
      {.rule = "empty labels", .labels = "{}"},
      {.rule = "not JSON", .labels = "{alertname"},
      {.rule = "an array", .labels = R"(["alertname", "A"])"},
      {.rule = "a text", .labels = R"("alertname")"},
      {.rule = "a number within", .labels = R"({"alertname": 1})"},
      {.rule = "an object within", .labels = R"({"alertname": {"a": "b"}})"},
      {.rule = "more behind", .labels = R"({"alertname":"A"} {"b":"c"})"},
      {.rule = "deep", .labels = deep},
      {.rule = "long", .labels = long_labels},
      {.rule = "annotations", .annotations = "null"},
      {.rule = "state", .state = "exploding"},
      {.rule = "never fired", .fired_at = "NULL"},
      {.rule = "never resolved", .state = "inactive"},
  };
  for (const auto& row : rows) {
    const state::Parameter parameters[] = {std::string_view(row.rule), std::string_view(row.labels),
                                           std::string_view(row.annotations), std::string_view(row.state)};
    ASSERT_TRUE(database_->Execute(
        "INSERT INTO alerts (rule, labels, annotations, state, value, active_at, fired_at, "
        "resolved_at) VALUES (?, ?, ?, ?, 1, 1, " +
            row.fired_at + ", " + row.resolved_at + ")",
        parameters))
        << row.rule;
  }
  EXPECT_THAT(Loaded(), ElementsAre("good {alertname=\"A\"} firing"));
  EXPECT_EQ(store_->unreadable(), std::size(rows));
}

TEST_F(StateAlertStoreTest, WhatIsTooLongIsNotSavedInPart) {
  Alert annotated = Firing("A");
  annotated.annotations = Labels{{"description", std::string(300'000, 'x')}};
  Alert labelled = Firing("B");
  labelled.labels = Labels{{"alertname", "B"}, {"x", std::string(300'000, 'x')}};
  Alert broken = Firing("C");
  broken.annotations = Labels{{"description", "cut in two: \xc3"}};
  const std::string rule = "r";
  const AlertStore::Change changes[] = {{.rule = rule, .alert = &annotated},
                                        {.rule = rule, .alert = &labelled},
                                        {.rule = rule, .alert = &broken}};
  ASSERT_TRUE(store_->Save(changes));
  EXPECT_THAT(Loaded(), ElementsAre("r {alertname=\"A\"} firing", "r {alertname=\"C\"} firing"));
  EXPECT_EQ(store_->Load()[1].alert.annotations.Get("description"), "cut in two: \xef\xbf\xbd");
  EXPECT_EQ(store_->unreadable(), 0U);
}

TEST_F(StateAlertStoreTest, Marks) {
  EXPECT_EQ(store_->Mark("history_since"), std::nullopt);
  ASSERT_TRUE(store_->SaveMark("history_since", std::numeric_limits<int64_t>::min()));
  ASSERT_TRUE(store_->SaveMark("other", 0));
  Restart();
  EXPECT_EQ(store_->Mark("history_since"), std::numeric_limits<int64_t>::min());
  ASSERT_TRUE(store_->SaveMark("history_since", 5));
  EXPECT_EQ(store_->Mark("history_since"), 5);
  EXPECT_EQ(store_->Mark("other"), 0);
}

TEST_F(StateAlertStoreTest, ManyAtOnce) {
  constexpr int kAlerts = 5'000;
  std::vector<Alert> alerts;
  for (int i = 0; i < kAlerts; ++i) alerts.push_back(Firing("A" + std::to_string(i)));
  const std::string rule = "r";
  std::vector<AlertStore::Change> changes;
  for (const Alert& alert : alerts) changes.push_back({.rule = rule, .alert = &alert});
  ASSERT_TRUE(store_->Save(changes));
  Restart();
  EXPECT_EQ(store_->Load().size(), static_cast<size_t>(kAlerts));
}

}  // namespace
}  // namespace sidelight::rules
