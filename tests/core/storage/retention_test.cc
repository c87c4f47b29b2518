// What goes, and when: by age, and by the memory budget.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "core/storage/store.h"
#include "tests/core/storage/store_reading.h"
#include "tests/support/fake_clock.h"

namespace sidelight::storage {
namespace {

constexpr UnixMillis kSecond = 1000;
constexpr UnixMillis kHour = 3600 * kSecond;

Labels SeriesNumber(int i) {
  return Labels{{"__name__", "m"}, {"i", std::to_string(i)}};
}

TEST(RetentionTest, WhatIsOlderGoesAndSoDoSeriesThatEnded) {
  FakeClock clock;
  const auto store = OpenStore({.retention = std::chrono::hours(1), .clock = &clock});
  const auto appender = store->MakeAppender();
  const UnixMillis start = store->Now();
  const auto interval = std::chrono::seconds(5);
  SeriesRef ended = 0;
  for (int i = 0; i < 3 * 720; ++i) {
    if (i < 100) ended = *appender->Append(0, SeriesNumber(0), store->Now(), i);
    ASSERT_TRUE(appender->Append(0, SeriesNumber(1), store->Now(), i).has_value());
    ASSERT_TRUE(appender->Commit().has_value());
    store->Maintain(store->Now());
    clock.Advance(interval);
  }
  const StoreStats stats = store->Stats();
  EXPECT_EQ(stats.series, 1U);
  const Samples kept = ReadSeries(*store, SeriesNumber(1));
  ASSERT_FALSE(kept.times.empty());
  EXPECT_EQ(kept.times.back(), start + 3 * kHour - 5 * kSecond);
  EXPECT_LE(kept.times.front(), start + 2 * kHour);
  EXPECT_GE(kept.times.front(), start + 2 * kHour - kHour / 8 - 10 * kSecond)
      << "a chunk's length more at most";
  EXPECT_EQ(stats.dropped_by_retention + kept.times.size(), stats.appended);
  EXPECT_EQ(stats.dropped_by_budget, 0U);
  // A number that is no longer good is looked up by the labels.
  const auto again = appender->Append(ended, SeriesNumber(0), store->Now(), 1);
  ASSERT_TRUE(again.has_value());
  EXPECT_NE(*again, ended);
}

TEST(RetentionTest, TheBudgetIsKeptAndTheOldestGoesFirst) {
  const size_t budget = 256 << 10;
  FakeClock clock;
  const auto store = OpenStore({.memory = budget, .clock = &clock});
  const auto appender = store->MakeAppender();
  for (int i = 0; i < 4000; ++i) {
    for (int s = 0; s < 50; ++s) {
      ASSERT_TRUE(appender->Append(0, SeriesNumber(s), store->Now(), i * 7919 % 10007 + 0.5).has_value());
    }
    ASSERT_TRUE(appender->Commit().has_value());
    ASSERT_LE(store->Stats().bytes, budget) << i;
    clock.Advance(std::chrono::seconds(1));
  }
  store->Maintain(store->Now());
  const StoreStats stats = store->Stats();
  EXPECT_GT(stats.dropped_by_budget, 0U);
  EXPECT_EQ(stats.series, 50U);
  // All series reach back about as far: none paid for another.
  std::vector<UnixMillis> first;
  uint64_t kept = 0;
  for (const auto& [labels, samples] : ReadStore(*store)) {
    first.push_back(samples.times.front());
    kept += samples.times.size();
  }
  EXPECT_LE(*std::max_element(first.begin(), first.end()) - *std::min_element(first.begin(), first.end()),
            128 * kSecond);
  EXPECT_EQ(kept + stats.dropped_by_budget, stats.appended);
}

TEST(RetentionTest, WhenOnlyLiveSeriesAreLeftNoneIsAdded) {
  FakeClock clock;
  const auto store = OpenStore({.memory = 64 << 10, .clock = &clock});
  const auto appender = store->MakeAppender();
  size_t refused = 0;
  for (int s = 0; s < 1000; ++s) {
    const auto appended = appender->Append(0, SeriesNumber(s), store->Now(), s);
    if (!appended) {
      EXPECT_EQ(appended.error().code, ErrorCode::kLimit);
      ++refused;
    }
    ASSERT_TRUE(appender->Commit().has_value());
  }
  EXPECT_GT(refused, 0U);
  EXPECT_LT(refused, 1000U);
  EXPECT_LE(store->Stats().bytes, size_t{64 << 10} + 1024);
  EXPECT_EQ(store->Stats().refused[static_cast<size_t>(Refusal::kLimit)], refused);
  // Those that are there go on; and once they have ended, there is room for others.
  ASSERT_TRUE(appender->Append(0, SeriesNumber(0), store->Now() + 1, 1).has_value());
  ASSERT_TRUE(appender->Commit().has_value());
  clock.Advance(std::chrono::minutes(10));
  ASSERT_TRUE(appender->Append(0, SeriesNumber(0), store->Now(), 1).has_value());
  ASSERT_TRUE(appender->Commit().has_value());
  store->Maintain(store->Now());
  EXPECT_TRUE(appender->Append(0, SeriesNumber(999), store->Now(), 1).has_value());
}

TEST(RetentionTest, WithoutRetentionTimesNeedNotBeNearTheClock) {
  FakeClock clock;
  const auto store = OpenStore({.first_zero = false, .clock = &clock});
  const auto appender = store->MakeAppender();
  ASSERT_TRUE(appender->Append(0, SeriesNumber(1), -100 * kHour, 1).has_value());
  ASSERT_TRUE(appender->Append(0, SeriesNumber(1), 0, 2).has_value());
  ASSERT_TRUE(appender->Commit().has_value());
  store->Maintain(store->Now());
  EXPECT_EQ(ReadSeries(*store, SeriesNumber(1)).times.size(), 2U);
}

TEST(StoreTimeTest, NeverStepsBack) {
  FakeClock clock;
  const auto store = OpenStore({.clock = &clock});
  const UnixMillis start = store->Now();
  clock.Advance(std::chrono::seconds(10));
  EXPECT_EQ(store->Now(), start + 10 * kSecond);
  clock.StepWall(-kHour);
  EXPECT_EQ(store->Now(), start + 10 * kSecond);
  for (int i = 0; i < 1000; ++i) {
    clock.Advance(std::chrono::microseconds(500));
    store->Now();
  }
  EXPECT_EQ(store->Now(), start + 10 * kSecond + 500);
  EXPECT_EQ(store->Place(clock.UnixNow() - 3), store->Now() - 3);
  EXPECT_EQ(store->Stats().clock_steps, 1U);
  clock.StepWall(2 * kHour);  // it has caught up, and more
  EXPECT_EQ(store->Now(), clock.UnixNow());
  clock.StepWall(-kHour);
  EXPECT_EQ(store->Stats().clock_steps, 1U);
  store->Now();
  EXPECT_EQ(store->Stats().clock_steps, 2U);
}

}  // namespace
}  // namespace sidelight::storage
