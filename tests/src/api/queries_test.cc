// /api/v1/query and /api/v1/query_range over a store with a few series, as the API's requests.
#include "src/api/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/http/form.h"
#include "core/storage/store.h"
#include "src/api/api.h"
#include "tests/support/fake_clock.h"

namespace sidelight::api {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr UnixMillis kStart = 1'700'000'000'000;

class QueriesTest : public ::testing::Test {
 protected:
  QueriesTest() {
    auto appender = store_->MakeAppender();
    for (int i = 0; i <= 10; ++i) {
      const UnixMillis time = kStart + i * 1000;
      EXPECT_TRUE(appender->Append(0, {{"__name__", "requests_total"}, {"route", "/a"}}, time, i * 2));
      EXPECT_TRUE(appender->Append(0, {{"__name__", "requests_total"}, {"route", "/b"}}, time, i));
    }
    EXPECT_TRUE(appender->Commit());
    clock_.Advance(std::chrono::seconds(10));
  }

  Api& api() {
    if (api_ == nullptr) {
      engine_ = std::make_unique<promql::Engine>(engine_options_, clock_);
      queries_ = std::make_unique<Queries>(
          *engine_, *data_, [this] { return clock_.UnixNow(); }, options_, self_, clock_);
      api_ = std::make_unique<Api>(
          Hooks{.scrape = [](std::string_view, const std::vector<std::string>&) { return Scrape{}; },
                .healthy = [] { return true; },
                .ready = [] { return true; },
                .reload = []() -> Status { return {}; },
                .queries = queries_.get(),
                .self = &self_,
                .clock = &clock_,
                .front_page = {}});
    }
    return *api_;
  }

  http::Response Get(const std::string& path, http::Fields query) {
    http::Request request;
    request.method = "GET";
    request.path = path;
    request.query = std::move(query);
    return api().Handle(request);
  }
  http::Response Post(const std::string& path, const std::string& type, std::string body,
                      http::Fields query = {}) {
    http::Request request;
    request.method = "POST";
    request.path = path;
    request.query = std::move(query);
    request.headers = {{"Content-Type", type}};
    request.body = std::move(body);
    return api().Handle(request);
  }
  double Counted(const std::string& result) {
    return self_.Counter("sidelight_queries_total", "", {{"result", result}}).Value();
  }

