#include "core/metrics/registry.h"

#include <gtest/gtest.h>

#include "tests/core/metrics/series_text.h"
#include "tests/support/fake_clock.h"

namespace sidelight::metrics {
namespace {

Labels K(std::string_view value) {
  return Labels{{"k", value}};
}

class RegistryTest : public testing::Test {
 protected:
  std::string Collected(std::string_view family = "c_total") {
    return Values(FindFamily(*registry_.Collect(), family), "k");
  }
  std::string Sampled(std::string_view family = "c_total") {
    return Values(FindFamily(*registry_.Sample(), family), "k");
  }
  UnixMillis Start(const Labels& labels, std::string_view family = "c_total") {
    const auto snapshot = registry_.Collect();
    const Metric* const metric = FindMetric(*snapshot, family, labels);
    return metric == nullptr ? -1 : metric->start;
  }

  FakeClock clock_;
  Registry registry_{clock_, {.series_limit = 3}};
  Family* counters_ = registry_.AddFamily({.name = "c_total", .help = "Help.", .type = MetricType::kCounter});
  Family* gauges_ = registry_.AddFamily({.name = "g_bytes", .unit = "bytes", .type = MetricType::kGauge});
  Family* histograms_ = registry_.AddFamily({.name = "h", .type = MetricType::kHistogram});
  Shard* shard_ = registry_.AddShard();
  Shard* other_shard_ = registry_.AddShard();
};

TEST_F(RegistryTest, CollectsFamiliesAndSeriesInOrder) {
  EXPECT_TRUE(registry_.Collect()->families.empty()) << "families without series are left out";
  shard_->GetGauge(gauges_, K("x"))->Set(-5);
  shard_->GetCounter(counters_, K("b"))->Add(2);
  shard_->GetCounter(counters_, K("a"))->Add(1);
  clock_.Advance(std::chrono::seconds(1));
  const auto snapshot = registry_.Collect();
  EXPECT_EQ(snapshot->time, clock_.UnixNow());
  ASSERT_EQ(snapshot->families.size(), 2u);
  EXPECT_EQ(snapshot->families[0].name, "c_total");
  EXPECT_EQ(snapshot->families[0].help, "Help.");
  EXPECT_EQ(snapshot->families[0].type, MetricType::kCounter);
  EXPECT_EQ(snapshot->families[0].metrics[0].start, clock_.UnixNow() - 1000);
  EXPECT_EQ(snapshot->families[1].name, "g_bytes");
  EXPECT_EQ(snapshot->families[1].unit, "bytes");
  EXPECT_EQ(snapshot->families[1].metrics[0].start, 0) << "a gauge counts from nowhere";
  EXPECT_EQ(Collected(), "a=1 b=2");
  EXPECT_EQ(Collected("g_bytes"), "x=-5");
}

TEST_F(RegistryTest, KeepsTheOrderWhileSeriesComeAndGo) {
  Registry registry(clock_, {});
  Family* const family = registry.AddFamily({.name = "c_total"});
  Shard* const shard = registry.AddShard();
  std::map<std::string, Counter*> live;
  uint32_t random = 1;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 20; ++i) {
      random = random * 1664525 + 1013904223;
      const std::string name = std::to_string((random >> 8) % 100);
      if (const auto found = live.find(name); found != live.end()) {
        shard->Release(found->second);
        live.erase(found);
      } else {
        live[name] = shard->GetCounter(family, K(name));
        live[name]->Add(std::stod(name));
      }
    }
    std::string want;
    for (const auto& [name, counter] : live) want += (want.empty() ? "" : " ") + name + "=" + name;
    ASSERT_EQ(Values(FindFamily(*registry.Collect(), "c_total"), "k"), want) << "round " << round;
    ASSERT_EQ(registry.series(), live.size());
  }
}

TEST_F(RegistryTest, GivesTheSameFamilyForTheSameName) {
  EXPECT_EQ(registry_.AddFamily({.name = "c_total", .help = "another"}), counters_);
  EXPECT_NE(registry_.AddFamily({.name = "d_total"}), counters_);
}

