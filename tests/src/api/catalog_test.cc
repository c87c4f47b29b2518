// /api/v1/labels, label values, series and query_exemplars over a store with a few series, as the API's
// requests.
#include "src/api/catalog.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/http/form.h"
#include "core/storage/store.h"
#include "src/api/api.h"
#include "src/api/query_json.h"
#include "tests/support/fake_clock.h"

namespace sidelight::api {
namespace {

using ::testing::HasSubstr;

constexpr UnixMillis kStart = 1'700'000'000'000;
constexpr char kForm[] = "application/x-www-form-urlencoded";
const std::string kCut = R"(,"warnings":["results truncated due to limit"]})";

// A clock that something happens at whenever it is looked at.
class MeddlingClock final : public Clock {
 public:
  explicit MeddlingClock(FakeClock& clock) : clock_(clock) {}
  TimePoint Now() const override {
    meddle();
    return clock_.Now();
  }
  UnixMillis UnixNow() const override { return clock_.UnixNow(); }

  std::function<void()> meddle = [] {};

 private:
  FakeClock& clock_;
};

Exemplar MakeExemplar(uint8_t id, double value, UnixMillis time) {
  Exemplar exemplar;
  exemplar.id.trace[15] = id;
  exemplar.id.span[7] = id;
  exemplar.value = value;
  exemplar.time = time;
  return exemplar;
}

class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest() {
    Append({{"__name__", "gone"}, {"job", "z"}, {"once", "x"}}, kStart - 3'600'000);
    Append({{"__name__", "up"}, {"job", "b"}}, kStart);
    Append({{"__name__", "up"}, {"job", "a"}}, kStart);
    Append({{"__name__", "requests_total"}, {"job", "a"}, {"route", "/b\"\n"}}, kStart);
    Append({{"__name__", "requests_total"}, {"job", "a"}, {"route", "/a"}}, kStart);
    Append({{"__name__", "http.size"}, {"http.method", "GET"}}, kStart);
    AppendExemplars({{"__name__", "seconds_bucket"}, {"job", "a"}, {"le", "1"}},
                    {MakeExemplar(1, 0.5, kStart - 1500), MakeExemplar(2, 1e-7, kStart)});
    AppendExemplars({{"__name__", "seconds_bucket"}, {"job", "a"}, {"le", "+Inf"}},
                    {MakeExemplar(0x2a, 7, kStart + 1)});
    AppendExemplars({{"__name__", "seconds_bucket"}, {"job", "b"}, {"le", "1"}},
                    {{.id = {}, .value = 0.25, .time = kStart}});
  }

  storage::SeriesRef Append(const Labels& labels, UnixMillis time) {
    const auto ref = appender_->Append(0, labels, time, 1);
    EXPECT_TRUE(ref && appender_->Commit());
    return *ref;
  }
  void AppendExemplars(const Labels& labels, const std::vector<Exemplar>& exemplars) {
    const storage::SeriesRef ref = Append(labels, kStart);
    for (const Exemplar& exemplar : exemplars) EXPECT_TRUE(appender_->AppendExemplar(ref, exemplar));
    EXPECT_TRUE(appender_->Commit());
  }

  Api& api() {
    if (api_ == nullptr) {
      engine_ = std::make_unique<promql::Engine>(engine_options_, meddling_);
      catalog_ = std::make_unique<Catalog>(*engine_, *store_, options_, meddling_);
      api_ = std::make_unique<Api>(
          Hooks{.scrape = [](std::string_view, const std::vector<std::string>&) { return Scrape{}; },
                .healthy = [] { return true; },
                .ready = [] { return true; },
                .reload = []() -> Status { return {}; },
                .catalog = catalog_.get(),
                .self = &self_,
                .clock = &clock_,
                .front_page = {}});
    }
    return *api_;
  }

  http::Response Get(const std::string& path, http::Fields query) {
    http::Request request;
    request.method = "GET";
    request.path = "/api/v1/" + path;
    request.query = std::move(query);
    return api().Handle(request);
  }
  http::Response Post(const std::string& path, std::string body, http::Fields query = {}) {
    http::Request request;
    request.method = "POST";
    request.path = "/api/v1/" + path;
    request.query = std::move(query);
    request.headers = {{"Content-Type", kForm}};
    request.body = std::move(body);
    return api().Handle(request);
  }

