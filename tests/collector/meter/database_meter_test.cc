#include "collector/meter/database_meter.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collector/meter/make_meter.h"
#include "core/model/naming.h"
#include "tests/support/fake_clock.h"

namespace sidelight::meter {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

using Lines = std::vector<std::string>;

constexpr Protocol kRedis{"redis", nullptr, Traffic::kDatabase, "redis", true};
constexpr Protocol kPostgres{"postgres", nullptr, Traffic::kDatabase, "postgresql", false};
const Identity kCache = {.tap = "cache", .server_address = "redis", .server_port = 6379};
const Identity kDb = {.tap = "db", .server_address = "db", .server_port = 5432};

// The hits and misses of one request in the keyspace of a key.
struct Lookup {
  std::string key;
  uint32_t hits = 0;
  uint32_t misses = 0;
};

// A request as a test writes it down.
struct Command {
  std::string operation = {};
  std::string database = {};
  std::string error = {};
  std::string summary = {};
  Outcome outcome = Outcome::kAnswered;
  int64_t rows = -1;
  bool blocking = false;
  bool reply = true;
  std::string query = {};
  Duration duration = milliseconds(2);
  Duration pipeline_wait = Duration::zero();  // when not zero, it was pipelined
  std::vector<Lookup> cache = {};
};

struct Made {
  Identity identity = kCache;
  Naming naming = {};
  DatabaseOptions options = {};
  size_t series_limit = 1000;
  DatabaseMeter::Limits limits = {};
};

class DatabaseMeterTest : public ::testing::Test {
 protected:
  void Make(const Protocol& protocol, Made made = {}) {
    sink_.reset();
    meter_.reset();
    registry_ = std::make_unique<metrics::Registry>(
        clock_, metrics::Registry::Options{.series_limit = made.series_limit});
    meter_ = std::make_unique<DatabaseMeter>(*registry_, clock_, made.identity, protocol, made.naming,
                                             std::move(made.options), hours(1), made.limits);
    sink_ = meter_->MakeSink(registry_->AddShard());
  }

  void Do(const Command& command) { Do(*sink_, command); }
  void Do(TapSink& sink, const Command& command) {
    std::vector<CacheLookup> cache;
    for (const Lookup& lookup : command.cache) {
      cache.push_back({.keyspace = sink.Keyspace(lookup.key), .hits = lookup.hits, .misses = lookup.misses});
    }
    Exchange exchange;
    exchange.operation = command.operation;
    exchange.database = command.database;
    exchange.error = command.error;
    exchange.summary = command.summary;
    exchange.outcome = command.outcome;
    exchange.returned_rows = command.rows;
    exchange.blocking = command.blocking;
    exchange.query = command.query;
    exchange.has_first_byte = exchange.outcome == Outcome::kAnswered && command.reply;
    exchange.start = clock_.Now();
    exchange.first_byte = exchange.end = exchange.start + command.duration;
    exchange.pipelined = command.pipeline_wait != Duration::zero();
    exchange.pipeline_wait = command.pipeline_wait;
    exchange.cache = cache;
    sink.Started(exchange);
    sink.Ended(exchange);
  }

  // Every series whose name begins so, as name{labels} with its value; of histograms, count and sum.
  std::vector<std::string> Series(const std::string& prefix) const {
    std::vector<std::string> series;
    const auto snapshot = registry_->Collect();
    for (const MetricFamily& family : snapshot->families) {
      if (family.name.rfind(prefix, 0) != 0) continue;
      for (const Metric& metric : family.metrics) {
        std::string line = family.name + metric.labels.ToString();
        if (family.type == MetricType::kHistogram) {
          line += fmt::format(" {} {:.6g}", metric.histogram->count, metric.histogram->sum);
        } else {
          line += fmt::format(" {}", metric.value);
        }
        series.push_back(std::move(line));
      }
    }
    return series;
  }
  const Metric* Find(const std::string& name) const {
    last_ = registry_->Collect();
    for (const MetricFamily& family : last_->families) {
      if (family.name == name && family.metrics.size() == 1) return &family.metrics[0];
    }
    return nullptr;
  }
  double Sum(const std::string& name) const {
    double sum = 0;
    last_ = registry_->Collect();
    for (const MetricFamily& family : last_->families) {
      if (family.name != name) continue;
      for (const Metric& metric : family.metrics) {
        sum += metric.histogram != nullptr ? static_cast<double>(metric.histogram->count) : metric.value;
      }
    }
    return sum;
  }

