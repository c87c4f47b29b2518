#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "collector/meter/meter.h"
#include "tests/support/fake_clock.h"

namespace sidelight::meter {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// HTTP caches through the meter of HTTP; what caches of databases have is in database_meter_test.cc.
class HttpCacheTest : public ::testing::Test {
 protected:
  void Make(Naming naming = {}, size_t series_limit = 1000) {
    sink_.reset();
    meter_.reset();
    registry_ =
        std::make_unique<metrics::Registry>(clock_, metrics::Registry::Options{.series_limit = series_limit});
    meter_ = std::make_unique<Meter>(*registry_, clock_, Identity{.tap = "api"},
                                     Options{.routes = {*RoutePattern::Parse("/items/{sku}")},
                                             .ignore = {*RoutePattern::Parse("/healthz")},
                                             .naming = std::move(naming)},
                                     hours(1), LearnedRoutes::Limits{}, minutes(1));
    sink_ = meter_->MakeSink(registry_->AddShard());
  }

  enum Result { kNothing, kHit, kMiss };
  void Do(const std::string& path, Result result, const std::string& method = "GET",
          Outcome outcome = Outcome::kAnswered) {
    const CacheLookup lookup{.hits = result == kHit, .misses = result == kMiss};
    Exchange exchange;
    exchange.operation = method;
    exchange.target = path;
    exchange.protocol_version = "1.1";
    exchange.status = 200;
    exchange.outcome = outcome;
    exchange.start = exchange.first_byte = exchange.end = clock_.Now();
    exchange.has_first_byte = true;
    if (result != kNothing) exchange.cache = {&lookup, 1};
    sink_->Started(exchange);
    sink_->Ended(exchange);
  }

  // name{labels} value, of counters and gauges whose name has `part` in it.
  std::vector<std::string> Series(const std::string& part) const {
    std::vector<std::string> series;
    const auto snapshot = registry_->Collect();
    for (const MetricFamily& family : snapshot->families) {
      if (family.name.find(part) == std::string::npos) continue;
      for (const Metric& metric : family.metrics) {
        series.push_back(fmt::format("{}{} {}", family.name, metric.labels.ToString(), metric.value));
      }
    }
    return series;
  }

  FakeClock clock_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<Meter> meter_;
  std::unique_ptr<TapSink> sink_;
};

TEST_F(HttpCacheTest, SeriesByMethodAndRoute) {
  Make();
  Do("/items/1", kMiss);
  Do("/items/1", kHit);
  Do("/items/2", kHit);
  Do("/items/2", kHit, "HEAD");
  Do("/users/7", kMiss, "GET", Outcome::kClientGone);
  Do("/other", kNothing);
  Do("/healthz", kHit);
  Do("/items/3", kHit, "GET", Outcome::kUnobserved);
  const auto line = [](const std::string& route, const std::string& method, const std::string& result,
                       int n) {
    return fmt::format(
        R"(cache_requests_total{{cache_keyspace="{}", cache_operation="{}", cache_result="{}", )"
        R"(cache_system="http", tap="api"}} {})",
        route, method, result, n);
  };
  EXPECT_THAT(Series("cache_requests"),
              ElementsAre(line("/items/{sku}", "GET", "hit", 2), line("/items/{sku}", "GET", "miss", 1),
                          line("/items/{sku}", "HEAD", "hit", 1), line("/items/{sku}", "HEAD", "miss", 0),
                          line("/users/{id}", "GET", "hit", 0), line("/users/{id}", "GET", "miss", 1)));
  EXPECT_THAT(
      Series("cache_hit_ratio"),
      ElementsAre(R"(cache_hit_ratio{cache_keyspace="/items/{sku}", cache_system="http", tap="api"} 0.75)",
                  R"(cache_hit_ratio{cache_keyspace="/users/{id}", cache_system="http", tap="api"} 0)"));
}

TEST_F(HttpCacheTest, NoAnswerThatSpeaksOfCachesNoSeries) {
  for (const Naming& naming : {Naming{}, Naming{NamingStyle::kPlain, "feature_api"}}) {
    Make(naming);
    Do("/items/1", kNothing);
    EXPECT_THAT(Series("cache"), IsEmpty());
  }
}

TEST_F(HttpCacheTest, NamingPlain) {
  Make({NamingStyle::kPlain, "feature_api"});
  Do("/items/1", kHit);
  Do("*", kMiss, "OPTIONS");
  EXPECT_THAT(
      Series("cache"),
      ElementsAre(
          "feature_api_cache_hit_ratio{} 0.5",
          R"(feature_api_cache_requests_total{keyspace="/items/{sku}", operation="GET", result="hit"} 1)",
          R"(feature_api_cache_requests_total{keyspace="/items/{sku}", operation="GET", result="miss"} 0)",
          R"(feature_api_cache_requests_total{keyspace="unmatched", operation="OPTIONS", result="hit"} 0)",
          R"(feature_api_cache_requests_total{keyspace="unmatched", operation="OPTIONS", result="miss"} 1)"));
}

TEST_F(HttpCacheTest, TheRatioIsThatOfTheWindowAndIdleSeriesEnd) {
  Make();
  Do("/items/1", kHit);
  EXPECT_EQ(Series("cache_hit_ratio").size(), 1u);
  for (int i = 0; i < 9; ++i) {
    clock_.Advance(std::chrono::seconds(10));
    sink_->Expire(clock_.Now());
  }
  EXPECT_THAT(Series("cache_hit_ratio"), IsEmpty());
  EXPECT_EQ(Series("cache_requests").size(), 2u);
  clock_.Advance(hours(1));
  sink_->Expire(clock_.Now());
  EXPECT_THAT(Series("cache"), IsEmpty());
  Do("/items/1", kMiss);
  EXPECT_THAT(Series("cache_requests"), Contains(HasSubstr("} 1")));
}

TEST_F(HttpCacheTest, WhatTheLimitRefusesIsInTheOverflowSeries) {
  Make({}, 6);
  Do("/items/1", kHit);
  EXPECT_EQ(registry_->series(), 6u);
  for (int i = 0; i < 3; ++i) {
    Do("/items/1", kHit, "HEAD");
    Do("/users/1", kMiss);
  }
  Do("/items/1", kMiss);
  EXPECT_THAT(Series("cache_requests"), Contains(R"(cache_requests_total{cache_result="hit", )"
                                                 R"(otel_metric_overflow="true", tap="api"} 3)"));
  EXPECT_THAT(Series("cache_requests"), Contains(R"(cache_requests_total{cache_result="miss", )"
                                                 R"(otel_metric_overflow="true", tap="api"} 3)"));
  EXPECT_THAT(Series("sidelight_series_overflow"), ElementsAre(HasSubstr("} 6"))) << "each request once";
  EXPECT_THAT(Series("cache_requests"), Contains(Not(HasSubstr("overflow"))));
}

}  // namespace
}  // namespace sidelight::meter