  struct Row {
    std::string path;
    http::Fields query;
    std::string data;
    bool cut = false;
  };
  // Both in the query string and as a form, where there is one.
  void ExpectAnswers(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const std::string asked = row.path + "?" + http::FormatForm(row.query);
      const std::string wanted = R"({"status":"success","data":)" + row.data + (row.cut ? kCut : "}");
      const http::Response response = Get(row.path, row.query);
      EXPECT_EQ(response.status, 200) << asked;
      EXPECT_EQ(response.content_type, "application/json") << asked;
      EXPECT_EQ(response.body, wanted) << asked;
      if (row.path.starts_with("label/")) continue;
      EXPECT_EQ(Post(row.path, http::FormatForm(row.query)).body, wanted) << "POST " << asked;
    }
  }
  void ExpectError(const http::Response& response, int status, const std::string& type,
                   const std::string& error, const std::string& asked) {
    EXPECT_EQ(response.status, status) << asked;
    std::string wanted = fmt::format(R"({{"status":"error","errorType":"{}","error":)", type);
    AppendJsonString(error, &wanted);
    EXPECT_EQ(response.body, wanted + "}") << asked;
  }

  FakeClock clock_{kStart};
  MeddlingClock meddling_{clock_};
  metrics::Self self_;
  std::unique_ptr<storage::Store> store_ = storage::Store::Open({.clock = &clock_}).value();
  std::unique_ptr<storage::Appender> appender_ = store_->MakeAppender();
  promql::EngineOptions engine_options_;
  QueryOptions options_;
  std::unique_ptr<promql::Engine> engine_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Api> api_;
};

TEST_F(CatalogTest, NamesOfLabels) {
  ExpectAnswers({
      {"labels", {}, R"(["__name__","http.method","job","le","once","route"])"},
      {"labels", {{"match[]", "up"}}, R"(["__name__","job"])"},
      {"labels", {{"match[]", "up"}, {"match[]", "{le=~\".+\"}"}}, R"(["__name__","job","le"])"},
      {"labels", {{"match[]", "nothing"}}, "[]"},
      {"labels", {{"start", "1699999000"}}, R"(["__name__","http.method","job","le","route"])"},
      {"labels", {{"start", "1"}, {"end", "1699999999.999"}}, R"(["__name__","job","once"])"},
      {"labels", {{"start", "1700000001"}}, "[]"},
      {"labels", {{"start", "1700000000"}, {"end", "1699999999"}}, "[]"},
      {"labels", {{"limit", "0"}}, R"(["__name__","http.method","job","le","once","route"])"},
      {"labels", {{"limit", "6"}}, R"(["__name__","http.method","job","le","once","route"])"},
      {"labels", {{"limit", "5"}}, R"(["__name__","http.method","job","le","once"])", true},
      {"labels",
       {{"match[]", "up"}, {"match[]", "{le=~\".+\"}"}, {"limit", "2"}},
       R"(["__name__","job"])",
       true},
      {"labels",
       {{"limit", "40000"}, {"start", "-9223309901257974"}, {"end", "9223309901257974"}},
       R"(["__name__","http.method","job","le","once","route"])"},
  });
}

TEST_F(CatalogTest, ValuesOfALabel) {
  ExpectAnswers({
      {"label/job/values", {}, R"(["a","b","z"])"},
      {"label/__name__/values", {}, R"(["gone","http.size","requests_total","seconds_bucket","up"])"},
      {"label/route/values", {}, R"(["/a","/b\"\n"])"},
      {"label/nothing/values", {}, "[]"},
      {"label/job/values", {{"match[]", "up{job!=\"a\"}"}}, R"(["b"])"},
      {"label/job/values", {{"match[]", "up"}, {"match[]", "gone"}, {"match[]", "up"}}, R"(["a","b","z"])"},
      {"label/job/values", {{"start", "2023-11-14T22:13:20Z"}}, R"(["a","b"])"},
      {"label/job/values", {{"limit", "3"}}, R"(["a","b","z"])"},
      {"label/job/values", {{"limit", "2"}}, R"(["a","b"])", true},
      {"label/job/values", {{"match[]", "gone"}, {"match[]", "up"}, {"limit", "1"}}, R"(["a"])", true},
      {"label/http.method/values", {}, R"(["GET"])"},
      {"label/U__http_2E_method/values", {}, R"(["GET"])"},
      {"label/U__job/values", {}, R"(["a","b","z"])"},
      {"label/U__http_2E_method/values", {{"match[]", "{\"http.size\"}"}}, R"(["GET"])"},
  });
}