TEST_F(RegistryTest, GivesTheSameInstrumentForTheSameLabels) {
  Counter* const counter = shard_->GetCounter(counters_, Labels{{"a", "1"}, {"k", "x"}});
  EXPECT_EQ(shard_->GetCounter(counters_, Labels{{"k", "x"}, {"a", "1"}}), counter);
  EXPECT_NE(other_shard_->GetCounter(counters_, Labels{{"k", "x"}, {"a", "1"}}), counter);
  EXPECT_EQ(registry_.series(), 1u);
}

TEST_F(RegistryTest, AddsUpShards) {
  shard_->GetCounter(counters_, K("x"))->Add(1.5);
  other_shard_->GetCounter(counters_, K("x"))->Add(2.5);
  other_shard_->GetCounter(counters_, K("y"))->Add(7);
  EXPECT_EQ(Collected(), "x=4 y=7");
  shard_->GetGauge(gauges_, K("x"))->Add(5);
  other_shard_->GetGauge(gauges_, K("x"))->Add(-2);
  EXPECT_EQ(Collected("g_bytes"), "x=3");
}

TEST_F(RegistryTest, KeepsWhatAReleasedCellHadCounted) {
  Counter* const counter = shard_->GetCounter(counters_, K("x"));
  Counter* const other = other_shard_->GetCounter(counters_, K("x"));
  counter->Add(3);
  other->Add(4);
  const UnixMillis start = Start(K("x"));
  clock_.Advance(std::chrono::seconds(5));
  shard_->Release(counter);
  EXPECT_EQ(Collected(), "x=7");
  shard_->GetCounter(counters_, K("x"))->Add(10);
  EXPECT_EQ(Collected(), "x=17");
  EXPECT_EQ(Start(K("x")), start) << "its life went on";
  EXPECT_EQ(Sampled(), "x=17");
}

TEST_F(RegistryTest, KeepsWhatAReleasedHistogramHadCounted) {
  metrics::Histogram* const kept = other_shard_->GetHistogram(histograms_, K("x"));
  kept->Observe(1);
  for (int round = 1; round <= 3; ++round) {
    metrics::Histogram* const histogram = shard_->GetHistogram(histograms_, K("x"));
    histogram->Observe(2);
    histogram->Observe(-1e30);
    histogram->Observe(1e30);
    shard_->Release(histogram);
    const auto snapshot = registry_.Collect();
    const auto got = FindMetric(*snapshot, "h", K("x"))->histogram;
    EXPECT_EQ(got->count, 1u + 3u * static_cast<unsigned>(round));
    EXPECT_EQ(NativeSum(*got), got->count);
    EXPECT_LT(got->schema, 3);
  }
}

TEST_F(RegistryTest, CountsHolds) {
  Counter* const counter = shard_->GetCounter(counters_, K("x"));
  EXPECT_EQ(shard_->GetCounter(counters_, K("x")), counter);
  counter->Add(1);
  shard_->Release(counter);
  counter->Add(1);
  EXPECT_EQ(Collected(), "x=2");
  shard_->Release(counter);
  EXPECT_EQ(Collected(), "absent");
}

TEST_F(RegistryTest, ShowsAnEndedSeriesOnceAsStale) {
  Counter* const x = shard_->GetCounter(counters_, K("x"));
  shard_->GetCounter(counters_, K("a"))->Add(1);
  shard_->GetCounter(counters_, K("z"))->Add(1);
  EXPECT_EQ(Sampled(), "a=1 x=0 z=1");
  shard_->Release(x);
  EXPECT_EQ(Collected(), "a=1 z=1") << "a scrape just does not see it any more";
  EXPECT_EQ(Sampled(), "a=1 x=stale z=1");
  EXPECT_EQ(Sampled(), "a=1 z=1");
}

