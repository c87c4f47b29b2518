// /api/v1/status/*, features and notifications, asked through the router.
#include "src/api/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/storage/store.h"
#include "src/api/cardinality.h"
#include "tests/support/fake_clock.h"

namespace sidelight::api {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr UnixMillis kThen = 1'767'361'016'874;  // 2026-01-02T13:36:56.874Z

class StatusTest : public ::testing::Test {
 protected:
  StatusTest() {
    hooks_.version = "1.2.3";
    hooks_.flags = [] {
      return std::vector<std::pair<std::string, std::string>>{{"config.file", "a.yaml"},
                                                              {"web.enable-lifecycle", "true"}};
    };
    hooks_.retention = "2h or 64MiB";
    hooks_.config = [] { return std::string("listen: \"a\"\n"); };
    hooks_.runtime = [this] { return runtime_; };
    hooks_.storage = [this] { return store_->Stats(); };
    hooks_.oldest = [this] { return store_->Oldest(); };
    hooks_.data = store_.get();
    AddStatus(hooks_, &router_);
  }

  void Append(const Labels& labels, UnixMillis time) {
    const std::unique_ptr<storage::Appender> appender = store_->MakeAppender();
    ASSERT_TRUE(appender->Append(0, labels, time, 1));
    ASSERT_TRUE(appender->Commit());
  }

  Answer Ask(std::string path, http::Fields query = {}) {
    const http::Request request{.method = "GET", .path = "/api/v1/" + path, .query = std::move(query)};
    const std::string id;
    return router_.Route({request, id});
  }
  json DataOf(std::string path, http::Fields query = {}) {
    const Answer answer = Ask(std::move(path), std::move(query));
    if (!answer) return "refused: " + answer.error().message;
    return json::parse(answer->body).at("data");
  }

  FakeClock clock_;
  std::unique_ptr<storage::Store> store_ = *storage::Store::Open({.clock = &clock_});
  RuntimeInfo runtime_{.started = kThen,
                       .now = kThen + 1000,
                       .directory = "/srv",
                       .host = "shop-0",
                       .last_reload = kThen + 500,
                       .threads = 7,
                       .cpus = 2};
  StatusHooks hooks_;
  Router router_;
};

TEST_F(StatusTest, BuildInfoIsThatOfAPrometheus) {
  EXPECT_EQ(DataOf("status/buildinfo"), json::parse(R"({"version": "3.14.0", "revision": "sidelight-1.2.3",
      "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""})"));
}

TEST_F(StatusTest, ShowsConfigurationAndFlags) {
  EXPECT_EQ(DataOf("status/config"), json::parse(R"({"yaml": "listen: \"a\"\n"})"));
  EXPECT_EQ(DataOf("status/flags"),
            json::parse(R"({"config.file": "a.yaml", "web.enable-lifecycle": "true"})"));
}

TEST_F(StatusTest, ShowsTheRunningProcess) {
  EXPECT_EQ(DataOf("status/runtimeinfo"),
            json::parse(R"({"startTime": "2026-01-02T13:36:56.874Z", "CWD": "/srv",
      "hostname": "shop-0", "serverTime": "2026-01-02T13:36:57.874Z", "reloadConfigSuccess": true,
      "lastConfigTime": "2026-01-02T13:36:57.374Z", "corruptionCount": 0, "goroutineCount": 7, "GOMAXPROCS": 2,
      "GOMEMLIMIT": 9223372036854775807, "GOGC": "", "GODEBUG": "", "storageRetention": "2h or 64MiB"})"));
  EXPECT_EQ(DataOf("status/walreplay"), json::parse(R"({"min": 0, "max": 0, "current": 0})"));
}

TEST_F(StatusTest, NotifiesOfAReloadThatFailed) {
  EXPECT_THAT(DataOf("notifications"), IsEmpty());
  runtime_.reloaded = false;
  runtime_.last_failure = kThen;
  EXPECT_EQ(DataOf("notifications"), json::parse(R"([{"text": "Configuration reload has failed.",
      "date": "2026-01-02T13:36:56.874Z", "active": true}])"));
  EXPECT_EQ(DataOf("status/runtimeinfo")["reloadConfigSuccess"], false);
}

