// The store as its users see it: what was appended is read again, in order, whole, and with its marks.
#include "core/storage/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/model/stale.h"
#include "tests/core/storage/store_reading.h"

namespace sidelight::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StoreTest, WhatWasAppendedIsReadAgain) {
  const auto store = OpenStore();
  const auto appender = store->MakeAppender();
  const Labels labels{{"__name__", "up"}, {"job", "api"}};
  const std::vector<std::pair<UnixMillis, double>> samples{{-5000, 1},         {0, 2},        {1000, 3},
                                                           {2000, 3.5},        {2001, -0.0},  {9000, NAN},
                                                           {9001, StaleNan()}, {10000, 1e300}};
  for (const auto& [time, value] : samples) ASSERT_TRUE(appender->Append(0, labels, time, value).has_value());
  EXPECT_THAT(ReadSeries(*store, labels).times, IsEmpty()) << "nothing shows before the commit";
  ASSERT_TRUE(appender->Commit().has_value());
  const Samples read = ReadSeries(*store, labels);
  ASSERT_EQ(read.times.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(read.times[i], samples[i].first);
    EXPECT_EQ(std::bit_cast<uint64_t>(read.values[i]), std::bit_cast<uint64_t>(samples[i].second)) << i;
  }
  EXPECT_THAT(read.starts, IsEmpty());
  EXPECT_THAT(ReadSeries(*store, labels, 0, 1000).values, ElementsAre(2, 3));
}

TEST(StoreTest, RefusesWhatIsOutOfOrder) {
  const auto store = OpenStore();
  const auto appender = store->MakeAppender();
  const Labels labels{{"a", "1"}};
  const auto ref = appender->Append(0, labels, 1000, 1);
  ASSERT_TRUE(ref.has_value());
  const auto expect = [&](UnixMillis time, double value, const std::string& error) {
    const auto appended = appender->Append(*ref, labels, time, value);
    EXPECT_EQ(appended.has_value() ? "" : appended.error().message, error) << time << " " << value;
  };
  const auto all = [&] {
    expect(999, 1, "out of order sample");
    expect(1000, 1, "");
    expect(1000, 2, "duplicate sample for timestamp");
    expect(1000, StaleNan(), "duplicate sample for timestamp");
    const auto histogram = appender->AppendHistogram(*ref, labels, 1000, MakeHistogram({1}));
    ASSERT_FALSE(histogram.has_value());
    EXPECT_EQ(histogram.error().message, "duplicate sample for timestamp");
  };
  all();  // within the batch
  ASSERT_TRUE(appender->Commit().has_value());
  all();  // against what was committed
  ASSERT_TRUE(appender->Commit().has_value());
  EXPECT_THAT(ReadSeries(*store, labels).times, ElementsAre(1000));
  const StoreStats stats = store->Stats();
  EXPECT_EQ(stats.refused[static_cast<size_t>(Refusal::kOutOfOrder)], 2U);
  EXPECT_EQ(stats.refused[static_cast<size_t>(Refusal::kDuplicate)], 6U);
  EXPECT_EQ(stats.appended, 1U);
}