TEST_F(CatalogTest, SeriesThatMatch) {
  const std::string a = R"({"__name__":"up","job":"a"})";
  const std::string b = R"({"__name__":"up","job":"b"})";
  ExpectAnswers({
      {"series", {{"match[]", "up"}}, "[" + a + "," + b + "]"},
      {"series", {{"match[]", "up{job=\"b\"}"}, {"match[]", "up"}}, "[" + a + "," + b + "]"},
      {"series",
       {{"match[]", "{route=~\".+\"}"}, {"match[]", "{\"http.size\"}"}},
       R"([{"__name__":"http.size","http.method":"GET"},)"
       R"({"__name__":"requests_total","job":"a","route":"/a"},)"
       R"({"__name__":"requests_total","job":"a","route":"/b\"\n"}])"},
      {"series", {{"match[]", "nothing"}}, "[]"},
      {"series", {{"match[]", "gone"}}, R"([{"__name__":"gone","job":"z","once":"x"}])"},
      {"series", {{"match[]", "gone"}, {"start", "1699999999"}}, "[]"},
      {"series", {{"match[]", "up"}, {"end", "1699999999"}}, "[]"},
      {"series", {{"match[]", "up"}, {"limit", "2"}}, "[" + a + "," + b + "]"},
      {"series", {{"match[]", "up"}, {"limit", "1"}}, "[" + a + "]", true},
      {"series",
       {{"match[]", "up{job=\"b\"}"}, {"match[]", "up{job=\"a\"}"}, {"limit", "1"}},
       "[" + a + "]",
       true},
  });
}

TEST_F(CatalogTest, ExemplarsOfWhatAQuerySelects) {
  const auto labels = [](int id) {
    return fmt::format(R"({{"span_id":"{:016x}","trace_id":"{:032x}"}})", id, id);
  };
  const std::string first = R"({"labels":)" + labels(1) + R"(,"value":"0.5","timestamp":1699999998.500})";
  const std::string second = R"({"labels":)" + labels(2) + R"(,"value":"1e-07","timestamp":1700000000})";
  const std::string infinite =
      R"({"seriesLabels":{"__name__":"seconds_bucket","job":"a","le":"+Inf"},"exemplars":[{"labels":)" +
      labels(0x2a) + R"(,"value":"7","timestamp":1700000000.001}]})";
  const std::string one = R"({"seriesLabels":{"__name__":"seconds_bucket","job":"a","le":"1"},"exemplars":[)";
  const std::string traceless =
      R"({"seriesLabels":{"__name__":"seconds_bucket","job":"b","le":"1"},"exemplars":[)"
      R"({"labels":{},"value":"0.25","timestamp":1700000000}]})";
  const std::string all = "[" + infinite + "," + one + first + "," + second + "]}," + traceless + "]";
  ExpectAnswers({
      {"query_exemplars", {{"query", "seconds_bucket"}}, all},
      // What Grafana asks once, with milliseconds where there should be seconds, to find out whether there
      // are any.
      {"query_exemplars", {{"query", "test"}, {"start", "1699996400000"}, {"end", "1700000000000"}}, "[]"},
      {"query_exemplars", {{"query", "seconds_bucket"}, {"start", "1699996400"}, {"end", "1700003600"}}, all},
      {"query_exemplars",
       {{"query", "histogram_quantile(0.9, sum by (le) (rate(seconds_bucket{job=\"a\"}[5m])))"},
        {"start", "1699999999"},
        {"end", "1700000000"}},
       "[" + one + second + "]}]"},
      {"query_exemplars",
       {{"query", "up or seconds_bucket{job=\"b\"} + seconds_bucket{job=\"b\"}"}},
       "[" + traceless + "]"},
      {"query_exemplars", {{"query", "seconds_bucket"}, {"start", "1700000001"}}, "[]"},
  });
  // Prometheus' answer where there is nothing to select.
  const http::Response nothing = Get("query_exemplars", {{"query", "1 + vector(2)"}});
  EXPECT_EQ(nothing.status, 204);
  EXPECT_EQ(nothing.body, "");
}