  FakeClock clock_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<DatabaseMeter> meter_;
  std::unique_ptr<TapSink> sink_;
  mutable std::shared_ptr<const Snapshot> last_;
};

TEST_F(DatabaseMeterTest, OneLookupIsTheseSeries) {
  Make(kRedis);
  Do({.operation = "GET", .database = "0", .pipeline_wait = milliseconds(4), .cache = {{"user:1", 1, 0}}});
  const std::string server = R"(server_address="redis", server_port="6379", tap="cache"})";
  EXPECT_THAT(
      Series(""),
      ElementsAreArray(Lines{
          R"(cache_hit_ratio{cache_keyspace="user:{id}", cache_system="redis", tap="cache"} 1)",
          R"(cache_requests_total{cache_keyspace="user:{id}", cache_operation="GET", cache_result="hit", )"
          R"(cache_system="redis", tap="cache"} 1)",
          R"(cache_requests_total{cache_keyspace="user:{id}", cache_operation="GET", cache_result="miss", )"
          R"(cache_system="redis", tap="cache"} 0)",
          R"(db_client_operation_duration_seconds{db_namespace="0", db_operation_name="GET", )"
          R"(db_system_name="redis", )" +
              server + " 1 0.002",
          R"(db_client_pipeline_wait_seconds{db_system_name="redis", )" + server + " 1 0.004",
          R"(sidelight_series_overflow_total{tap="cache"} 0)",
          R"(sidelight_tap_exchanges_total{tap="cache"} 1)",
          R"(sidelight_tap_exchanges_unobserved_total{tap="cache"} 0)",
          R"(sidelight_tap_opaque_total{reason="desynchronized", tap="cache"} 0)",
          R"(sidelight_tap_opaque_total{reason="limit", tap="cache"} 0)",
          R"(sidelight_tap_opaque_total{reason="not_protocol", tap="cache"} 0)",
          R"(sidelight_tap_opaque_total{reason="upgraded", tap="cache"} 0)",
      }));
}

TEST_F(DatabaseMeterTest, OneQueryIsTheseSeries) {
  Make(kPostgres, {.identity = kDb, .options = {.slow_query = milliseconds(100)}});
  sink_->SessionChanged(SessionState::kClosed, SessionState::kIdle);
  const auto select = [](int rows, int millis) {
    return Command{.operation = "SELECT",
                   .database = "shop",
                   .summary = "SELECT orders",
                   .rows = rows,
                   .duration = milliseconds(millis)};
  };
  Do(select(7, 101));
  Do(select(3, 100));
  const std::string query =
      R"(db_namespace="shop", db_query_summary="SELECT orders", db_system_name="postgresql", )"
      R"(server_address="db", server_port="5432", tap="db"})";
  const std::string state = R"(db_client_connection_count{db_client_connection_state=)";
  const std::string server =
      R"(, db_system_name="postgresql", server_address="db", server_port="5432", tap="db"})";
  EXPECT_THAT(Series("db_"), ElementsAreArray(Lines{
                                 state + R"("active")" + server + " 0",
                                 state + R"("idle")" + server + " 1",
                                 state + R"("in_transaction")" + server + " 0",
                                 "db_client_operation_duration_seconds{" + query + " 2 0.201",
                                 "db_client_response_returned_rows{" + query + " 2 10",
                                 "db_client_slow_queries_total{" + query + " 1",
                             }));
  EXPECT_THAT(Series("cache_"), IsEmpty());
}

TEST_F(DatabaseMeterTest, BucketsAndUnits) {
  Make(kPostgres, {.identity = kDb, .options = {.slow_query = milliseconds(100)}});
  Do({.summary = "SELECT orders", .rows = 1, .pipeline_wait = milliseconds(1)});
  Do({.summary = "SELECT orders", .outcome = Outcome::kClientGone});
  Do({.summary = "WAIT", .blocking = true});
  const auto snapshot = registry_->Collect();
  int histograms = 0;
  for (const MetricFamily& family : snapshot->families) {
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_EQ(family.unit, family.name.ends_with("_seconds") ? "seconds" : "") << family.name;
    if (family.type != MetricType::kHistogram) continue;
    ++histograms;
    EXPECT_EQ(family.metrics[0].histogram->schema, 3) << family.name;
    const std::vector<double>& bounds = *family.metrics[0].histogram->classic.bounds;
    if (family.name == "db_client_operation_duration_seconds") {
      EXPECT_THAT(bounds, ElementsAre(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10));
    } else if (family.name == "db_client_response_returned_rows") {
      EXPECT_THAT(bounds, ElementsAre(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000));
    }
  }
  EXPECT_EQ(histograms, 4);
}

TEST_F(DatabaseMeterTest, NamesOfOpenTelemetry) {
  Make(kPostgres, {.identity = kDb});
  Do({.summary = "SELECT orders", .rows = 1});
  const auto otel = registry_->Collect();
  for (const MetricFamily& family : otel->families) {
    if (!family.name.starts_with("db_")) {
      EXPECT_EQ(family.otel_name, "") << family.name;
    } else {
      EXPECT_EQ(PrometheusName(family.otel_name, family.otel_unit, family.type), family.name);
      EXPECT_NE(family.otel_name.find('.'), std::string::npos) << family.otel_name;
    }
  }
  Make(kPostgres, {.identity = kDb, .naming = {NamingStyle::kPlain, "shop"}});
  Do({.summary = "SELECT orders", .rows = 1});
  const auto plain = registry_->Collect();
  for (const MetricFamily& family : plain->families) {
    EXPECT_EQ(family.otel_name + family.otel_unit, "") << family.name;
  }
}

// design.md's error table.
TEST_F(DatabaseMeterTest, OutcomesInNamingOtel) {
  const struct {
    Outcome outcome;
    std::string error;
    std::string type;  // error_type, "" for none
    std::string plain;
  } kCases[] = {
      {Outcome::kAnswered, "", "", "ok"},
      {Outcome::kAnswered, "42P01", "42P01", "42P01"},
      {Outcome::kAnswered, "WRONGTYPE", "WRONGTYPE", "WRONGTYPE"},
      {Outcome::kConnectRefused, "", "connect_refused", "connect_refused"},
      {Outcome::kConnectTimeout, "", "connect_timeout", "connect_timeout"},
      {Outcome::kDns, "", "dns", "dns"},
      {Outcome::kUpstreamClosed, "", "upstream_closed", "upstream_closed"},
      {Outcome::kResponseIncomplete, "", "response_incomplete", "response_incomplete"},
      {Outcome::kResponseIncomplete, "57P01", "response_incomplete", "response_incomplete"},
      {Outcome::kTimeout, "", "timeout", "timeout"},
      {Outcome::kOverloaded, "", "overloaded", "overloaded"},
      {Outcome::kClientGone, "", "client_gone", "client_gone"},
      {Outcome::kClientGone, "42P01", "client_gone", "client_gone"},
  };
  for (const auto& c : kCases) {
    for (const Protocol& protocol : {kRedis, kPostgres}) {
      Make(protocol);
      Do({.operation = "GET", .error = c.error, .outcome = c.outcome});
      const Metric* metric = Find("db_client_operation_duration_seconds");
      ASSERT_NE(metric, nullptr) << c.plain;
      EXPECT_EQ(metric->histogram->count, 1u);
      EXPECT_EQ(metric->labels.Get("error_type"), c.type) << static_cast<int>(c.outcome) << " " << c.error;
      EXPECT_EQ(metric->labels.Get("db_response_status_code"), c.error);
    }
    Make(kPostgres, {.naming = {NamingStyle::kPlain, "feature"}});
    Do({.error = c.error, .summary = "SELECT orders", .outcome = c.outcome});
    const Metric* metric = Find("feature_database_query_duration_seconds");
    ASSERT_NE(metric, nullptr) << c.plain;
    EXPECT_EQ(metric->labels.Get("status"), c.plain) << static_cast<int>(c.outcome) << " " << c.error;
  }
}

TEST_F(DatabaseMeterTest, AClientThatLeftIsCountedApart) {
  Make(kRedis);
  Do({.operation = "GET", .database = "0", .outcome = Outcome::kClientGone});
  Do({.operation = "GET", .database = "0"});
  EXPECT_THAT(Series("db_client_operation_duration"),
              ElementsAre(AllOf(HasSubstr(R"(error_type="client_gone")"), HasSubstr(" 1 0.002")),
                          AllOf(Not(HasSubstr("error_type")), HasSubstr(" 1 0.002"))));
}

TEST_F(DatabaseMeterTest, BlockingCommandsAreNoLatency) {
  Make(kRedis);
  Do({.operation = "BLPOP", .database = "0", .blocking = true, .duration = seconds(3)});
  Do({.operation = "BLPOP", .database = "0", .error = "WRONGTYPE", .blocking = true, .duration = seconds(1)});
  EXPECT_THAT(Series("db_client_operation_duration"), IsEmpty());
  EXPECT_THAT(
      Series("db_client_blocked"),
      ElementsAre(R"(db_client_blocked_seconds{db_namespace="0", db_operation_name="BLPOP", )"
                  R"(db_system_name="redis", server_address="redis", server_port="6379", tap="cache"} 2 4)"));
}

TEST_F(DatabaseMeterTest, SilenceIsNoLatency) {
  Make(kRedis, {.options = {.slow_query = milliseconds(1)}});
  Do({.operation = "SET", .reply = false, .duration = seconds(3)});
  Do({.operation = "SET", .reply = false});
  Do({.operation = "BLPOP", .blocking = true, .reply = false});
  Do({.operation = "SET", .outcome = Outcome::kUpstreamClosed, .reply = false});
  const std::string of =
      R"(db_system_name="redis", server_address="redis", server_port="6379", tap="cache"})";
  EXPECT_THAT(Series("db_"),
              ElementsAre(R"(db_client_noreply_operations_total{db_operation_name="BLPOP", )" + of + " 1",
                          R"(db_client_noreply_operations_total{db_operation_name="SET", )" + of + " 2",
                          R"(db_client_operation_duration_seconds{db_operation_name="SET", )"
                          R"(db_system_name="redis", error_type="upstream_closed", )" +
                              of.substr(of.find("server_address")) + " 1 0.002",
                          R"(db_client_slow_queries_total{db_operation_name="SET", )" + of + " 1"));
  EXPECT_EQ(Sum("sidelight_tap_exchanges_total"), 4);
}

TEST_F(DatabaseMeterTest, SlowQueriesAreLogged) {
  Make(kPostgres, {.identity = kDb, .options = {.slow_query = milliseconds(100)}});
  EXPECT_FALSE(sink_->WantsQueries());
  Make(kPostgres, {.identity = kDb, .options = {.slow_query = milliseconds(100), .log_slow_queries = true}});
  EXPECT_TRUE(sink_->WantsQueries());
  ::testing::internal::CaptureStderr();
  const std::string query = "SELECT a FROM orders WHERE id = $1";
  Do({.summary = "SELECT orders", .rows = 3, .query = query, .duration = milliseconds(250)});
  Do({.summary = "SELECT users", .query = "SELECT b FROM users", .duration = milliseconds(100)});
  sink_.reset();
  meter_.reset();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr(R"("level":"warn","msg":"slow query","tap":"db","db.query.text":")" + query +
                             R"(","duration":"0.25","rows":"3"})"));
  EXPECT_THAT(log, Not(HasSubstr("users"))) << "it took no longer than the threshold";
}