TEST(StoreTest, HistogramsComeBackWithTheMarksOfTheirRun) {
  struct Step {
    FloatHistogramPtr histogram;  // null: a float
    double value;
    CounterReset read;
  };
  using enum CounterReset;
  const FloatHistogramPtr stale = [] {
    auto made = std::make_shared<FloatHistogram>();
    made->sum = StaleNan();
    return made;
  }();
  const std::vector<Step> steps{
      {MakeHistogram({1, 2}), 0, kUnknown},
      {MakeHistogram({1, 2}), 0, kNotReset},
      {MakeHistogram({2, 2}, kNotReset), 0, kNotReset},
      {MakeHistogram({2, 2, 1}), 0, kNotReset},         // a bucket more is no reset
      {MakeHistogram({2, 1, 9}), 0, kUnknown},          // a bucket fell
      {MakeHistogram({3, 1, 9}, kReset), 0, kUnknown},  // it says so
      {nullptr, 5, kUnknown},                           // a float ends the run
      {MakeHistogram({4, 1, 9}), 0, kUnknown},
      {MakeHistogram({4.5, 1, 9}), 0, kNotReset},         // not whole
      {MakeHistogram({1, 9}, kUnknown, 1), 0, kUnknown},  // the bucket that is missing had observations
      {MakeHistogram({1, 9}, kGauge, 1), 0, kGauge},
      {MakeHistogram({0, 1}, kGauge, 1), 0, kGauge},
      {MakeHistogram({0, 2}, kUnknown, 1), 0, kUnknown},
      {MakeHistogram({2}, kUnknown, 2), 0, kNotReset},  // the bucket that is missing was empty
      {nullptr, StaleNan(), kUnknown},                  // becomes a stale histogram
      {MakeHistogram({3}, kUnknown, 2), 0, kUnknown},
      {stale, 0, kUnknown},
      {MakeHistogram({4}, kUnknown, 2), 0, kUnknown},
  };
  const auto store = OpenStore();
  const auto appender = store->MakeAppender();
  const Labels labels{{"__name__", "h"}};
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto time = static_cast<UnixMillis>(i * 1000);
    const auto appended = steps[i].histogram == nullptr
                              ? appender->Append(0, labels, time, steps[i].value)
                              : appender->AppendHistogram(0, labels, time, steps[i].histogram);
    ASSERT_TRUE(appended.has_value()) << i << ": " << appended.error().message;
  }
  ASSERT_TRUE(appender->Commit().has_value());
  const Samples read = ReadSeries(*store, labels);
  EXPECT_THAT(read.times, ElementsAre(6000));
  EXPECT_THAT(read.values, ElementsAre(5));
  ASSERT_EQ(read.histograms.size(), steps.size() - 1);
  size_t at = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i == 6) continue;
    const FloatHistogram& got = *read.histograms[at];
    EXPECT_EQ(read.histogram_times[at], static_cast<UnixMillis>(i * 1000));
    ++at;
    if (steps[i].histogram == nullptr || steps[i].histogram == stale) {
      EXPECT_TRUE(IsStale(got.sum)) << i;
      continue;
    }
    EXPECT_TRUE(got.Equals(*steps[i].histogram)) << i << ": " << got.ToString();
    EXPECT_EQ(static_cast<int>(got.counter_reset), static_cast<int>(steps[i].read)) << i;
  }
}

TEST(StoreTest, StartTimestampsComeBackAlsoWhereTheyBeginLate) {
  const auto store = OpenStore({.first_zero = false});
  const auto appender = store->MakeAppender();
  const Labels labels{{"__name__", "c_total"}};
  const std::vector<UnixMillis> starts{0, 0, -7, -7, 5, 0, 1'700'000'000'000, 0};
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto time = static_cast<UnixMillis>(i * 10);
    ASSERT_TRUE(appender->Append(0, labels, time, 1, starts[i]).has_value());
    ASSERT_TRUE(appender->AppendHistogram(0, Labels{{"__name__", "h"}}, time, MakeHistogram({1}), starts[i]));
  }
  ASSERT_TRUE(appender->Commit().has_value());
  EXPECT_EQ(ReadSeries(*store, labels).starts, starts);
  EXPECT_EQ(ReadSeries(*store, Labels{{"__name__", "h"}}).histogram_starts, starts);
  EXPECT_THAT(ReadSeries(*store, labels, 0, 10).starts, IsEmpty());
  EXPECT_THAT(ReadSeries(*store, labels, 20, 20).starts, ElementsAre(-7));
}

TEST(StoreTest, ACounterEntersWithAZero) {
  const auto store = OpenStore();
  const auto appender = store->MakeAppender();
  const Labels counter{{"__name__", "c_total"}};
  const Labels gauge{{"__name__", "g"}};
  const Labels histogram{{"__name__", "h"}};
  ASSERT_TRUE(appender->Append(0, counter, 1000, 5, 400).has_value());
  ASSERT_TRUE(appender->Append(0, counter, 2000, 6, 400).has_value());
  ASSERT_TRUE(appender->Append(0, counter, 3000, StaleNan()).has_value());
  ASSERT_TRUE(appender->Append(0, counter, 5000, 2, 4000).has_value());  // it came back
  ASSERT_TRUE(appender->Append(0, counter, 6000, 1, 5500).has_value());  // a reset without an end
  ASSERT_TRUE(appender->Append(0, gauge, 1000, 5).has_value());
  ASSERT_TRUE(appender->AppendHistogram(0, histogram, 1000, MakeHistogram({3}), 400).has_value());
  ASSERT_TRUE(appender->Commit().has_value());
  EXPECT_THAT(ReadSeries(*store, counter).times, ElementsAre(400, 1000, 2000, 3000, 4000, 5000, 6000));
  const std::vector<double> values = ReadSeries(*store, counter).values;
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(values[4], 0);
  EXPECT_THAT(ReadSeries(*store, gauge).times, ElementsAre(1000));
  const Samples read = ReadSeries(*store, histogram);
  ASSERT_THAT(read.histogram_times, ElementsAre(400, 1000));
  EXPECT_EQ(read.histograms[0]->count, 0);
  EXPECT_EQ(read.histograms[1]->counter_reset, CounterReset::kNotReset);
}