TEST_F(StatusTest, CountsWhatStorageHolds) {
  EXPECT_EQ(DataOf("status/tsdb")["headStats"],
            json::parse(R"({"numSeries": 0, "numLabelPairs": 0, "chunkCount": 0,
      "minTime": 9223372036854775807, "maxTime": -9223372036854775808})"));
  for (const char* const code : {"200", "404", "500"}) {
    Append({{"__name__", "requests"}, {"code", code}, {"job", "shop"}}, kThen);
  }
  Append({{"__name__", "up"}, {"job", "shop"}}, kThen + 5000);
  EXPECT_EQ(DataOf("status/tsdb"), json::parse(R"({
      "headStats": {"numSeries": 4, "numLabelPairs": 6, "chunkCount": 4,
                    "minTime": 1767361016874, "maxTime": 1767361021874},
      "seriesCountByMetricName": [{"name": "requests", "value": 3}, {"name": "up", "value": 1}],
      "labelValueCountByLabelName": [{"name": "code", "value": 3}, {"name": "__name__", "value": 2},
                                     {"name": "job", "value": 1}],
      "memoryInBytesByLabelName": [{"name": "__name__", "value": 26}, {"name": "job", "value": 16},
                                   {"name": "code", "value": 9}],
      "seriesCountByLabelValuePair": [{"name": "job=shop", "value": 4}, {"name": "__name__=requests", "value": 3},
                                      {"name": "__name__=up", "value": 1}, {"name": "code=200", "value": 1},
                                      {"name": "code=404", "value": 1}, {"name": "code=500", "value": 1}]})"));
  EXPECT_EQ(DataOf("status/tsdb", {{"limit", "1"}})["seriesCountByLabelValuePair"],
            json::parse(R"([{"name": "job=shop", "value": 4}])"));
}

TEST_F(StatusTest, ShowsTenOfEachUnlessToldOtherwise) {
  for (int i = 0; i < 12; ++i) Append({{"__name__", "m" + std::to_string(i)}}, kThen);
  EXPECT_EQ(DataOf("status/tsdb")["seriesCountByMetricName"].size(), 10u);
  EXPECT_EQ(DataOf("status/tsdb", {{"limit", "10000"}})["seriesCountByMetricName"].size(), 12u);
  for (const char* const limit : {"0", "-1", "x", "1x", "99999999999999999999999"}) {
    const Answer answer = Ask("status/tsdb", {{"limit", limit}});
    ASSERT_FALSE(answer) << limit;
    EXPECT_EQ(answer.error().code, "bad_data");
    EXPECT_EQ(answer.error().message, "limit must be a positive number") << limit;
  }
  EXPECT_EQ(DataOf("status/tsdb", {{"limit", "10001"}}), "refused: limit must not exceed 10000");
}

TEST_F(StatusTest, FeaturesFollowTheFlags) {
  const json plain = DataOf("features");
  EXPECT_EQ(plain["promql_functions"]["rate"], true);
  EXPECT_EQ(plain["promql_functions"]["mad_over_time"], false);
  EXPECT_EQ(plain["promql_operators"]["limitk"], false);
  EXPECT_EQ(plain["promql_operators"]["=~"], true);
  EXPECT_FALSE(plain["promql_operators"].contains("group_left"));
  EXPECT_EQ(plain["promql"]["fill"], false);
  EXPECT_EQ(plain["api"]["lifecycle"], false);
  hooks_.features = {.experimental = true, .lifecycle = true};
  const json all = DataOf("features");
  EXPECT_EQ(all["promql_functions"]["mad_over_time"], true);
  EXPECT_EQ(all["promql_operators"]["limitk"], true);
  EXPECT_EQ(all["promql"]["fill"], true);
  EXPECT_EQ(all["api"]["lifecycle"], true);
  for (const auto& [category, features] : all.items()) {
    EXPECT_TRUE(features.is_object()) << category;
    for (const auto& [name, has] : features.items()) EXPECT_TRUE(has.is_boolean()) << category << " " << name;
  }
}

TEST_F(StatusTest, IsNotThereWithoutHooks) {
  Router router;
  const StatusHooks empty;
  AddStatus(empty, &router);
  EXPECT_EQ(router.RouteOf("/api/v1/status/config"), "other");
}

}  // namespace
}  // namespace sidelight::api
