// /api/v1/targets, its metadata, scrape_pools and alertmanagers, asked through the router.
#include "src/api/targets.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace sidelight::api {
namespace {

using nlohmann::json;

constexpr UnixMillis kThen = 1'767'361'016'874;  // 2026-01-02T13:36:56.874Z

class TargetsTest : public ::testing::Test {
 protected:
  TargetsTest() {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->families = {
        {.name = "a_seconds", .help = "How long.", .unit = "seconds", .type = MetricType::kHistogram},
        {.name = "b_total", .help = "How many \"b\".", .type = MetricType::kCounter}};
    hooks_.targets = [this] { return targets_; };
    hooks_.sampling = [this] { return sampling_; };
    hooks_.alertmanagers = [] { return std::vector<std::string>{"http://a:9093/api/v2/alerts"}; };
    AddTargets(
        hooks_, [snapshot] { return snapshot; }, &router_);
  }

  Answer Ask(std::string path, http::Fields query = {}) {
    const http::Request request{.method = "GET", .path = "/api/v1/" + path, .query = std::move(query)};
    const std::string id;
    return router_.Route({request, id});
  }
  json DataOf(std::string path, http::Fields query = {}) {
    const Answer answer = Ask(std::move(path), std::move(query));
    if (!answer) return std::to_string(answer.error().status) + " " + answer.error().message;
    return json::parse(answer->body).at("data");
  }

  std::vector<Target> targets_ = {{.tap = "web",
                                   .protocol = "http",
                                   .listen = "0.0.0.0:80",
                                   .upstream = "127.0.0.1:81",
                                   .health = Target::Health::kUp},
                                  {.tap = "cache",
                                   .protocol = "redis",
                                   .listen = "127.0.0.1:6380",
                                   .upstream = "unix:/run/redis",
                                   .health = Target::Health::kDown,
                                   .last_error = "the upstream could not be connected to"}};
  Sampling sampling_{.job = "shop",
                     .instance = "shop-0",
                     .interval = std::chrono::seconds(5),
                     .last = kThen,
                     .last_took = std::chrono::milliseconds(250)};
  TargetHooks hooks_;
  Router router_;
};

TEST_F(TargetsTest, EachTapIsATarget) {
  const json data = DataOf("targets");
  EXPECT_EQ(data["activeTargets"][0], json::parse(R"({
      "discoveredLabels": {"__address__": "127.0.0.1:81", "__meta_sidelight_listen": "0.0.0.0:80",
                           "__meta_sidelight_protocol": "http"},
      "labels": {"instance": "shop-0", "job": "shop", "tap": "web"}, "scrapePool": "web",
      "scrapeUrl": "http://127.0.0.1:81", "globalUrl": "http://127.0.0.1:81", "lastError": "",
      "lastScrape": "2026-01-02T13:36:56.874Z", "lastScrapeDuration": 0.25, "health": "up",
      "scrapeInterval": "5s", "scrapeTimeout": "0s"})"));
  EXPECT_EQ(data["activeTargets"][1]["health"], "down");
  EXPECT_EQ(data["activeTargets"][1]["lastError"], "the upstream could not be connected to");
  EXPECT_EQ(data["activeTargets"][1]["scrapeUrl"], "redis://unix:/run/redis");
  EXPECT_EQ(data["activeTargets"].size(), 2u);
  EXPECT_EQ(data["droppedTargets"], json::array());
  EXPECT_EQ(data["droppedTargetCounts"], json::parse(R"({"web": 0, "cache": 0})"));
}

TEST_F(TargetsTest, ATapThatWasNeverUsedIsUnknown) {
  targets_[0].health = Target::Health::kUnknown;
  sampling_.last.reset();
  const json target = DataOf("targets")["activeTargets"][0];
  EXPECT_EQ(target["health"], "unknown");
  EXPECT_EQ(target["lastScrape"], "0001-01-01T00:00:00Z");
}

TEST_F(TargetsTest, FiltersByStateAndPool) {
  const struct {
    http::Fields query;
    size_t active;
    size_t counts;
  } kRows[] = {{{}, 2, 2},
               {{{"state", "any"}}, 2, 2},
               {{{"state", "Active"}}, 2, 0},
               {{{"state", "dropped"}}, 0, 2},
               {{{"state", "x"}}, 0, 0},
               {{{"scrapePool", "cache"}}, 1, 1},
               {{{"scrapePool", "cache"}, {"state", "active"}}, 1, 0},
               {{{"scrapePool", "other"}}, 0, 0}};
  for (const auto& row : kRows) {
    const json data = DataOf("targets", row.query);
    EXPECT_EQ(data["activeTargets"].size(), row.active) << json(row.query);
    EXPECT_EQ(data["droppedTargetCounts"].size(), row.counts) << json(row.query);
  }
}

TEST_F(TargetsTest, GivesMetadata) {
  const json a = json::parse(R"({"target": {"instance": "shop-0", "job": "shop"}, "metric": "a_seconds",
      "type": "histogram", "help": "How long.", "unit": "seconds"})");
  const json b = json::parse(R"({"target": {"instance": "shop-0", "job": "shop"}, "metric": "b_total",
      "type": "counter", "help": "How many \"b\".", "unit": ""})");
  json b_alone = b;
  b_alone.erase("metric");
  const json none = "404 specified metadata not found";
  const struct {
    http::Fields query;
    json wanted;
  } kRows[] = {
      {{}, {a, b}},
      {{{"match_target", "{job=\"shop\"}"}}, {a, b}},
      {{{"match_target", "{job=\"other\"}"}}, none},
      {{{"match_target", "{"}},
       "400 invalid parameter \"match_target\": 1:2: parse error: unexpected end of input inside braces"},
      {{{"metric", "b_total"}}, json::array({b_alone})},
      {{{"metric", "c"}}, none},
      {{{"limit", "1"}}, {a, b}},
      {{{"limit", "0"}}, none},
      {{{"limit", "x"}}, "400 limit must be a number"}};
  for (const auto& row : kRows)
    EXPECT_EQ(DataOf("targets/metadata", row.query), row.wanted) << json(row.query);
}

TEST_F(TargetsTest, ListsPoolsAndAlertmanagers) {
  EXPECT_EQ(DataOf("scrape_pools"), json::parse(R"({"scrapePools": ["cache", "web"]})"));
  EXPECT_EQ(DataOf("alertmanagers"),
            json::parse(R"({"activeAlertmanagers": [{"url": "http://a:9093/api/v2/alerts"}],
      "droppedAlertmanagers": []})"));
}

}  // namespace
}  // namespace sidelight::api
