#include "collector/meter/auto_meter.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "collector/meter/make_meter.h"
#include "tests/support/fake_clock.h"

namespace sidelight::meter {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AutoMeterTest : public ::testing::Test {
 protected:
  AutoMeterTest() : registry_(clock_, {.series_limit = 1000}) {}

  std::unique_ptr<TapMeter> Make(metrics::Registry& registry, std::string_view protocol, Naming naming = {}) {
    DatabaseOptions database;
    database.keyspaces.push_back(*KeyspacePattern::Parse("user:*"));
    return MakeMeter(*FindProtocol(protocol), registry, clock_, {.tap = "any", .server_address = "b"},
                     {.naming = std::move(naming)}, database, hours(1));
  }

  // One of each protocol's exchanges.
  void Get(ExchangeSink& redis) {
    const CacheLookup lookup = {.keyspace = redis.Keyspace("user:7"), .hits = 1};
    Exchange exchange;
    exchange.operation = "GET";
    exchange.cache = {&lookup, 1};
    exchange.end = clock_.Now() + milliseconds(2);
    exchange.start = clock_.Now();
    redis.Started(exchange);
    redis.Ended(exchange);
  }

  static std::vector<std::string> Series(const metrics::Registry& registry) {
    std::vector<std::string> series;
    const auto snapshot = registry.Collect();
    for (const MetricFamily& family : snapshot->families) {
      for (const Metric& metric : family.metrics) {
        const bool histogram = family.type == MetricType::kHistogram;
        series.push_back(
            family.name + metric.labels.ToString() +
            (histogram ? fmt::format(" {}", metric.histogram->count) : fmt::format(" {}", metric.value)));
      }
    }
    return series;
  }

  FakeClock clock_;
  metrics::Registry registry_;
};

TEST_F(AutoMeterTest, CountsWhatCouldNotBeTold) {
  const auto meter = Make(registry_, "auto");
  const auto sink = meter->MakeSink(registry_.AddShard());
  sink->WentOpaque(OpaqueReason::kNotProtocol);
  EXPECT_THAT(Series(registry_),
              ElementsAre("sidelight_series_overflow_total{tap=\"any\"} 0",
                          "sidelight_tap_exchanges_total{tap=\"any\"} 0",
                          "sidelight_tap_exchanges_unobserved_total{tap=\"any\"} 0",
                          "sidelight_tap_opaque_total{reason=\"desynchronized\", tap=\"any\"} 0",
                          "sidelight_tap_opaque_total{reason=\"limit\", tap=\"any\"} 0",
                          "sidelight_tap_opaque_total{reason=\"not_protocol\", tap=\"any\"} 1",
                          "sidelight_tap_opaque_total{reason=\"upgraded\", tap=\"any\"} 0"));
}

TEST_F(AutoMeterTest, GivesTheSeriesOfTheDetectedProtocolAndOfNoOther) {
  for (const Naming& naming : {Naming{}, Naming{.style = NamingStyle::kPlain, .prefix = "feature"}}) {
    metrics::Registry named(clock_, {.series_limit = 1000});
    const auto redis = Make(named, "redis", naming);
    const auto redis_sink = redis->MakeSink(named.AddShard());
    Get(*redis_sink);

    metrics::Registry told(clock_, {.series_limit = 1000});
    const auto meter = Make(told, "auto", naming);
    const auto sink = meter->MakeSink(told.AddShard());
    ExchangeSink& detected = sink->Detected(*FindProtocol("redis"));
    EXPECT_EQ(&detected, &sink->Detected(*FindProtocol("redis")));
    Get(detected);
    EXPECT_THAT(Series(told), ElementsAreArray(Series(named)));
    EXPECT_THAT(Series(told), ::testing::Contains(HasSubstr("keyspace=\"user:*\"")));
  }
}

TEST_F(AutoMeterTest, ProtocolsOfOneTapShareItsCounters) {
  const auto meter = Make(registry_, "auto");
  const auto sink = meter->MakeSink(registry_.AddShard());
  const auto other = meter->MakeSink(registry_.AddShard());
  Get(sink->Detected(*FindProtocol("redis")));
  Get(other->Detected(*FindProtocol("redis")));
  Get(sink->Detected(*FindProtocol("memcached")));
  sink->Detected(*FindProtocol("http")).WentOpaque(OpaqueReason::kUpgraded);
  EXPECT_THAT(Series(registry_),
              ::testing::IsSupersetOf({"sidelight_tap_exchanges_total{tap=\"any\"} 3",
                                       "sidelight_tap_opaque_total{reason=\"upgraded\", tap=\"any\"} 1"}));
}

TEST_F(AutoMeterTest, ExpiresWhatEachProtocolHas) {
  const auto meter = Make(registry_, "auto");
  const auto sink = meter->MakeSink(registry_.AddShard());
  Get(sink->Detected(*FindProtocol("redis")));
  EXPECT_GT(registry_.series(), 0u);
  clock_.Advance(hours(2));
  sink->Expire(clock_.Now());
  EXPECT_EQ(registry_.series(), 0u);
}

TEST_F(AutoMeterTest, AProtocolThatNobodyLooksForIsItsOwn) {
  const auto meter = Make(registry_, "auto");
  const auto sink = meter->MakeSink(registry_.AddShard());
  EXPECT_EQ(&sink->Detected(*FindProtocol("tcp")), sink.get());
}

}  // namespace
}  // namespace sidelight::meter