TEST_F(DatabaseMeterTest, OfCachesTheLogHasKeyspacesAndNoKeys) {
  Make(kRedis, {.options = {.slow_query = milliseconds(100), .log_slow_queries = true}});
  ::testing::internal::CaptureStderr();
  Do({.operation = "MGET",
      .database = "0",
      .duration = milliseconds(250),
      .cache = {{"user:4711", 1, 0}, {"cart:4712", 0, 1}}});
  Do({.operation = "SET", .database = "0", .duration = seconds(2)});
  Do({.operation = "BLPOP", .blocking = true, .duration = seconds(2)});
  sink_.reset();
  meter_.reset();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr(R"("tap":"cache","db.namespace":"0","db.operation.name":"MGET",)"
                             R"("cache_keyspace":"user:{id}, cart:{id}","duration":"0.25"})"));
  EXPECT_THAT(log, HasSubstr(R"("db.operation.name":"SET","duration":"2"})"));
  EXPECT_THAT(log, Not(HasSubstr("471")));
  EXPECT_THAT(log, Not(HasSubstr("BLPOP"))) << "it waits on purpose";
}

TEST_F(DatabaseMeterTest, EveryKeyOfARequestCounts) {
  Make(kRedis, {.options = {.keyspaces = {*KeyspacePattern::Parse("user:*")}}});
  Do({.operation = "MGET", .cache = {{"user:1", 2, 1}, {"cart:1", 0, 1}}});
  Do({.operation = "MGET", .cache = {{"user:1", 1, 0}}});
  Do({.operation = "GET", .cache = {{"user:1", 0, 1}}});
  Do({.operation = "SET"});
  const auto line = [](const std::string& keyspace, const std::string& operation, const std::string& result,
                       int n) {
    return fmt::format(
        R"(cache_requests_total{{cache_keyspace="{}", cache_operation="{}", cache_result="{}", )"
        R"(cache_system="redis", tap="cache"}} {})",
        keyspace, operation, result, n);
  };
  EXPECT_THAT(Series("cache_requests"),
              ElementsAre(line("cart:{id}", "MGET", "hit", 0), line("cart:{id}", "MGET", "miss", 1),
                          line("user:*", "GET", "hit", 0), line("user:*", "GET", "miss", 1),
                          line("user:*", "MGET", "hit", 3), line("user:*", "MGET", "miss", 1)));
  EXPECT_THAT(
      Series("cache_hit_ratio"),
      ElementsAre(R"(cache_hit_ratio{cache_keyspace="cart:{id}", cache_system="redis", tap="cache"} 0)",
                  R"(cache_hit_ratio{cache_keyspace="user:*", cache_system="redis", tap="cache"} 0.6)"));
}

