// Registry::Options::admit: under which labels a series comes in, or that it does not.
#include <gtest/gtest.h>

#include <string>

#include "core/metrics/registry.h"
#include "tests/core/metrics/series_text.h"
#include "tests/support/fake_clock.h"

namespace sidelight::metrics {
namespace {

Labels K(std::string_view value) {
  return Labels{{"k", value}};
}

// Drops k="drop" and all of the family "unwanted_total"; k="b" is k="a".
class AdmissionTest : public testing::Test {
 protected:
  std::optional<Labels> Admit(std::string_view family, const Labels& labels) {
    ++asked_;
    if (labels.Get("k") == "drop" || family == "unwanted_total") return std::nullopt;
    if (labels.Get("k") == "b") return K("a");
    return labels;
  }
  std::string Collected(std::string_view family) {
    return Values(FindFamily(*registry_.Collect(), family), "k");
  }

  FakeClock clock_;
  int asked_ = 0;
  Registry registry_{clock_,
                     {.series_limit = 3, .admit = [this](std::string_view family, const Labels& labels) {
                        return Admit(family, labels);
                      }}};
  Family* counters_ = registry_.AddFamily({.name = "c_total"});
  Family* unwanted_ = registry_.AddFamily({.name = "unwanted_total"});
  Family* gauges_ = registry_.AddFamily({.name = "g", .type = MetricType::kGauge});
  Family* histograms_ = registry_.AddFamily({.name = "h", .type = MetricType::kHistogram});
  Shard* shard_ = registry_.AddShard();
  Shard* other_shard_ = registry_.AddShard();
};

TEST_F(AdmissionTest, WhatIsDroppedIsMeasuredByNobodyAndCostsNoSeries) {
  Counter* const counter = shard_->GetCounter(counters_, K("drop"));
  Gauge* const gauge = shard_->GetGauge(gauges_, K("drop"));
  Histogram* const histogram = shard_->GetHistogram(histograms_, K("drop"));
  ASSERT_NE(counter, nullptr);
  ASSERT_NE(gauge, nullptr);
  ASSERT_NE(histogram, nullptr);
  counter->Add(1);
  gauge->Set(2);
  for (double v = 1e-9; v < 1e9; v *= 3) histogram->Observe(v);
  EXPECT_TRUE(registry_.Collect()->families.empty());
  EXPECT_TRUE(registry_.Sample()->families.empty());
  EXPECT_EQ(registry_.series(), 0u);
  EXPECT_EQ(registry_.refused(), 0u);
  EXPECT_EQ(registry_.dropped(), 3u);
  EXPECT_EQ(asked_, 3) << "counting asks nobody";
  shard_->Release(counter);
  shard_->Release(gauge);
  shard_->Release(histogram);
  EXPECT_TRUE(registry_.Sample()->families.empty()) << "what nobody saw does not end";
  EXPECT_NE(shard_->GetHistogram(histograms_, K("drop")), nullptr);
}

TEST_F(AdmissionTest, WhatComesInUnderTheSameLabelsAddsUp) {
  Counter* const a = shard_->GetCounter(counters_, K("a"));
  Counter* const b = shard_->GetCounter(counters_, K("b"));
  Counter* const other = other_shard_->GetCounter(counters_, K("b"));
  a->Add(1);
  b->Add(2);
  other->Add(4);
  Histogram* const of_a = shard_->GetHistogram(histograms_, K("a"));
  Histogram* const of_b = shard_->GetHistogram(histograms_, K("b"));
  of_a->Observe(1);
  of_b->Observe(2);
  EXPECT_EQ(Collected("c_total"), "a=7");
  EXPECT_EQ(FindFamily(*registry_.Collect(), "h")->metrics.size(), 1u);
  EXPECT_EQ(registry_.series(), 2u);
  // The series lives as long as one of them does.
  shard_->Release(a);
  b->Add(8);
  EXPECT_EQ(Collected("c_total"), "a=15");
  shard_->Release(b);
  EXPECT_EQ(Collected("c_total"), "a=15");
  other_shard_->Release(other);
  EXPECT_EQ(Collected("c_total"), "absent");
}

TEST_F(AdmissionTest, AFamilyMayBeDropped) {
  shard_->GetCounter(unwanted_, K("a"))->Add(1);
  shard_->GetCounter(counters_, K("a"))->Add(1);
  EXPECT_EQ(FindFamily(*registry_.Collect(), "unwanted_total"), nullptr);
  EXPECT_EQ(Collected("c_total"), "a=1");
  EXPECT_EQ(registry_.dropped(), 1u);
}

TEST_F(AdmissionTest, WhatIsDroppedIsBoundedToo) {
  for (int i = 0; i < 100'000; ++i) ASSERT_NE(shard_->GetCounter(counters_, K("drop")), nullptr) << i;
  EXPECT_EQ(shard_->GetCounter(counters_, K("drop")), nullptr);
  EXPECT_EQ(other_shard_->GetGauge(gauges_, K("drop")), nullptr);
  EXPECT_EQ(registry_.refused(), 2u);
  Counter* const exempt = shard_->GetCounter(counters_, K("drop"), Budget::kExempt);
  ASSERT_NE(exempt, nullptr) << "whoever asks for one that must exist gets it";
  EXPECT_NE(shard_->GetCounter(counters_, K("a")), nullptr) << "there is room for series";
  shard_->Release(exempt);
  shard_->Release(exempt);
  EXPECT_NE(other_shard_->GetGauge(gauges_, K("drop")), nullptr) << "what was given back is free again";
}

TEST_F(AdmissionTest, ShardsDoNotShareWhatNobodyReads) {
  EXPECT_NE(shard_->GetCounter(counters_, K("drop")), other_shard_->GetCounter(counters_, K("drop")))
      << "two threads would write to one";
}

}  // namespace
}  // namespace sidelight::metrics