TEST_F(RegistryTest, ShowsAFamilyWhoseLastSeriesEnded) {
  shard_->Release(shard_->GetGauge(gauges_, K("x")));
  shard_->Release(shard_->GetHistogram(histograms_, K("y")));
  const auto snapshot = registry_.Sample();
  EXPECT_EQ(Values(FindFamily(*snapshot, "g_bytes"), "k"), "x=stale");
  EXPECT_EQ(Values(FindFamily(*snapshot, "h"), "k"), "y=stale");
  EXPECT_EQ(FindMetric(*snapshot, "h", K("y"))->histogram, nullptr);
  EXPECT_TRUE(registry_.Sample()->families.empty());
}

TEST_F(RegistryTest, StartsAnewWhenASeriesComesBack) {
  Counter* const counter = shard_->GetCounter(counters_, K("x"));
  counter->Add(5);
  const UnixMillis start = Start(K("x"));
  clock_.Advance(std::chrono::hours(1));
  shard_->Release(counter);
  EXPECT_EQ(Sampled(), "x=stale");
  clock_.Advance(std::chrono::hours(1));
  shard_->GetCounter(counters_, K("x"));
  EXPECT_EQ(Sampled(), "x=0");
  EXPECT_EQ(Start(K("x")), start + 2 * 3'600'000);
}

TEST_F(RegistryTest, StartsAfterTheFormerLifeEvenIfTheClockDoesNotMove) {
  UnixMillis former = Start(K("x"));
  for (int i = 0; i < 3; ++i) {
    Counter* const counter = shard_->GetCounter(counters_, K("x"));
    EXPECT_GT(Start(K("x")), former);
    former = Start(K("x"));
    shard_->Release(counter);
  }
}

TEST_F(RegistryTest, StartsAfterTheFormerLifeEvenIfTheClockSteppedBack) {
  Counter* const counter = shard_->GetCounter(counters_, K("x"));
  clock_.Advance(std::chrono::minutes(10));
  shard_->Release(counter);
  clock_.Advance(std::chrono::seconds(1));
  const UnixMillis stale_at = registry_.Sample()->time;
  clock_.StepWall(-3'600'000);
  shard_->GetCounter(counters_, K("x"));
  EXPECT_GT(Start(K("x")), stale_at);
}

TEST_F(RegistryTest, ShowsASeriesThatCameBackBeforeTheSampleAsLiveOnly) {
  Counter* const counter = shard_->GetCounter(counters_, K("x"));
  counter->Add(9);
  EXPECT_EQ(Sampled(), "x=9");
  shard_->Release(counter);
  shard_->GetCounter(counters_, K("x"))->Add(1);
  EXPECT_EQ(Sampled(), "x=1");
  EXPECT_EQ(Sampled(), "x=1");
}

TEST_F(RegistryTest, ShowsASeriesThatEndedTwiceBetweenSamplesOnce) {
  for (int i = 0; i < 2; ++i) shard_->Release(shard_->GetCounter(counters_, K("x")));
  EXPECT_EQ(Sampled(), "x=stale");
}

TEST_F(RegistryTest, RefusesNewSeriesOverTheLimit) {
  Counter* const first = shard_->GetCounter(counters_, K("1"));
  ASSERT_NE(first, nullptr);
  ASSERT_NE(shard_->GetGauge(gauges_, K("2")), nullptr);
  ASSERT_NE(shard_->GetHistogram(histograms_, K("3")), nullptr);
  EXPECT_EQ(registry_.series(), 3u);
  EXPECT_EQ(registry_.refused(), 0u);

  EXPECT_EQ(shard_->GetCounter(counters_, K("4")), nullptr);
  EXPECT_EQ(other_shard_->GetHistogram(histograms_, K("4")), nullptr);
  EXPECT_EQ(registry_.refused(), 2u);
  EXPECT_EQ(Collected(), "1=0") << "a refused series leaves nothing";

  EXPECT_NE(other_shard_->GetCounter(counters_, K("1")), nullptr) << "the series is not new";
  EXPECT_NE(shard_->GetCounter(counters_, K("overflow"), Budget::kExempt), nullptr);
  EXPECT_EQ(registry_.series(), 3u) << "exempt series do not count";

  shard_->Release(first);
  EXPECT_EQ(registry_.series(), 3u) << "the other shard still measures it";
  other_shard_->Release(other_shard_->GetCounter(counters_, K("1")));
  other_shard_->Release(other_shard_->GetCounter(counters_, K("1")));
  EXPECT_EQ(registry_.series(), 3u);
}