TEST_F(DatabaseMeterTest, ALookupWithoutAKeyspaceHasNone) {
  Make(kRedis);
  const CacheLookup lookup{.keyspace = kNoKeyspace, .hits = 1, .misses = 0};
  Exchange exchange;
  exchange.operation = "GET";
  exchange.cache = {&lookup, 1};
  sink_->Ended(exchange);
  EXPECT_THAT(Series("cache_hit_ratio"),
              ElementsAre(R"(cache_hit_ratio{cache_system="redis", tap="cache"} 1)"));
}

TEST_F(DatabaseMeterTest, TheRatioIsThatOfTheWindow) {
  Make(kRedis, {.options = {.cache_window = minutes(1)}});
  Do({.operation = "GET", .cache = {{"user:1", 1, 0}}});
  EXPECT_EQ(Series("cache_hit_ratio").size(), 1u);
  for (int i = 0; i < 7; ++i) {
    clock_.Advance(seconds(10));
    sink_->Expire(clock_.Now());
  }
  EXPECT_THAT(Series("cache_hit_ratio"), IsEmpty());
  EXPECT_EQ(Series("cache_requests").size(), 2u);
}

TEST_F(DatabaseMeterTest, NamingPlainOfACacheIsExactlyTwoMetrics) {
  Make(kRedis, {.naming = {NamingStyle::kPlain, "feature"}});
  sink_->SessionChanged(SessionState::kClosed, SessionState::kIdle);
  Do({.operation = "GET", .database = "0", .pipeline_wait = milliseconds(1), .cache = {{"user:1", 1, 0}}});
  Do({.operation = "GET", .database = "1", .cache = {{"cart:1", 2, 1}}});
  Do({.operation = "BLPOP", .blocking = true});
  Do({.operation = "GET", .error = "WRONGTYPE", .outcome = Outcome::kClientGone});
  std::vector<std::string> series = Series("");
  std::erase_if(series, [](const std::string& line) { return line.starts_with("sidelight_"); });
  EXPECT_THAT(
      series,
      ElementsAre("feature_cache_hit_ratio{} 0.75",
                  R"(feature_cache_requests_total{keyspace="cart:{id}", operation="GET", result="hit"} 2)",
                  R"(feature_cache_requests_total{keyspace="cart:{id}", operation="GET", result="miss"} 1)",
                  R"(feature_cache_requests_total{keyspace="user:{id}", operation="GET", result="hit"} 1)",
                  R"(feature_cache_requests_total{keyspace="user:{id}", operation="GET", result="miss"} 0)"));
  EXPECT_EQ(Sum("sidelight_tap_exchanges_total"), 4);
}