TEST_F(CatalogTest, RefusesAsPrometheusDoes) {
  struct Wrong {
    std::string path;
    http::Fields query;
    std::string error;
  };
  const std::string bad_limit = R"(invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax)";
  const std::string bad_start =
      R"(invalid parameter "start": Invalid time value for 'start': cannot parse "x" to a valid timestamp)";
  const std::string bad_end =
      R"(invalid parameter "end": Invalid time value for 'end': cannot parse "x" to a valid timestamp)";
  const std::string bad_selector = "1:4: parse error: unexpected end of input inside braces";
  const std::string empty_selector = "match[] must contain at least one non-empty matcher";
  std::vector<Wrong> rows = {
      {"series", {}, "no match[] parameter provided"},
      {"series", {{"limit", "x"}, {"start", "x"}}, "no match[] parameter provided"},
      {"series", {{"match[]", "up{"}}, R"(invalid parameter "match[]": )" + bad_selector},
      {"series",
       {{"match[]", "up"}, {"match[]", "{a=\"\"}"}},
       R"(invalid parameter "match[]": )" + empty_selector},
      {"labels", {{"match[]", "up{"}}, bad_selector},
      {"labels", {{"match[]", "{}"}}, empty_selector},
      {"labels", {{"match[]", ""}}, "1:1: parse error: unexpected end of input"},
      {"label/job/values", {{"match[]", "up{"}}, bad_selector},
      {"label/job/values", {{"match[]", "{a=~\".*\"}"}}, empty_selector},
      {"label/\xff/values", {{"limit", "x"}}, R"(invalid label name: "\xff")"},
      {"query_exemplars", {}, "1:1: parse error: no expression found in input"},
      {"query_exemplars", {{"query", "up{"}}, bad_selector},
      {"query_exemplars", {{"query", "up"}, {"start", "x"}}, bad_start},
      {"query_exemplars", {{"query", "up{"}, {"end", "x"}}, bad_end},
      {"query_exemplars",
       {{"query", "up{"}, {"start", "2"}, {"end", "1"}},
       "end timestamp must not be before start timestamp"},
  };
  for (const std::string path : {"labels", "label/job/values", "series"}) {
    // The first of them that is wrong is named.
    http::Fields query = {{"match[]", "up{"}, {"end", "x"}, {"start", "x"}, {"limit", "x"}};
    for (const std::string& error : {bad_limit, bad_start, bad_end}) {
      rows.push_back({path, query, error});
      query.pop_back();
    }
    rows.push_back({path,
                    {{"match[]", "up"}, {"limit", "-1"}},
                    R"(invalid parameter "limit": limit must be non-negative)"});
  }
  for (const Wrong& row : rows) {
    const std::string asked = row.path + "?" + http::FormatForm(row.query);
    ExpectError(Get(row.path, row.query), 400, "bad_data", row.error, asked);
    if (row.path.starts_with("label/")) continue;
    ExpectError(Post(row.path, http::FormatForm(row.query)), 400, "bad_data", row.error, "POST " + asked);
  }
  ExpectError(Post("series", "match[]=%zz"), 400, "bad_data",
              "the form has a '%' without two hexadecimal digits after it", "a broken form");
}

TEST_F(CatalogTest, TheFormComesBeforeTheQueryString) {
  EXPECT_THAT(Post("series", "match[]=up{job=\"a\"}&limit=1", {{"match[]", "up"}, {"limit", "x"}}).body,
              HasSubstr(R"("data":[{"__name__":"up","job":"a"}],"warnings")"));
}

TEST_F(CatalogTest, OnlyWholeSegmentsAreNames) {
  for (const std::string path : {"label", "label/values", "label//values", "label/a/b/values",
                                 "label/a/value", "label/a", "labels/", "label/a/values/"}) {
    EXPECT_EQ(Get(path, {}).status, 404) << path;
  }
  EXPECT_EQ(Post("label/job/values", "").status, 405);
  EXPECT_EQ(Get("label/values/values", {}).status, 200);
  // All names count as one path.
  Get("label/job/values", {});
  const auto count = [&](const std::string& path) {
    return self_
        .Counter("sidelight_api_requests_total", "", {{"path", path}, {"method", "GET"}, {"status", "200"}})
        .Value();
  };
  EXPECT_EQ(count("/api/v1/label/{name}/values"), 2);
  EXPECT_EQ(count("/api/v1/label/job/values"), 0);
}

