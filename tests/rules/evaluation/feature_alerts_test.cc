// A team's rule file, taken as it is (shared/feature-alerts.yaml beside the tree, or beside
// $SIDELIGHT_CONFORMANCE): both of its alerts fire and resolve, on a clock that only this test moves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "rules/evaluation/manager.h"
#include "rules/evaluation/rule_file.h"
#include "rules/testing/sandbox.h"

namespace sidelight::rules {
namespace {

constexpr UnixMillis kStart = 1'700'000'000'000;
constexpr int64_t kStep = 5000;
constexpr int64_t kMinute = 60'000;

std::filesystem::path FilePath() {
  const char* const suite = std::getenv("SIDELIGHT_CONFORMANCE");
  const std::filesystem::path shared = suite != nullptr
                                           ? std::filesystem::path(suite).parent_path()
                                           : std::filesystem::path(SIDELIGHT_ROOT).parent_path() / "shared";
  return shared / "feature-alerts.yaml";
}

// A feature's API as the HTTP tap with naming plain and the prefix feature_api shows it, and its rules.
class FeatureAlertsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path path = FilePath();
    if (std::error_code error; !std::filesystem::exists(path, error)) {
      GTEST_SKIP() << "there is no " << path << "; SIDELIGHT_CONFORMANCE says beside what it is";
    }
    Result<RuleFile> file = LoadRuleFile(path.string(), {});
    ASSERT_TRUE(file.has_value()) << file.error().message;
    Result<std::unique_ptr<ruletest::Sandbox>> sandbox = ruletest::Sandbox::Open({});
    ASSERT_TRUE(sandbox.has_value()) << sandbox.error().message;
    sandbox_ = *std::move(sandbox);
    Evaluation evaluation = sandbox_->MakeEvaluation();
    evaluation.notify = [this](std::vector<Notification> more) {
      for (Notification& one : more)
        told_[std::string(one.labels.Get("alertname"))].push_back(std::move(one));
    };
    manager_ = std::make_unique<Manager>(Manager::Options{.evaluation = std::move(evaluation)});
    manager_->Update(file->groups, kStart);
  }

  // Requests in a second.
  struct Traffic {
    double fast = 0;    // 50 ms, 200
    double slow = 0;    // 500 ms, 200
    double failed = 0;  // 50 ms, 500
  };
  void RunFor(int64_t millis, const Traffic& traffic) {
    for (const UnixMillis end = now_ + millis; now_ < end;) {
      now_ += kStep;
      constexpr double kSeconds = kStep / 1000.0;
      good_ += (traffic.fast + traffic.slow) * kSeconds;
      failed_ += traffic.failed * kSeconds;
      fast_ += (traffic.fast + traffic.failed) * kSeconds;
      slow_ += traffic.slow * kSeconds;
      Sample();
      manager_->RunDue(now_);
    }
  }

  AlertState State(std::string_view name) const {
    for (const GroupStatus& group : manager_->Groups()) {
      for (const RuleStatus& rule : group.rules) {
        EXPECT_EQ(rule.last_error, "");
        if (rule.definition.name == name) return rule.state;
      }
    }
    ADD_FAILURE() << "there is no rule " << name;
    return AlertState::kInactive;
  }
  // Lets the traffic flow until the alert is in that state; for how long, at most `limit`.
  std::optional<int64_t> RunUntil(std::string_view name, AlertState state, const Traffic& traffic,
                                  int64_t limit) {
    const UnixMillis begun = now_;
    while (State(name) != state) {
      if (now_ - begun >= limit) return std::nullopt;
      RunFor(kStep, traffic);
    }
    return now_ - begun;
  }

  UnixMillis now_ = kStart;
  std::map<std::string, std::vector<Notification>> told_;

 private:
  void Sample() {
    const std::unique_ptr<storage::Appender> appender = sandbox_->store().MakeAppender();
    const auto count = [&](std::string_view status, double value) {
      const Labels labels{{"__name__", "feature_api_requests_total"},
                          {"endpoint", "/api/v1/orders/{id}"},
                          {"method", "GET"},
                          {"status_code", status}};
      ASSERT_TRUE(appender->Append(0, labels, now_, value).has_value());
    };
    count("200", good_);
    if (failed_ > 0) count("500", failed_);
    auto histogram = std::make_shared<FloatHistogram>();
    histogram->schema = 3;
    histogram->count = fast_ + slow_;
    histogram->sum = fast_ * 0.05 + slow_ * 0.5;
    // The buckets that 0.05 and 0.5 fall into, -34 and -8.
    histogram->positive_spans = {{-34, 1}, {25, 1}};
    histogram->positive = {fast_, slow_};
    const Labels labels{
        {"__name__", "feature_api_duration_seconds"}, {"endpoint", "/api/v1/orders/{id}"}, {"method", "GET"}};
    ASSERT_TRUE(appender->AppendHistogram(0, labels, now_, histogram).has_value());
    ASSERT_TRUE(appender->Commit().has_value());
  }