TEST_F(DatabaseMeterTest, NamingPlainOfADatabaseIsExactlyTwoMetrics) {
  Make(kPostgres, {.identity = kDb,
                   .naming = {NamingStyle::kPlain, "feature"},
                   .options = {.slow_query = milliseconds(1)}});
  EXPECT_THAT(Series("feature_"), ElementsAre("feature_database_connections{} 0"));
  sink_->SessionChanged(SessionState::kClosed, SessionState::kIdle);
  sink_->SessionChanged(SessionState::kIdle, SessionState::kInTransaction);
  sink_->SessionChanged(SessionState::kClosed, SessionState::kActive);
  sink_->SessionChanged(SessionState::kActive, SessionState::kClosed);
  Do({.database = "shop", .summary = "SELECT orders", .rows = 7, .pipeline_wait = milliseconds(1)});
  Do({.database = "test", .summary = "SELECT orders", .rows = -1});
  Do({.error = "23505", .summary = "INSERT orders"});
  Do({.operation = "COPY", .outcome = Outcome::kClientGone});
  Do({});
  std::vector<std::string> series = Series("");
  std::erase_if(series, [](const std::string& line) { return line.starts_with("sidelight_"); });
  EXPECT_THAT(
      series,
      ElementsAre("feature_database_connections{} 1",
                  R"(feature_database_query_duration_seconds{query="COPY", status="client_gone"} 1 0.002)",
                  R"(feature_database_query_duration_seconds{query="INSERT orders", status="23505"} 1 0.002)",
                  R"(feature_database_query_duration_seconds{query="SELECT orders", status="ok"} 2 0.004)",
                  R"(feature_database_query_duration_seconds{query="unknown", status="ok"} 1 0.002)"));
}