  FakeClock clock_{kStart - 1000};  // which is a second ahead
  metrics::Self self_;
  std::unique_ptr<storage::Store> store_ = storage::Store::Open({.clock = &clock_}).value();
  const storage::Queryable* data_ = store_.get();
  promql::EngineOptions engine_options_;
  QueryOptions options_;
  std::unique_ptr<promql::Engine> engine_;
  std::unique_ptr<Queries> queries_;
  std::unique_ptr<Api> api_;
};

TEST_F(QueriesTest, Answers) {
  struct Row {
    std::string path;
    http::Fields query;
    std::string data;
  };
  const std::vector<Row> rows = {
      {"query", {{"query", "1+1"}}, R"({"resultType":"scalar","result":[1700000010,"2"]})"},
      {"query", {{"query", "1"}, {"time", "5.25"}}, R"({"resultType":"scalar","result":[5.25,"1"]})"},
      {"query",
       {{"query", "requests_total{route=\"/a\"}"}},
       R"({"resultType":"vector","result":[{"metric":{"__name__":"requests_total","route":"/a"},"value":[1700000010,"20"]}]})"},
      {"query",
       {{"query", "sum(rate(requests_total[10s]))"}, {"time", "2023-11-14T22:13:30Z"}},
       R"({"resultType":"vector","result":[{"metric":{},"value":[1700000010,"3"]}]})"},
      {"query",
       {{"query", "requests_total{route=\"/b\"}[2s]"}},
       R"({"resultType":"matrix","result":[{"metric":{"__name__":"requests_total","route":"/b"},"values":[[1700000009,"9"],[1700000010,"10"]]}]})"},
      {"query", {{"query", "nothing"}}, R"({"resultType":"vector","result":[]})"},
      {"query", {{"query", "\"x\""}}, R"({"resultType":"string","result":[1700000010,"x"]})"},
      {"query",
       {{"query", "requests_total"},
        {"limit", "1"},
        {"lookback_delta", "1h"},
        {"timeout", "1m"},
        {"stats", "all"}},
       R"({"resultType":"vector","result":[{"metric":{"__name__":"requests_total","route":"/a"},"value":[1700000010,"20"]}]})"},
      {"query",
       {{"query", "requests_total"}, {"lookback_delta", "1s"}, {"time", "1700000012"}},
       R"({"resultType":"vector","result":[]})"},
      {"query_range",
       {{"query", "sum(requests_total)"}, {"start", "1700000001"}, {"end", "1700000002"}, {"step", "500ms"}},
       R"({"resultType":"matrix","result":[{"metric":{},"values":[[1700000001,"3"],[1700000001.500,"3"],[1700000002,"6"]]}]})"},
      {"query_range",
       {{"query", "2"}, {"start", "0"}, {"end", "11000"}, {"step", "5500"}},
       R"({"resultType":"matrix","result":[{"metric":{},"values":[[0,"2"],[5500,"2"],[11000,"2"]]}]})"},
      {"query_range",
       {{"query", "nothing"}, {"start", "1"}, {"end", "1"}, {"step", "1"}},
       R"({"resultType":"matrix","result":[]})"},
  };
  for (const Row& row : rows) {
    for (const bool as_form : {false, true}) {
      const http::Response response =
          as_form ? Post("/api/v1/" + row.path, "application/x-www-form-urlencoded; charset=utf-8",
                         http::FormatForm(row.query))
                  : Get("/api/v1/" + row.path, row.query);
      EXPECT_EQ(response.status, 200) << row.query[0].second << response.body;
      EXPECT_EQ(response.content_type, "application/json");
      EXPECT_THAT(response.body, HasSubstr("{\"status\":\"success\",\"data\":" + row.data))
          << row.query[0].second;
    }
  }
  EXPECT_EQ(Counted("success"), 2.0 * static_cast<double>(rows.size()));
}

TEST_F(QueriesTest, TheFormCountsBeforeTheQueryString) {
  EXPECT_THAT(
      Post("/api/v1/query", "application/x-www-form-urlencoded", "query=1", {{"query", "2"}, {"time", "5"}})
          .body,
      HasSubstr("[5,\"1\"]"));
  EXPECT_THAT(Post("/api/v1/query", "text/plain", "query=1", {{"query", "2"}, {"time", "5"}}).body,
              HasSubstr("[5,\"2\"]"));
}

TEST_F(QueriesTest, BadData) {
  struct Row {
    std::string path;
    http::Fields query;
    std::string error;
  };
  const http::Fields range = {{"query", "1"}, {"start", "1"}, {"end", "5"}, {"step", "1"}};
  const auto with = [&](const std::string& key, const std::string& value) {
    http::Fields fields = {{key, value}};
    fields.insert(fields.end(), range.begin(), range.end());
    return fields;
  };
  const std::vector<Row> rows = {
      {"query", {{"query", "sum("}}, "invalid parameter \"query\": 1:5: parse error: "},
      {"query", {}, "invalid parameter \"query\": 1:1: parse error: no expression found in input"},
      {"query",
       {{"query", "1"}, {"time", "x"}},
       "invalid parameter \"time\": Invalid time value for 'time': cannot parse \"x\" to a valid timestamp"},
      {"query",
       {{"query", "1"}, {"timeout", "x"}},
       "invalid parameter \"timeout\": cannot parse \"x\" to a valid duration"},
      {"query",
       {{"query", "1"}, {"lookback_delta", "x"}},
       "error parsing lookback delta duration: cannot parse \"x\" to a valid duration"},
      {"query",
       {{"query", "1"}, {"limit", "x"}},
       "invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax"},
      {"query", {{"query", "1"}, {"limit", "-1"}}, "invalid parameter \"limit\": limit must be non-negative"},
      {"query", {{"query", "limitk(1, a)"}}, "invalid parameter \"query\": 1:1: parse error: "},
      {"query_range",
       {{"query", "1"}},
       "invalid parameter \"start\": cannot parse \"\" to a valid timestamp"},
      {"query_range",
       {{"query", "1"}, {"start", "1"}},
       "invalid parameter \"end\": cannot parse \"\" to a valid timestamp"},
      {"query_range", with("end", "0.5"),
       "invalid parameter \"end\": end timestamp must not be before start time"},
      {"query_range", with("step", ""), "invalid parameter \"step\": cannot parse \"\" to a valid duration"},
      {"query_range", with("step", "1e30"),
       "invalid parameter \"step\": cannot parse \"1e30\" to a valid duration. It overflows int64"},
      {"query_range", with("step", "0"),
       "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a "
       "positive "
       "integer"},
      {"query_range", with("step", "-1"),
       "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a "
       "positive "
       "integer"},
      {"query_range", with("end", "11002"),
       "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
       "(?step=XX)"},
      {"query_range", with("query", "a[5m]"),
       "invalid parameter \"query\": invalid expression type \"range vector\" for range query, must be "
       "Scalar or "
       "instant Vector"},
      {"query_range", with("query", "sum("), "invalid parameter \"query\": 1:5: parse error: "},
  };
  for (const Row& row : rows) {
    const http::Response response = Get("/api/v1/" + row.path, row.query);
    EXPECT_EQ(response.status, 400) << row.error;
    EXPECT_EQ(response.content_type, "application/json");
    const json body = json::parse(response.body);
    EXPECT_EQ(body["status"], "error");
    EXPECT_EQ(body["errorType"], "bad_data");
    EXPECT_THAT(body["error"].get<std::string>(), ::testing::StartsWith(row.error)) << row.path;
  }
  EXPECT_EQ(Counted("bad_data"), static_cast<double>(rows.size()));

  const http::Response form = Post("/api/v1/query", "application/x-www-form-urlencoded", "query=%zz");
  EXPECT_EQ(form.status, 400);
  EXPECT_THAT(form.body, HasSubstr("\"errorType\":\"bad_data\""));
}

TEST_F(QueriesTest, ErrorsOfTheEvaluation) {
  engine_options_.max_samples = 10;
  options_.max_result_bytes = 200;
  struct Row {
    std::string query;
    http::Fields more;
    int status;
    std::string type;
    std::string error;
  };
  const std::vector<Row> rows = {
      {"requests_total + on() requests_total", {}, 422, "execution", "many-to-many matching not allowed"},
      {"requests_total[1m]",
       {},
       422,
       "execution",
       "query processing would load too many samples into memory in query execution"},
      {"1", {{"timeout", "0"}}, 503, "timeout", "query timed out in query queue"},
      {"1", {{"timeout", "-5"}}, 503, "timeout", "query timed out in query queue"},
      {"\"" + std::string(300, 'x') + "\"",
       {},
       422,
       "execution",
       "the result of the query is larger than 200 bytes"},
  };
  for (const Row& row : rows) {
    http::Fields query = {{"query", row.query}};
    query.insert(query.end(), row.more.begin(), row.more.end());
    const http::Response response = Get("/api/v1/query", query);
    EXPECT_EQ(response.status, row.status) << response.body;
    const json body = json::parse(response.body);
    EXPECT_EQ(body["errorType"], row.type) << response.body;
    EXPECT_THAT(body["error"].get<std::string>(), HasSubstr(row.error));
  }
  EXPECT_EQ(Counted("execution"), 3);
  EXPECT_EQ(Counted("timeout"), 2);
  // Whoever was refused leaves nothing behind.
  EXPECT_EQ(self_.Gauge("sidelight_queries_running", "").Value(), 0);
}

// Lets something happen while a query reads.
class Meddling final : public storage::Queryable {
 public:
  Meddling(const storage::Queryable& inner, std::function<void()> meddle)
      : inner_(inner), meddle_(std::move(meddle)) {}
  std::unique_ptr<storage::Selection> Select(std::span<const Matcher> matchers, UnixMillis from,
                                             UnixMillis to) const override {
    meddle_();
    return inner_.Select(matchers, from, to);
  }
  std::vector<std::string> LabelNames(std::span<const Matcher>, UnixMillis, UnixMillis) const override {
    return {};
  }
  std::vector<std::string> LabelValues(std::string_view, std::span<const Matcher>, UnixMillis,
                                       UnixMillis) const override {
    return {};
  }