TEST_F(RegistryTest, AnEndedSeriesGivesItsPlaceBack) {
  Counter* const first = shard_->GetCounter(counters_, K("1"));
  shard_->GetCounter(counters_, K("2"));
  shard_->GetCounter(counters_, K("3"));
  EXPECT_EQ(shard_->GetCounter(counters_, K("4")), nullptr);
  shard_->Release(first);
  EXPECT_EQ(registry_.series(), 2u);
  EXPECT_NE(shard_->GetCounter(counters_, K("4")), nullptr);
  EXPECT_EQ(shard_->GetCounter(counters_, K("1")), nullptr);
}

TEST_F(RegistryTest, SharesTheBytesOfEqualLabelsBetweenFamilies) {
  shard_->GetCounter(counters_, K("x"));
  shard_->GetGauge(gauges_, K("x"));
  const auto snapshot = registry_.Collect();
  EXPECT_EQ(FindMetric(*snapshot, "c_total", K("x"))->labels[0].value.data(),
            FindMetric(*snapshot, "g_bytes", K("x"))->labels[0].value.data());
}

TEST_F(RegistryTest, SnapshotsOutliveTheRegistry) {
  std::shared_ptr<const Snapshot> snapshot;
  {
    Registry registry(clock_, {});
    Shard* const shard = registry.AddShard();
    shard->GetCounter(registry.AddFamily({.name = "c_total"}), K("x"))->Add(3);
    shard->GetHistogram(registry.AddFamily({.name = "h", .type = MetricType::kHistogram}), K("x"))
        ->Observe(3);
    snapshot = registry.Collect();
  }
  EXPECT_EQ(Values(FindFamily(*snapshot, "c_total"), "k"), "x=3");
  EXPECT_EQ(FindMetric(*snapshot, "h", K("x"))->histogram->sum, 3);
}

class FixedSource final : public Source {
 public:
  explicit FixedSource(std::vector<MetricFamily> families) : families_(std::move(families)) {}
  std::vector<MetricFamily> Collect() const override { return families_; }

 private:
  const std::vector<MetricFamily> families_;
};

MetricFamily FamilyWith(std::string name, MetricType type,
                        std::vector<std::pair<std::string, double>> values) {
  MetricFamily family;
  family.name = std::move(name);
  family.type = type;
  for (const auto& [label, value] : values) {
    family.metrics.emplace_back().labels = K(label);
    family.metrics.back().value = value;
  }
  return family;
}

TEST_F(RegistryTest, JoinsWhatSourcesBring) {
  shard_->GetCounter(counters_, K("b"))->Add(1);
  registry_.AddSource(std::make_shared<FixedSource>(std::vector{
      FamilyWith("z", MetricType::kGauge, {{"1", 1}}),
      FamilyWith("a", MetricType::kUnknown, {{"2", 2}}),
      FamilyWith("c_total", MetricType::kCounter, {{"a", 5}, {"b", 6}, {"c", 7}}),
  }));
  registry_.AddSource(std::make_shared<FixedSource>(std::vector{
      FamilyWith("z", MetricType::kCounter, {{"other type", 1}}),
      FamilyWith("d", MetricType::kGauge, {{"4", 4}}),
  }));
  const auto snapshot = registry_.Sample();
  std::string names;
  for (const MetricFamily& family : snapshot->families) names += family.name + " ";
  EXPECT_EQ(names, "a c_total d z ");
  EXPECT_EQ(Values(FindFamily(*snapshot, "c_total"), "k"), "a=5 b=1 c=7");
  EXPECT_EQ(Values(FindFamily(*snapshot, "z"), "k"), "1=1");
}

}  // namespace
}  // namespace sidelight::metrics