TEST_F(DatabaseMeterTest, ConnectionsByWhatTheirSessionsDo) {
  using S = SessionState;
  Make(kPostgres, {.identity = kDb});
  const struct {
    S from, to;
    double idle, active, in_transaction;
  } kCases[] = {
      {S::kClosed, S::kActive, 0, 1, 0},        {S::kActive, S::kIdle, 1, 0, 0},
      {S::kClosed, S::kIdle, 2, 0, 0},          {S::kIdle, S::kInTransaction, 1, 0, 1},
      {S::kInTransaction, S::kActive, 1, 1, 0}, {S::kActive, S::kInTransaction, 1, 0, 1},
      {S::kInTransaction, S::kClosed, 1, 0, 0}, {S::kIdle, S::kClosed, 0, 0, 0},
  };
  for (const auto& c : kCases) {
    sink_->SessionChanged(c.from, c.to);
    EXPECT_THAT(Series("db_client_connection_count"),
                ElementsAre(AllOf(HasSubstr("\"active\""), HasSubstr(fmt::format("}} {}", c.active))),
                            AllOf(HasSubstr("\"idle\""), HasSubstr(fmt::format("}} {}", c.idle))),
                            AllOf(HasSubstr("\"in_transaction\""),
                                  HasSubstr(fmt::format("}} {}", c.in_transaction)))))
        << static_cast<int>(c.from) << " to " << static_cast<int>(c.to);
  }
}

TEST_F(DatabaseMeterTest, WhatWasNotSeenIsNotMeasured) {
  Make(kRedis);
  Do({.operation = "GET", .outcome = Outcome::kUnobserved, .pipeline_wait = milliseconds(1)});
  sink_->WentOpaque(OpaqueReason::kDesynchronized);
  EXPECT_THAT(Series("db_"), IsEmpty());
  EXPECT_THAT(Series("sidelight_tap_"),
              IsSupersetOf(Lines{R"(sidelight_tap_exchanges_total{tap="cache"} 0)",
                                 R"(sidelight_tap_exchanges_unobserved_total{tap="cache"} 1)",
                                 R"(sidelight_tap_opaque_total{reason="desynchronized", tap="cache"} 1)"}));
}