 private:
  const storage::Queryable& inner_;
  const std::function<void()> meddle_;
};

TEST_F(QueriesTest, TimesOut) {
  const Meddling slow(*store_, [this] { clock_.Advance(std::chrono::seconds(31)); });
  data_ = &slow;
  const http::Response response =
      Get("/api/v1/query", {{"query", "sum(requests_total) + sum(requests_total)"}});
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr(R"("errorType":"timeout","error":"query timed out in )"));
}

TEST_F(QueriesTest, EndsWhenTheProcessStops) {
  const Meddling stopping(*store_, [this] { queries_->Cancel(); });
  data_ = &stopping;
  for (const std::string when : {"while it runs", "from then on"}) {
    const http::Response response =
        Get("/api/v1/query", {{"query", "sum(requests_total) + sum(requests_total)"}});
    EXPECT_EQ(response.status, 503) << when;
    EXPECT_THAT(response.body, HasSubstr(R"("errorType":"canceled","error":"query was canceled in )"))
        << when;
  }
}

class LeavingClient final : public http::Client {
 public:
  uint64_t WhenGone(std::function<void()> gone) override {
    gone_ = std::move(gone);
    return 7;
  }
  void Forget(uint64_t watch) override {
    EXPECT_EQ(watch, 7u);
    gone_ = nullptr;
  }
  void Leave() { gone_(); }
  bool watched() const { return gone_ != nullptr; }

 private:
  std::function<void()> gone_;
};

TEST_F(QueriesTest, EndsWhenItsClientLeaves) {
  LeavingClient client;
  const Meddling leaving(*store_, [&] { client.Leave(); });
  data_ = &leaving;
  http::Request request;
  request.method = "GET";
  request.path = "/api/v1/query_range";
  request.query = {{"query", "requests_total + requests_total"},
                   {"start", "1700000000"},
                   {"end", "1700000010"},
                   {"step", "1"}};
  request.client = &client;
  const http::Response response = api().Handle(request);
  EXPECT_EQ(response.status, 499);
  EXPECT_THAT(response.body, HasSubstr(R"("errorType":"canceled")"));
  EXPECT_FALSE(client.watched());
  EXPECT_EQ(Counted("canceled"), 1);
}

TEST_F(QueriesTest, EveryErrorBelowThePathHasPrometheusForm) {
  const std::vector<std::pair<http::Response, std::string>> rows = {
      {Get("/api/v1/nothing", {}), "not_found"},
      {api().Refusal({.method = "POST", .path = "/api/v1/query"}, {413, "payload_too_large", "too large"}),
       "bad_data"},
      {api().Refusal({.method = "GET", .path = "/api/v1/query"}, {503, "overloaded", "later"}),
       "unavailable"},
      {api().Refusal({.method = "GET", .path = "/api/v1/query"}, {500, "internal", "oops"}), "internal"},
  };
  for (const auto& [response, type] : rows) {
    const json body = json::parse(response.body);
    EXPECT_EQ(body["status"], "error") << response.body;
    EXPECT_EQ(body["errorType"], type) << response.body;
  }
  const http::Response method = [&] {
    http::Request request;
    request.method = "DELETE";
    request.path = "/api/v1/query";
    return api().Handle(request);
  }();
  EXPECT_EQ(method.status, 405);
  EXPECT_THAT(method.body, HasSubstr(R"("errorType":"bad_data")"));
  EXPECT_THAT(method.headers,
              testing::Contains(std::pair<std::string, std::string>("Allow", "GET, HEAD, POST")));
}

TEST_F(QueriesTest, WhatIsExperimentalCanBeSwitchedOn) {
  options_.parser.experimental = true;
  EXPECT_EQ(Get("/api/v1/query", {{"query", "limitk(1, requests_total)"}}).status, 200);
}

}  // namespace
}  // namespace sidelight::api