TEST_F(CatalogTest, BoundsWhatMayBeAsked) {
  http::Fields many(1001, {"match[]", "up"});
  for (const std::string path : {"labels", "label/job/values"}) {
    ExpectError(Get(path, many), 400, "bad_data", "there are 1001 match[], and at most 1000 are taken", path);
  }
  many.pop_back();
  EXPECT_EQ(Get("series", many).status, 200);

  // Each of them may be compiled, but not all.
  const http::Fields large(400, {"match[]", R"({a=~"x.{1000}"})"});
  EXPECT_EQ(Get("labels", {large[0]}).status, 200);
  ExpectError(Get("labels", large), 400, "bad_data",
              "the regular expressions of the match[] are too large, all of them together", "large");

  std::string query;
  for (int i = 0; i < 11; ++i) {
    query += i == 0 ? "(up" : "+(up";
    for (int j = 0; j < 90; ++j) query += "+up";
    query += ")";
  }
  ExpectError(Get("query_exemplars", {{"query", query}}), 400, "bad_data",
              "the query has 1001 selectors, and at most 1000 are taken", "a long sum");
}

TEST_F(CatalogTest, BoundsItsAnswers) {
  options_.max_result_bytes = 60;
  const std::string error =
      "the answer is larger than 60 bytes (promql.max_result_size); ask with narrower match[], or with a "
      "limit";
  const std::vector<std::pair<std::string, http::Fields>> rows = {
      {"labels", {}},
      {"label/__name__/values", {}},
      {"series", {{"match[]", "{job=\"a\"}"}}},
      {"query_exemplars", {{"query", "seconds_bucket"}}}};
  for (const auto& [path, query] : rows) ExpectError(Get(path, query), 422, "execution", error, path);
  EXPECT_EQ(Get("label/once/values", {}).status, 200);
}

TEST_F(CatalogTest, EndsAsQueriesDo) {
  engine_options_.max_concurrent = 1;
  const std::vector<std::pair<std::string, http::Fields>> rows = {{"labels", {}},
                                                                  {"label/job/values", {}},
                                                                  {"series", {{"match[]", "up"}}},
                                                                  {"query_exemplars", {{"query", "up"}}}};
  const auto expect = [&](const std::string& type, const std::string& error) {
    for (const auto& [path, query] : rows) ExpectError(Get(path, query), 503, type, error, path);
  };
  api();
  meddling_.meddle = [&] { clock_.Advance(std::chrono::seconds(31)); };
  expect("timeout", "query timed out in series lookup");
  {
    const promql::Engine::Turn only(*engine_, clock_.Now(), nullptr);
    expect("timeout", "query timed out in query queue");
  }
  meddling_.meddle = [] {};
  for (const auto& [path, query] : rows) EXPECT_EQ(Get(path, query).status, 200) << path;
  catalog_->Cancel();
  expect("canceled", "query was canceled in series lookup");
}

class LeavingClient final : public http::Client {
 public:
  uint64_t WhenGone(std::function<void()> gone) override {
    gone();
    return 7;
  }
  void Forget(uint64_t watch) override {
    EXPECT_EQ(watch, 7u);
    forgotten = true;
  }
  bool forgotten = false;
};

TEST_F(CatalogTest, EndsWhenItsClientLeaves) {
  engine_options_.max_concurrent = 1;
  meddling_.meddle = [&] { clock_.Advance(std::chrono::seconds(10)); };
  const auto expect = [&](const std::string& error) {
    LeavingClient client;
    http::Request request;
    request.method = "GET";
    request.path = "/api/v1/labels";
    request.client = &client;
    ExpectError(api().Handle(request), 499, "canceled", error, "labels");
    EXPECT_TRUE(client.forgotten);
  };
  expect("query was canceled in series lookup");
  // It does not wait for its turn either.
  const promql::Engine::Turn only(*engine_, clock_.Now(), nullptr);
  expect("query was canceled in query queue");
}

// A thousand selectors take a thousand times as long as one.
TEST_F(CatalogTest, LooksAtTheTimeBeforeEachSelector) {
  engine_options_.timeout = std::chrono::seconds(30);
  meddling_.meddle = [&] { clock_.Advance(std::chrono::seconds(5)); };
  const auto matches = [](size_t n) { return http::Fields(n, {"match[]", "up"}); };
  const auto sum = [](size_t n) {
    std::string query = "up";
    for (size_t i = 1; i < n; ++i) query += " + up";
    return http::Fields{{"query", query}};
  };
  for (const std::string path : {"labels", "label/job/values", "series", "query_exemplars"}) {
    for (const size_t n : {2, 20}) {
      const http::Response response = Get(path, path == "query_exemplars" ? sum(n) : matches(n));
      EXPECT_EQ(response.status, n == 2 ? 200 : 503) << path << n << response.body;
    }
  }
}

}  // namespace
}  // namespace sidelight::api