TEST_F(DatabaseMeterTest, WordsThatClientsMakeUpAreBounded) {
  Make(kRedis, {.limits = {.operations = 2, .databases = 2, .errors = 2, .summaries = 2}});
  for (int i = 0; i < 10; ++i) {
    const std::string n = std::to_string(i);
    Do({.operation = "OP" + n});
    Do({.operation = "OP0", .database = n});
    Do({.operation = "OP0", .error = "E" + n});
    Do({.operation = "OP0", .summary = "S" + n});
    Do({.operation = "BAD\xff"});
  }
  EXPECT_EQ(Sum("db_client_operation_duration_seconds"), 50);
  EXPECT_EQ(Series("db_client_operation_duration").size(), 3u + 3u + 3u + 3u);
  EXPECT_THAT(Series("db_client_operation_duration"), Contains(HasSubstr(R"(db_operation_name="_OTHER")")));
  EXPECT_EQ(Sum("sidelight_series_overflow_total"), 0);
}

TEST_F(DatabaseMeterTest, WhatTheLimitRefusesIsInTheOverflowSeries) {
  Make(kRedis, {.series_limit = 4});
  Do({.operation = "GET", .cache = {{"user:1", 1, 0}}});
  Do({.operation = "SET"});
  for (int i = 0; i < 3; ++i) {
    Do({.operation = "MGET", .rows = 2, .cache = {{"user:1", 1, 1}}});
    Do({.operation = "GET", .cache = {{"cart:1", 1, 2}}});
    Do({.operation = "BLPOP", .blocking = true});
    Do({.operation = "DEL", .outcome = Outcome::kClientGone});
  }
  const std::string overflow = R"({otel_metric_overflow="true", tap="cache"})";
  EXPECT_THAT(Series(""),
              IsSupersetOf(Lines{
                  "db_client_operation_duration_seconds" + overflow + " 6 0.012",
                  "db_client_response_returned_rows" + overflow + " 3 6",
                  "db_client_blocked_seconds" + overflow + " 3 0.006",
                  R"(cache_requests_total{cache_result="hit", otel_metric_overflow="true", tap="cache"} 6)",
                  R"(cache_requests_total{cache_result="miss", otel_metric_overflow="true", tap="cache"} 9)",
                  R"(sidelight_series_overflow_total{tap="cache"} 12)"}));
  EXPECT_EQ(Sum("db_client_operation_duration_seconds"), 2 + 3 + 3 + 3);
  EXPECT_LE(registry_->series(), 4u);
  EXPECT_THAT(Series("cache_hit_ratio"),
              ElementsAre(HasSubstr("cart:{id}"), AllOf(HasSubstr("user:{id}"), HasSubstr("} 0.57"))))
      << "ratios need no series of the limit";
}

TEST_F(DatabaseMeterTest, IdleSeriesEndAndMakeRoom) {
  Make(kPostgres, {.identity = kDb, .options = {.slow_query = seconds(1)}, .series_limit = 5});
  sink_->SessionChanged(SessionState::kClosed, SessionState::kIdle);
  Do({.summary = "SELECT a", .rows = 1});
  Do({.error = "42P01", .summary = "SELECT a"});
  Do({.summary = "SELECT b", .rows = 1});
  EXPECT_EQ(Sum("sidelight_series_overflow_total"), 1);
  clock_.Advance(minutes(59));
  Do({.summary = "SELECT a", .rows = 1});
  clock_.Advance(minutes(2));
  sink_->Expire(clock_.Now());
  EXPECT_THAT(Series("db_client_operation_duration"), Each(Not(HasSubstr("42P01"))));
  EXPECT_THAT(Series("db_client_slow_queries"), Contains(HasSubstr("SELECT a"))) << "held by another kind";
  Do({.summary = "SELECT c"});
  EXPECT_THAT(Series("db_client_operation_duration"), Contains(HasSubstr("SELECT c")));
  EXPECT_THAT(Series("db_client_connection_count"), Contains(HasSubstr("} 1")));
  clock_.Advance(hours(2));
  sink_->Expire(clock_.Now());
  EXPECT_EQ(registry_->series(), 0u);
  EXPECT_THAT(Series("db_client_connection_count"), Contains(HasSubstr("} 1")));
}