  std::unique_ptr<ruletest::Sandbox> sandbox_;
  std::unique_ptr<Manager> manager_;
  double good_ = 0;
  double failed_ = 0;
  double fast_ = 0;
  double slow_ = 0;
};

TEST_F(FeatureAlertsTest, NothingIsToldOfAHealthyFeature) {
  RunFor(20 * kMinute, {.fast = 10, .slow = 0.1});
  EXPECT_EQ(State("HighErrorRate"), AlertState::kInactive);
  EXPECT_EQ(State("SlowResponseTime"), AlertState::kInactive);
  EXPECT_TRUE(told_.empty());
}

TEST_F(FeatureAlertsTest, ErrorsFireAfterTwoMinutesAndResolve) {
  RunFor(10 * kMinute, {.fast = 10});
  const Traffic failing{.fast = 9, .failed = 1};
  ASSERT_TRUE(RunUntil("HighErrorRate", AlertState::kPending, failing, kMinute).has_value());
  EXPECT_TRUE(told_.empty()) << "nobody is told of a pending alert";
  const UnixMillis active_at = now_;
  EXPECT_EQ(RunUntil("HighErrorRate", AlertState::kFiring, failing, 3 * kMinute), 2 * kMinute);
  ASSERT_EQ(told_["HighErrorRate"].size(), 1u);
  const Notification fired = told_["HighErrorRate"].front();
  EXPECT_EQ(fired.starts_at, active_at + 2 * kMinute);
  EXPECT_GT(fired.ends_at, now_);
  EXPECT_EQ(fired.annotations.Get("summary"), "High error rate detected");
  EXPECT_EQ(fired.labels.Get("status_code"), "500");

  RunFor(5 * kMinute, failing);
  EXPECT_EQ(told_["HighErrorRate"].size(), 6u) << "once a minute";
  // The window of five minutes must forget most of the errors.
  const std::optional<int64_t> resolved =
      RunUntil("HighErrorRate", AlertState::kInactive, {.fast = 10}, 6 * kMinute);
  ASSERT_TRUE(resolved.has_value());
  EXPECT_GT(*resolved, 4 * kMinute);
  EXPECT_EQ(told_["HighErrorRate"].back().ends_at, now_);
  EXPECT_EQ(told_["HighErrorRate"].back().starts_at, fired.starts_at);

  const size_t told = told_["HighErrorRate"].size();
  RunFor(30 * kMinute, {.fast = 10});
  EXPECT_EQ(told_["HighErrorRate"].size(), told + 14) << "once a minute for a quarter of an hour";
  EXPECT_FALSE(told_.contains("SlowResponseTime"));
}

TEST_F(FeatureAlertsTest, SlowAnswersFireAfterFiveMinutesAndResolve) {
  RunFor(5 * kMinute, {.fast = 10});
  const Traffic slow{.fast = 5, .slow = 5};
  ASSERT_TRUE(RunUntil("SlowResponseTime", AlertState::kPending, slow, 5 * kMinute).has_value());
  const UnixMillis active_at = now_;
  EXPECT_EQ(RunUntil("SlowResponseTime", AlertState::kFiring, slow, 6 * kMinute), 5 * kMinute);
  ASSERT_EQ(told_["SlowResponseTime"].size(), 1u);
  EXPECT_EQ(told_["SlowResponseTime"].front().starts_at, active_at + 5 * kMinute);
  EXPECT_EQ(told_["SlowResponseTime"].front().annotations.Get("summary"), "API response time is slow");

  // The quantile is of all answers since the start: it takes many fast ones to bring it down.
  ASSERT_TRUE(RunUntil("SlowResponseTime", AlertState::kInactive, {.fast = 1000}, 10 * kMinute).has_value());
  EXPECT_EQ(told_["SlowResponseTime"].back().ends_at, now_);
  EXPECT_FALSE(told_.contains("HighErrorRate"));
}

}  // namespace
}  // namespace sidelight::rules
