#include "collector/meter/cache_ratio.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collector/meter/keyspaces.h"
#include "tests/support/fake_clock.h"

namespace sidelight::meter {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CacheRatioTest : public ::testing::Test {
 protected:
  void Make(CacheRatio::Naming naming = {.name = "cache_hit_ratio",
                                         .help = "h",
                                         .labels = {{"tap", "cache"}},
                                         .keyspace_label = "keyspace"}) {
    keyspaces_ = std::make_shared<Keyspaces>(std::vector<KeyspacePattern>());
    ratio_ = std::make_unique<CacheRatio>(clock_, keyspaces_, minutes(5), std::move(naming));
    totals_ = ratio_->AddWorker();
  }
  void Add(const std::string& key, uint32_t hits, uint32_t misses) {
    totals_->Add(keyspaces_->Resolve(key), hits, misses);
  }
  // Each ratio as keyspace and value.
  std::vector<std::string> Ratios() const {
    std::vector<std::string> lines;
    for (const MetricFamily& family : ratio_->Collect()) {
      EXPECT_EQ(family.type, MetricType::kGauge);
      for (const Metric& metric : family.metrics)
        lines.push_back(fmt::format("{} {:.4g}", metric.labels.Get("keyspace"), metric.value));
    }
    return lines;
  }
  // As the sampling loop does it, every few seconds.
  void Pass(Duration time, Duration step = seconds(5)) {
    for (Duration passed{}; passed < time; passed += step) {
      clock_.Advance(step);
      ratio_->Turn();
    }
  }

  FakeClock clock_;
  std::shared_ptr<Keyspaces> keyspaces_;
  std::unique_ptr<CacheRatio> ratio_;
  CacheTotals* totals_ = nullptr;
};

TEST_F(CacheRatioTest, KeyspacesThatAreCalledAlikeAreOne) {
  Make();
  keyspaces_ =
      std::make_shared<Keyspaces>(std::vector<KeyspacePattern>{*KeyspacePattern::Parse("user:{id}")});
  ratio_ = std::make_unique<CacheRatio>(
      clock_, keyspaces_, minutes(5),
      CacheRatio::Naming{.name = "cache_hit_ratio", .help = "h", .keyspace_label = "keyspace"});
  totals_ = ratio_->AddWorker();
  Add("user:{id}", 1, 0);
  Add("user:1", 0, 1);
  EXPECT_THAT(Ratios(), ElementsAre("user:{id} 0.5"));
}

TEST_F(CacheRatioTest, IsAbsentWithoutLookups) {
  Make();
  EXPECT_THAT(ratio_->Collect(), IsEmpty());
  Add("user:1", 0, 0);
  EXPECT_THAT(ratio_->Collect(), IsEmpty());
}

TEST_F(CacheRatioTest, HitsOfLookups) {
  Make();
  Add("user:1", 3, 1);
  Add("cart:1", 0, 2);
  Add("all", 5, 0);
  EXPECT_THAT(Ratios(), ElementsAre("all 1", "cart:{id} 0", "user:{id} 0.75"));
}

TEST_F(CacheRatioTest, TheWindowSlides) {
  Make();
  Add("user:1", 10, 0);
  Pass(minutes(3));
  Add("user:1", 0, 10);
  EXPECT_THAT(Ratios(), ElementsAre("user:{id} 0.5"));
  Pass(minutes(1));
  EXPECT_THAT(Ratios(), ElementsAre("user:{id} 0.5"));
  Pass(minutes(1) + seconds(10));
  EXPECT_THAT(Ratios(), ElementsAre("user:{id} 0")) << "the hits are more than five minutes ago";
  Pass(minutes(3) - seconds(20));
  EXPECT_THAT(Ratios(), ElementsAre("user:{id} 0"));
  Pass(seconds(30));
  EXPECT_THAT(Ratios(), IsEmpty()) << "absent without traffic, not 0 and not NaN";
  Add("user:1", 1, 0);
  EXPECT_THAT(Ratios(), ElementsAre("user:{id} 1"));
}

TEST_F(CacheRatioTest, AKeyspaceThatIsNewWithinTheWindow) {
  Make();
  Add("user:1", 1, 1);
  Pass(minutes(10));
  Add("cart:1", 1, 0);
  EXPECT_THAT(Ratios(), ElementsAre("cart:{id} 1"));
}

TEST_F(CacheRatioTest, RareTurnsMakeTheWindowCoarserAndNotWrong) {
  Make();
  Add("user:1", 4, 0);
  Pass(minutes(12), minutes(4));
  Add("user:1", 0, 1);
  EXPECT_THAT(Ratios(), ElementsAre("user:{id} 0"));
}

TEST_F(CacheRatioTest, TheRingStaysShortHoweverOftenItIsTurned) {
  Make();
  for (int i = 0; i < 2000; ++i) {
    Add("user:1", 1, 0);
    clock_.Advance(seconds(1));
    ratio_->Turn();
    if (i % 3 == 0) {
      EXPECT_THAT(Ratios(), ElementsAre("user:{id} 1"));
    }
  }
}

TEST_F(CacheRatioTest, AsAWholeThereIsOneSeriesWithoutLabels) {
  Make({.name = "feature_cache_hit_ratio", .help = "h"});
  Add("user:1", 3, 0);
  Add("cart:1", 0, 1);
  const auto families = ratio_->Collect();
  ASSERT_EQ(families.size(), 1u);
  EXPECT_EQ(families[0].name, "feature_cache_hit_ratio");
  ASSERT_EQ(families[0].metrics.size(), 1u);
  EXPECT_TRUE(families[0].metrics[0].labels.empty());
  EXPECT_EQ(families[0].metrics[0].value, 0.75);
}

TEST_F(CacheRatioTest, WorkersAddUpWhileSomebodyCollects) {
  Make();
  constexpr int kRounds = 20'000;
  const auto work = [this](CacheTotals* totals, uint32_t hits) {
    for (int i = 0; i < kRounds; ++i)
      totals->Add(keyspaces_->Resolve(i % 2 == 0 ? "user:1" : "cart:1"), hits, 1 - hits);
  };
  CacheTotals* const other = ratio_->AddWorker();
  std::thread a([&] { work(totals_, 1); });
  std::thread b([&] { work(other, 0); });
  for (int i = 0; i < 50; ++i) {
    clock_.Advance(seconds(1));
    for (const auto& family : ratio_->Collect()) {
      for (const Metric& metric : family.metrics) {
        EXPECT_GE(metric.value, 0);
        EXPECT_LE(metric.value, 1);
      }
    }
  }
  a.join();
  b.join();
  EXPECT_THAT(Ratios(), ElementsAre("cart:{id} 0.5", "user:{id} 0.5"));
}

}  // namespace
}  // namespace sidelight::meter