TEST_F(DatabaseMeterTest, IdleCacheSeriesEnd) {
  Make(kRedis);
  Do({.operation = "GET", .cache = {{"user:1", 1, 0}}});
  clock_.Advance(minutes(50));
  Do({.operation = "GET", .cache = {{"cart:1", 1, 0}}});
  clock_.Advance(minutes(20));
  sink_->Expire(clock_.Now());
  EXPECT_THAT(Series("cache_requests"), ElementsAre(HasSubstr("cart:{id}"), HasSubstr("cart:{id}")));
  Do({.operation = "GET", .cache = {{"user:1", 1, 0}}});
  EXPECT_THAT(Series("cache_requests"),
              Contains(AllOf(HasSubstr("user:{id}"), HasSubstr("\"hit\""), HasSubstr("} 1"))));
}

TEST_F(DatabaseMeterTest, TwoWorkersOfOneTapAddUp) {
  Make(kRedis);
  const auto other = meter_->MakeSink(registry_->AddShard());
  constexpr int kRounds = 3000;
  const auto work = [this](TapSink& sink) {
    for (int i = 0; i < kRounds; ++i) {
      Do(sink, {.operation = "GET", .database = "0", .cache = {{"user:" + std::to_string(i), 1, 0}}});
      Do(sink, {.operation = i % 2 == 0 ? "SET" : "DEL", .database = "0"});
      if (i % 500 == 0) sink.Expire(clock_.Now());
    }
  };
  std::thread a([&] { work(*sink_); });
  std::thread b([&] { work(*other); });
  for (int i = 0; i < 20; ++i) registry_->Collect();
  a.join();
  b.join();
  EXPECT_EQ(Sum("db_client_operation_duration_seconds"), 4 * kRounds);
  EXPECT_EQ(Sum("cache_requests_total"), 2 * kRounds);
  EXPECT_EQ(Sum("sidelight_tap_exchanges_total"), 4 * kRounds);
}

TEST_F(DatabaseMeterTest, CachesOfTwoTapsShareTheirFamilies) {
  registry_ = std::make_unique<metrics::Registry>(clock_, metrics::Registry::Options{});
  metrics::Shard* shard = registry_->AddShard();
  std::vector<std::unique_ptr<TapMeter>> meters;
  for (const std::string tap : {"b", "a"}) {
    meters.push_back(MakeMeter(kRedis, *registry_, clock_, {.tap = tap}, {}, {}, hours(1)));
    const auto sink = meters.back()->MakeSink(shard);
    Do(*sink, {.operation = "GET", .cache = {{"user:1", 1, 0}}});
  }
  EXPECT_THAT(Series("cache_hit_ratio"), ElementsAre(HasSubstr("tap=\"a\""), HasSubstr("tap=\"b\"")));
  meters.clear();
  EXPECT_EQ(Series("cache_hit_ratio").size(), 2u) << "the registry's source does without the tap";
}

TEST_F(DatabaseMeterTest, TheProtocolChoosesTheMeter) {
  const struct {
    Traffic traffic;
    std::string family;
  } kCases[] = {{Traffic::kHttp, "http_server_request_duration_seconds"},
                {Traffic::kBytes, "http_server_request_duration_seconds"},
                {Traffic::kDatabase, "db_client_operation_duration_seconds"}};
  for (const auto& c : kCases) {
    registry_ = std::make_unique<metrics::Registry>(clock_, metrics::Registry::Options{});
    const Protocol protocol{"any", nullptr, c.traffic, "any"};
    const auto meter = MakeMeter(protocol, *registry_, clock_, {.tap = "t"}, {}, {}, hours(1));
    const auto sink = meter->MakeSink(registry_->AddShard());
    Exchange exchange;
    exchange.operation = "GET";
    exchange.has_first_byte = true;
    sink->Started(exchange);
    sink->Ended(exchange);
    EXPECT_EQ(Sum(c.family), 1) << c.family;
  }
}

}  // namespace
}  // namespace sidelight::meter
