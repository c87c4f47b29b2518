// /api/v1/rules and /api/v1/alerts over rule groups made by hand, as the API's requests.
#include "src/api/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/api/api.h"

namespace sidelight::api {
namespace {

using nlohmann::json;
using rules::Alert;
using rules::AlertState;
using rules::GroupStatus;
using rules::RuleDefinition;
using rules::RuleHealth;
using rules::RuleStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr UnixMillis kThen = 1'767'361'016'874;  // 2026-01-02T13:36:56.874Z

RuleStatus Recording(std::string name, Labels labels = {}) {
  RuleStatus rule;
  rule.definition.kind = RuleDefinition::Kind::kRecording;
  rule.definition.name = std::move(name);
  rule.definition.query = "sum(up)";
  rule.definition.labels = std::move(labels);
  return rule;
}

RuleStatus Alerting(std::string name, Labels labels = {}) {
  RuleStatus rule = Recording(std::move(name), std::move(labels));
  rule.definition.kind = RuleDefinition::Kind::kAlerting;
  rule.definition.query = "up == 0";
  rule.definition.hold = std::chrono::minutes(2);
  rule.definition.annotations = {{"summary", "{{ $labels.job }} is down"}};
  return rule;
}

GroupStatus Group(std::string file, std::string name, std::vector<RuleStatus> rules) {
  GroupStatus group;
  group.file = std::move(file);
  group.name = std::move(name);
  group.interval = std::chrono::milliseconds(1500);
  group.rules = std::move(rules);
  return group;
}

class RulesTest : public ::testing::Test {
 protected:
  RulesTest() {
    RuleStatus down = Alerting("Down", {{"severity", "page"}});
    down.definition.keep_firing_for = std::chrono::milliseconds(500);
    down.health = RuleHealth::kOk;
    down.last_evaluation = kThen;
    down.evaluation_time = std::chrono::nanoseconds(356'688);
    down.state = AlertState::kFiring;
    down.alerts = {{.state = AlertState::kFiring,
                    .labels = {{"alertname", "Down"}, {"job", "a\"b"}},
                    .annotations = {{"summary", "a\"b is down"}},
                    .value = 1,
                    .active_at = kThen - 60'000,
                    .fired_at = kThen,
                    .keep_firing_since = kThen - 1000},
                   {.state = AlertState::kPending,
                    .labels = {{"alertname", "Down"}, {"job", "c"}},
                    .value = std::numeric_limits<double>::infinity(),
                    .active_at = kThen,
                    .held = true}};
    RuleStatus broken = Recording("job:up:sum", {{"team", "shop"}});
    broken.health = RuleHealth::kError;
    broken.last_error = "it failed";
    broken.held = true;
    GroupStatus first = Group("/r/a.yaml", "first", {down, broken});
    first.limit = 7;
    first.last_evaluation = kThen;
    first.evaluation_time = std::chrono::milliseconds(2);
    groups_ = {Group("/r/b.yaml", "second", {Recording("x"), Alerting("Slow", {{"team", "{{ $value }}"}})}),
               std::move(first), Group("/r/b.yaml", "empty", {}),
               Group("/r/b.yaml", "first", {Alerting("Down", {{"severity", "info"}})})};
  }

  http::Response Get(const std::string& path, http::Fields query) {
    metrics::Self self;
    Api api(Hooks{.scrape = [](std::string_view, const std::vector<std::string>&) { return Scrape{}; },
                  .healthy = [] { return true; },
                  .ready = [] { return true; },
                  .reload = []() -> Status { return {}; },
                  .rules = [this] { return groups_; },
                  .self = &self,
                  .front_page = {}});
    http::Request request;
    request.method = "GET";
    request.path = path;
    request.query = std::move(query);
    return api.Handle(request);
  }

  // "file group: rule rule", for each group of the answer.
  std::vector<std::string> Listed(http::Fields query) {
    const http::Response response = Get("/api/v1/rules", std::move(query));
    EXPECT_EQ(response.status, 200) << response.body;
    std::vector<std::string> listed;
    const json answer = json::parse(response.body);
    for (const json& group : answer["data"]["groups"]) {
      std::string text = group["file"].get<std::string>() + " " + group["name"].get<std::string>() + ":";
      for (const json& rule : group["rules"]) text += " " + rule["name"].get<std::string>();
      listed.push_back(std::move(text));
    }
    return listed;
  }

  std::string ErrorOf(http::Fields query) {
    const http::Response response = Get("/api/v1/rules", std::move(query));
    EXPECT_EQ(response.status, 400);
    const json answer = json::parse(response.body);
    EXPECT_EQ(answer["status"], "error");
    EXPECT_EQ(answer["errorType"], "bad_data");
    return answer["error"];
  }

  std::vector<GroupStatus> groups_;
};

TEST_F(RulesTest, AGroup) {
  const json answer = json::parse(Get("/api/v1/rules", {{"file[]", "/r/a.yaml"}}).body);
  EXPECT_EQ(answer, json::parse(R"json({
    "status": "success",
    "data": {"groups": [{
      "name": "first", "file": "/r/a.yaml", "interval": 1.5, "limit": 7, "evaluationTime": 0.002,
      "lastEvaluation": "2026-01-02T13:36:56.874Z",
      "rules": [
        {"state": "firing", "name": "Down", "query": "up == 0", "duration": 120, "keepFiringFor": 0.5,
         "labels": {"severity": "page"}, "annotations": {"summary": "{{ $labels.job }} is down"},
         "alerts": [
           {"labels": {"alertname": "Down", "job": "a\"b"}, "annotations": {"summary": "a\"b is down"},
            "state": "firing", "activeAt": "2026-01-02T13:35:56.874Z",
            "keepFiringSince": "2026-01-02T13:36:55.874Z", "value": "1e+00"},
           {"labels": {"alertname": "Down", "job": "c"}, "annotations": {}, "state": "pending",
            "activeAt": "2026-01-02T13:36:56.874Z", "value": "+Inf", "held": true}],
         "health": "ok", "evaluationTime": 0.000356688, "lastEvaluation": "2026-01-02T13:36:56.874Z",
         "type": "alerting"},
        {"name": "job:up:sum", "query": "sum(up)", "labels": {"team": "shop"}, "health": "err",
         "lastError": "it failed", "evaluationTime": 0, "lastEvaluation": "0001-01-01T00:00:00Z",
         "type": "recording", "held": true
}]
}]
}
})json"));
}

TEST_F(RulesTest, Alerts) {
  const json answer = json::parse(Get("/api/v1/alerts", {}).body);
  EXPECT_EQ(answer["status"], "success");
  ASSERT_EQ(answer["data"]["alerts"].size(), 2u);
  EXPECT_EQ(answer["data"]["alerts"][0]["labels"]["job"], "a\"b");
  EXPECT_EQ(answer["data"]["alerts"][1]["state"], "pending");
  groups_.clear();
  EXPECT_EQ(json::parse(Get("/api/v1/alerts", {}).body),
            json::parse(R"({"status":"success","data":{"alerts":[]}})"));
  EXPECT_EQ(json::parse(Get("/api/v1/rules", {}).body),
            json::parse(R"({"status":"success","data":{"groups":[]}})"));
}

TEST_F(RulesTest, Values) {
  const std::pair<double, std::string> cases[] = {
      {0, "0e+00"},      {1, "1e+00"},    {-0.5, "-5e-01"}, {12345.678, "1.2345678e+04"},
      {1e100, "1e+100"}, {1e-7, "1e-07"}, {NAN, "NaN"},     {-INFINITY, "-Inf"},
  };
  for (const auto& [value, want] : cases) {
    groups_[1].rules[0].alerts[0].value = value;
    const json answer = json::parse(Get("/api/v1/alerts", {}).body);
    EXPECT_EQ(answer["data"]["alerts"][0]["value"], want);
  }
}

TEST_F(RulesTest, Choosing) {
  const std::pair<http::Fields, std::vector<std::string>> cases[] = {
      {{}, {"/r/a.yaml first: Down job:up:sum", "/r/b.yaml first: Down", "/r/b.yaml second: x Slow"}},
      {{{"type", ""}},
       {"/r/a.yaml first: Down job:up:sum", "/r/b.yaml first: Down", "/r/b.yaml second: x Slow"}},
      {{{"type", "Alert"}}, {"/r/a.yaml first: Down", "/r/b.yaml first: Down", "/r/b.yaml second: Slow"}},
      {{{"type", "record"}}, {"/r/a.yaml first: job:up:sum", "/r/b.yaml second: x"}},
      {{{"rule_name[]", "x"}, {"rule_name[]", "Down"}},
       {"/r/a.yaml first: Down", "/r/b.yaml first: Down", "/r/b.yaml second: x"}},
      {{{"rule_group[]", "first"}}, {"/r/a.yaml first: Down job:up:sum", "/r/b.yaml first: Down"}},
      {{{"rule_group[]", "first"}, {"file[]", "/r/b.yaml"}}, {"/r/b.yaml first: Down"}},
      {{{"file[]", "/r/c.yaml"}}, {}},
      {{{"match[]", "{severity=\"page\"}"}}, {"/r/a.yaml first: Down"}},
      {{{"match[]", "{severity=\"page\"}"}, {"match[]", "{team!=\"\"}"}},
       {"/r/a.yaml first: Down job:up:sum", "/r/b.yaml second: Slow"}},
      {{{"match[]", "{team=\"shop\",severity=\"page\"}"}}, {}},
      {{{"match[]", "{team=\"{{ $value }}\"}"}}, {"/r/b.yaml second: Slow"}},
  };
  for (const auto& [query, want] : cases) {
    std::string shown;
    for (const auto& [name, value] : query) shown += name + "=" + value + "&";
    EXPECT_EQ(Listed(query), want) << shown;
  }
}

TEST_F(RulesTest, WithoutAlerts) {
  for (const std::string yes : {"true", "TRUE", "1", "t"}) {
    const json answer = json::parse(Get("/api/v1/rules", {{"exclude_alerts", yes}}).body);
    EXPECT_TRUE(answer["data"]["groups"][0]["rules"][0]["alerts"].is_null()) << yes;
  }
  for (const std::string no : {"false", "0", "f", ""}) {
    const json answer = json::parse(Get("/api/v1/rules", {{"exclude_alerts", no}}).body);
    EXPECT_EQ(answer["data"]["groups"][0]["rules"][0]["alerts"].size(), 2u) << no;
  }
}

TEST_F(RulesTest, PageByPage) {
  std::vector<std::string> seen;
  http::Fields query = {{"group_limit", "1"}, {"type", "alert"}};
  for (int pages = 1;; ++pages) {
    ASSERT_LE(pages, 3);
    const json data = json::parse(Get("/api/v1/rules", query).body)["data"];
    ASSERT_EQ(data["groups"].size(), 1u) << data;
    seen.push_back(data["groups"][0]["file"].get<std::string>() + " " +
                   data["groups"][0]["name"].get<std::string>());
    if (!data.contains("groupNextToken")) break;
    query = {{"group_limit", "1"}, {"type", "alert"}, {"group_next_token", data["groupNextToken"]}};
  }
  EXPECT_THAT(seen, ElementsAre("/r/a.yaml first", "/r/b.yaml first", "/r/b.yaml second"));
  EXPECT_FALSE(
      json::parse(Get("/api/v1/rules", {{"group_limit", "3"}}).body)["data"].contains("groupNextToken"));
  // A group that has gone.
  groups_.erase(groups_.begin() + 3);
  groups_.erase(groups_.begin());
  EXPECT_EQ(ErrorOf(query), "invalid parameter \"group_next_token\": invalid group_next_token '" +
                                http::Fields(query)[2].second + "'. were rule groups changed?");
}

TEST_F(RulesTest, WrongParameters) {
  const std::pair<http::Fields, std::string> cases[] = {
      {{{"type", "Alarm"}}, "invalid parameter \"type\": not supported value \"alarm\""},
      {{{"exclude_alerts", "Yes"}},
       "invalid parameter \"exclude_alerts\": error converting exclude_alerts: strconv.ParseBool: parsing "
       "\"yes\": invalid syntax"},
      {{{"group_limit", "0"}}, "invalid parameter \"group_limit\": group_limit needs to be greater than 0"},
      {{{"group_limit", "-1"}}, "invalid parameter \"group_limit\": group_limit needs to be greater than 0"},
      {{{"group_limit", "1x"}},
       "invalid parameter \"group_limit\": group_limit needs to be a valid number: strconv.ParseInt: parsing "
       "\"1x\": invalid syntax"},
      {{{"group_limit", "3000000000"}},
       "invalid parameter \"group_limit\": group_limit needs to be a valid number: strconv.ParseInt: parsing "
       "\"3000000000\": value out of range"},
      {{{"group_next_token", "a"}},
       "invalid parameter \"group_next_token\": group_limit needs to be present in order to paginate over "
       "the "
       "groups"},
      {{{"group_next_token", "a"}, {"group_limit", "1"}},
       "invalid parameter \"group_next_token\": invalid group_next_token 'a'. were rule groups changed?"},
      {{{"match[]", "{a=~\".*\"}"}}, "match[] must contain at least one non-empty matcher"},
      {{{"match[]", "{a="}}, "1:4: parse error: unexpected end of input inside braces"},
  };
  for (const auto& [query, want] : cases) EXPECT_EQ(ErrorOf(query), want);
}

TEST_F(RulesTest, OnlyGet) {
  metrics::Self self;
  Api api(Hooks{.scrape = [](std::string_view, const std::vector<std::string>&) { return Scrape{}; },
                .healthy = [] { return true; },
                .ready = [] { return true; },
                .reload = []() -> Status { return {}; },
                .self = &self,
                .front_page = {}});
  for (const std::string path : {"/api/v1/rules", "/api/v1/alerts"}) {
    http::Request request;
    request.path = path;
    request.method = "POST";
    EXPECT_EQ(api.Handle(request).status, 405);
    request.method = "GET";
    EXPECT_EQ(api.Handle(request).status, 200) << "without rules";
  }
}

}  // namespace
}  // namespace sidelight::api