TEST(StoreTest, RefusesSeriesWithoutLabelsAndBrokenHistograms) {
  const auto store = OpenStore();
  const auto appender = store->MakeAppender();
  EXPECT_EQ(appender->Append(0, Labels{{"a", ""}}, 1, 1).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(appender->AppendHistogram(0, Labels{{"a", "1"}}, 1, MakeHistogram({-1})).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(appender->AppendExemplar(77, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->Stats().refused[static_cast<size_t>(Refusal::kInvalid)], 2U);
  EXPECT_FALSE(Store::Open({.retention = Duration(-1)}).has_value());
}

TEST(StoreTest, RollbackLeavesNothing) {
  const auto store = OpenStore({.retention = std::chrono::hours(1)});
  const auto appender = store->MakeAppender();
  ASSERT_TRUE(appender->Append(0, Labels{{"a", "1"}}, 1000, 1).has_value());
  appender->Rollback();
  ASSERT_TRUE(appender->Commit().has_value());
  EXPECT_TRUE(ReadStore(*store).empty());
  store->Maintain(2000);
  EXPECT_EQ(store->Stats().series, 0U);
  ASSERT_TRUE(appender->Append(0, Labels{{"a", "1"}}, 500, 1).has_value()) << "the past is free again";
}

TEST(StoreTest, ASelectionIsNotChangedByWhatComesLater) {
  const auto store = OpenStore();
  const auto appender = store->MakeAppender();
  const Labels labels{{"a", "1"}};
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(appender->Append(0, labels, i, i).has_value());
    ASSERT_TRUE(appender->Commit().has_value());
  }
  const auto selection = store->Select({}, kNever, kEver);
  for (int i = 300; i < 1000; ++i) {
    ASSERT_TRUE(appender->Append(0, labels, i, i).has_value());
    ASSERT_TRUE(appender->Commit().has_value());
  }
  Samples samples;
  selection->series()[0]->Read(kNever, kEver, &samples);
  EXPECT_EQ(samples.times.size(), 300U);
  samples.Clear();
  selection->series()[0]->ReadNewest(kNever, kEver, &samples);
  EXPECT_THAT(samples.values, ElementsAre(299));
  samples.Clear();
  selection->series()[0]->ReadNewest(0, 150, &samples);
  EXPECT_THAT(samples.values, ElementsAre(150));
}

TEST(StoreTest, TwoAppendersOfOneSeriesTakeTurns) {
  const auto store = OpenStore();
  const auto a = store->MakeAppender();
  const auto b = store->MakeAppender();
  const Labels labels{{"a", "1"}};
  ASSERT_TRUE(a->Append(0, labels, 1, 1).has_value());
  ASSERT_TRUE(b->Append(0, labels, 2, 2).has_value());
  ASSERT_TRUE(a->Append(0, labels, 3, 3).has_value());
  ASSERT_TRUE(b->Commit().has_value());
  ASSERT_TRUE(a->Commit().has_value()) << "what has become impossible is left out";
  EXPECT_THAT(ReadSeries(*store, labels).times, ElementsAre(2, 3));
  EXPECT_EQ(store->Stats().refused[static_cast<size_t>(Refusal::kOutOfOrder)], 1U);
}

TEST(StoreTest, ExemplarsAreKeptOnceAndTheOldestGo) {
  const auto store = OpenStore({.exemplars = 3});
  const auto appender = store->MakeAppender();
  const Labels labels{{"__name__", "x_bucket"}, {"le", "1"}};
  const auto exemplar = [](uint8_t id, UnixMillis time) {
    Exemplar made;
    made.id.trace[0] = id;
    made.id.span[0] = id;
    made.value = id;
    made.time = time;
    return made;
  };
  const SeriesRef ref = *appender->Append(0, labels, 1, 1);
  for (uint8_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(appender->AppendExemplar(ref, exemplar(i, i * 10)).has_value());
    ASSERT_TRUE(appender->AppendExemplar(ref, exemplar(i, i * 10)).has_value());
  }
  ASSERT_TRUE(appender->Commit().has_value());
  const auto read = store->Exemplars({}, 0, 40);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].labels, labels);
  EXPECT_THAT(read[0].exemplars, ElementsAre(exemplar(3, 30), exemplar(4, 40)));
  using Selectors = std::vector<std::vector<Matcher>>;
  const std::vector<Matcher> one = MakeMatchers({{Matcher::Type::kEqual, "le", "1"}});
  const std::vector<Matcher> two = MakeMatchers({{Matcher::Type::kEqual, "le", "2"}});
  EXPECT_TRUE(store->Exemplars(Selectors{two}, 0, 100).empty());
  EXPECT_EQ(store->Exemplars(Selectors{two, one, one}, 0, 100).size(), 1U);
}

}  // namespace
}  // namespace sidelight::storage
