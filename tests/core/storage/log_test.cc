// The log: what survives, and what happens when the disk or its bytes are not as they should be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/crc32c.h"
#include "core/model/stale.h"
#include "core/storage/log_format.h"
#include "core/storage/store.h"
#include "tests/core/storage/memory_files.h"
#include "tests/core/storage/store_reading.h"
#include "tests/support/fake_clock.h"

namespace sidelight::storage {
namespace {

using ::testing::ElementsAre;

const Labels kA{{"__name__", "a"}};
const Labels kB{{"__name__", "b"}, {"job", "x"}};

class LogTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> Open(StoreOptions options = {}) {
    options.path = "data";
    options.clock = &clock_;
    options.files = files_;
    return OpenStore(std::move(options));
  }
  // One commit of both series at each of these times.
  static void Append(Store& store, std::initializer_list<UnixMillis> times) {
    const auto appender = store.MakeAppender();
    for (const UnixMillis time : times) {
      ASSERT_TRUE(appender->Append(0, kA, time, static_cast<double>(time)).has_value());
      ASSERT_TRUE(appender->Append(0, kB, time, 0.5).has_value());
      ASSERT_TRUE(appender->Commit().has_value());
    }
  }
  std::vector<UnixMillis> TimesAfterRestart() { return ReadSeries(*Open(), kA).times; }
  std::string& Segment(int number) {
    return files_->contents.at("data/samples-000000000" + std::to_string(number) + ".log");
  }
  bool Has(const std::string& name) const { return files_->contents.contains("data/" + name); }

  FakeClock clock_;
  const std::shared_ptr<MemoryFiles> files_ = std::make_shared<MemoryFiles>();
};

TEST_F(LogTest, EverythingComesBack) {
  Exemplar exemplar{.value = 7, .time = 15};
  exemplar.id.trace[3] = 9;
  {
    const auto store = Open();
    Append(*store, {10, 20, 30});
    const auto appender = store->MakeAppender();
    const SeriesRef ref = *appender->Append(0, kA, 40, StaleNan(), 5);
    ASSERT_TRUE(appender->AppendExemplar(ref, exemplar).has_value());
    ASSERT_TRUE(
        appender->AppendHistogram(0, Labels{{"h", "1"}}, 40, MakeHistogram({1, 2.5}, CounterReset::kGauge)));
    ASSERT_TRUE(
        appender->AppendHistogram(0, Labels{{"h", "1"}}, 41, MakeHistogram({1, 3}, CounterReset::kReset), 6));
    ASSERT_TRUE(appender->Commit().has_value());
    EXPECT_EQ(store->Stats().log_state, LogState::kWriting);
    EXPECT_EQ(store->Stats().log_bytes, files_->used());
  }
  for (int round = 0; round < 3; ++round) {
    const auto store = Open();
    EXPECT_THAT(ReadSeries(*store, kA).times, ElementsAre(10, 20, 30, 40));
    EXPECT_THAT(ReadSeries(*store, kA).starts, ElementsAre(0, 0, 0, 5));
    EXPECT_TRUE(IsStale(ReadSeries(*store, kA).values.back()));
    EXPECT_THAT(ReadSeries(*store, kB).values, ElementsAre(0.5, 0.5, 0.5));
    const Samples histograms = ReadSeries(*store, Labels{{"h", "1"}});
    ASSERT_EQ(histograms.histograms.size(), 2U);
    EXPECT_TRUE(histograms.histograms[0]->Equals(*MakeHistogram({1, 2.5})));
    EXPECT_EQ(histograms.histograms[0]->counter_reset, CounterReset::kGauge);
    EXPECT_EQ(histograms.histograms[1]->counter_reset, CounterReset::kUnknown);
    ASSERT_EQ(store->Exemplars({}, 0, 100).size(), 1U);
    EXPECT_THAT(store->Exemplars({}, 0, 100)[0].exemplars, ElementsAre(exemplar));
    EXPECT_EQ(store->Stats().replayed, 9U);
    EXPECT_EQ(store->Stats().refused[static_cast<size_t>(Refusal::kOutOfOrder)], 0U);
  }
}

TEST_F(LogTest, ATornTailIsCutWhereverItBreaks) {
  { Append(*Open(), {10, 20, 30}); }
  const std::string whole = Segment(1);
  for (size_t size = 0; size < whole.size(); ++size) {
    files_->contents.clear();
    files_->contents["data/samples-0000000001.log"] = whole.substr(0, size);
    const auto store = Open();
    const StoreStats stats = store->Stats();
    EXPECT_EQ(stats.log_set_aside, 0U) << size;
    const std::vector<UnixMillis> times = ReadSeries(*store, kA).times;
    const std::vector<UnixMillis> all{10, 20, 30};
    ASSERT_LE(times.size(), 2U) << size;
    EXPECT_TRUE(std::equal(times.begin(), times.end(), all.begin())) << size;
    EXPECT_EQ(ReadSeries(*store, kB).times, times) << "a commit comes back whole or not at all, at " << size;
  }
  files_->contents.clear();
  files_->contents["data/samples-0000000001.log"] = whole.substr(0, whole.size() - 1);
  { EXPECT_EQ(Open()->Stats().log_torn, 1U); }
  EXPECT_EQ(Open()->Stats().log_torn, 0U);
  EXPECT_THAT(TimesAfterRestart(), ElementsAre(10, 20));
  files_->contents["data/samples-0000000001.log"] = whole + std::string(4096, '\0');
  EXPECT_EQ(Open()->Stats().log_torn, 1U) << "an end that was never written may come back as zeros";
  EXPECT_EQ(Segment(1), whole);
}

TEST_F(LogTest, ACorruptSegmentIsSetAsideAndItsSoundPartKept) {
  { Append(*Open(), {10, 20, 30}); }
  const size_t first_two = [&] {
    const auto other = std::make_shared<MemoryFiles>();
    const auto store = OpenStore({.path = "data", .clock = &clock_, .files = other});
    Append(*store, {10, 20});
    return other->used();
  }();
  { Append(*Open(), {40}); }
  Segment(1)[first_two - 3] ^= 1;  // within the second record
  const auto store = Open();
  EXPECT_THAT(ReadSeries(*store, kA).times, ElementsAre(10, 40)) << "later segments are read all the same";
  EXPECT_EQ(store->Stats().log_set_aside, 1U);
  EXPECT_TRUE(Has("samples-0000000001.log.corrupt"));
}

TEST_F(LogTest, AFolderInUseIsLeftAlone) {
  auto first = Open();
  Append(*first, {10});
  const auto second = Open();
  Append(*second, {20});
  EXPECT_EQ(second->Stats().log_state, LogState::kFailing);
  EXPECT_THAT(ReadSeries(*second, kA).times, ElementsAre(20)) << "in memory only";
  EXPECT_EQ(files_->contents.size(), 1U);
  // When the other has gone, this one writes there, behind what the other has left.
  first = nullptr;
  clock_.Advance(std::chrono::seconds(11));
  Append(*second, {30});
  EXPECT_EQ(second->Stats().log_state, LogState::kWriting);
  second->Close();
  EXPECT_THAT(TimesAfterRestart(), ElementsAre(10, 30));
}

TEST_F(LogTest, WhatSurvivesACorruptSegmentSurvivesTheNextStartToo) {
  { Append(*Open(), {10, 20, 30}); }
  Segment(1)[kLogHeaderSize + 60] ^= 0x40;
  size_t kept = 0;
  { kept = ReadStore(*Open()).size(); }
  const auto store = Open();
  EXPECT_EQ(ReadStore(*store).size(), kept);
  EXPECT_EQ(store->Stats().log_set_aside, 0U);
}

TEST_F(LogTest, WhatIsNoneOfOursIsSetAside) {
  struct Case {
    std::string bytes;
    std::string name;
  };
  std::string newer = LogHeader();
  newer[8] = 2;
  const uint32_t crc = Crc32c(std::string_view(newer).substr(0, 12));
  for (int i = 0; i < 4; ++i) newer[12 + static_cast<size_t>(i)] = static_cast<char>(crc >> (8 * i));
  for (const auto& [bytes, name] :
       {Case{"a text that somebody left here", "corrupt"}, Case{newer + "xyz", "newer"}}) {
    files_->contents.clear();
    files_->contents["data/samples-0000000005.log"] = bytes;
    files_->contents["data/notes.txt"] = "not ours";
    const auto store = Open();
    EXPECT_EQ(store->Stats().log_set_aside, 1U);
    EXPECT_EQ(files_->contents.at("data/samples-0000000005.log." + name), bytes);
    EXPECT_TRUE(Has("notes.txt"));
    Append(*store, {1});
    EXPECT_TRUE(Has("samples-0000000006.log")) << "the new one does not take the old one's name";
  }
}

TEST_F(LogTest, AFullDiskIsSaidOnceAndTheStoreGoesOn) {
  {
    const auto store = Open();
    Append(*store, {10});
    files_->room = 20;  // breaks off in the middle of a record
    Append(*store, {20});
    EXPECT_EQ(store->Stats().log_state, LogState::kFailing);
    EXPECT_EQ(store->Stats().log_lost, 2U);
    files_->room = 0;
    for (UnixMillis time = 30; time < 60; time += 10) {
      clock_.Advance(std::chrono::seconds(11));
      Append(*store, {time});
      store->Maintain(time);
    }
    EXPECT_EQ(store->Stats().log_state, LogState::kFailing);
    EXPECT_THAT(ReadSeries(*store, kA).times, ElementsAre(10, 20, 30, 40, 50));
    files_->room = SIZE_MAX;
    Append(*store, {60});  // too early for another try
    EXPECT_EQ(store->Stats().log_state, LogState::kFailing);
    clock_.Advance(std::chrono::seconds(11));
    Append(*store, {70, 80});
    EXPECT_EQ(store->Stats().log_state, LogState::kWriting);
    EXPECT_EQ(store->Stats().log_lost, 10U);
  }
  const auto store = Open();
  EXPECT_THAT(ReadSeries(*store, kA).times, ElementsAre(10, 70, 80));
  EXPECT_EQ(store->Stats().log_torn, 0U) << "the half record was cut when it failed";
}

TEST_F(LogTest, AHalfRecordThatCouldNotBeCutIsCutAtTheStart) {
  {
    const auto store = Open();
    Append(*store, {10});
    files_->room = 20;
    files_->refuse_truncate = true;
    Append(*store, {20});
    files_->room = SIZE_MAX;
    files_->refuse_truncate = false;
    clock_.Advance(std::chrono::seconds(11));
    Append(*store, {30});
  }
  EXPECT_THAT(TimesAfterRestart(), ElementsAre(10, 30));
}

TEST_F(LogTest, AFolderThatCannotBeMadeIsTriedAgain) {
  files_->refuse_folder = true;
  const auto store = Open();
  EXPECT_EQ(store->Stats().log_state, LogState::kFailing);
  Append(*store, {10});
  files_->refuse_folder = false;
  clock_.Advance(std::chrono::seconds(11));
  Append(*store, {20});
  EXPECT_EQ(store->Stats().log_state, LogState::kWriting);
  EXPECT_THAT(ReadSeries(*store, kA).times, ElementsAre(10, 20));
}

TEST_F(LogTest, SegmentsGoWhenTheirSamplesHaveGone) {
  const auto store = Open({.retention = std::chrono::hours(1)});
  const auto appender = store->MakeAppender();
  size_t most = 0;
  for (int i = 0; i < 4 * 360; ++i) {
    ASSERT_TRUE(appender->Append(0, kA, store->Now(), i).has_value());
    ASSERT_TRUE(appender->Commit().has_value());
    store->Maintain(store->Now());
    most = std::max(most, store->Stats().log_segments);
    clock_.Advance(std::chrono::seconds(10));
  }
  EXPECT_GE(most, 8U);
  EXPECT_LE(most, 11U);
  EXPECT_EQ(store->Stats().log_segments, files_->contents.size());
  EXPECT_EQ(store->Stats().log_errors, 0U);
}

TEST_F(LogTest, WhatTheBudgetKeptIsThereAfterAStart) {
  std::map<Labels, Samples> before;
  {
    const auto store = Open({.memory = 64 << 10});
    const auto appender = store->MakeAppender();
    for (int i = 0; i < 20'000; ++i) {
      for (int s = 0; s < 10; ++s) {
        // A slow series has an old beginning in a chunk that is still being written.
        if (s == 0 && i % 100 != 0) continue;
        ASSERT_TRUE(
            appender->Append(0, Labels{{"s", std::to_string(s)}}, store->Now(), i * 7919 % 10007 + 0.5));
      }
      ASSERT_TRUE(appender->Commit().has_value());
      clock_.Advance(std::chrono::seconds(1));
      if (i % 50 == 0) store->Maintain(store->Now());
    }
    EXPECT_GT(store->Stats().dropped_by_budget, 0U);
    before = ReadStore(*store);
  }
  const auto after = ReadStore(*Open());
  for (const auto& [labels, samples] : before) {
    const std::vector<UnixMillis>& times = after.at(labels).times;
    EXPECT_TRUE(std::includes(times.begin(), times.end(), samples.times.begin(), samples.times.end()))
        << labels.ToString();
  }
}

TEST_F(LogTest, ReplayKeepsRetentionAndBudget) {
  {
    const auto store = Open();
    const auto appender = store->MakeAppender();
    const UnixMillis start = store->Now();
    for (int i = 0; i < 3000; ++i) {
      for (int s = 0; s < 20; ++s) {
        ASSERT_TRUE(
            appender->Append(0, Labels{{"s", std::to_string(s)}}, start + i * 1000, i * 7919 % 10007 + 0.5));
      }
      ASSERT_TRUE(appender->Commit().has_value());
    }
  }
  clock_.Advance(std::chrono::seconds(3000));
  {
    const auto store = Open({.memory = 128 << 10});
    EXPECT_LE(store->Stats().bytes, size_t{128 << 10});
    EXPECT_GT(store->Stats().dropped_by_budget, 0U);
    EXPECT_EQ(ReadStore(*store).size(), 20U);
  }
  const auto store = Open({.retention = std::chrono::minutes(10)});
  for (const auto& [labels, samples] : ReadStore(*store)) {
    EXPECT_GE(samples.times.front(), store->Now() - 780'000);
    EXPECT_EQ(samples.times.back(), store->Now() - 1000);
  }
}

TEST_F(LogTest, TheClockBehindTheLogDoesNotStopTheStore) {
  UnixMillis newest = 0;
  {
    const auto store = Open();
    newest = store->Now();
    Append(*store, {newest});
  }
  clock_.StepWall(-3'600'000);
  const auto store = Open({.retention = std::chrono::minutes(10)});
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(store->Now(), newest + 1000);
  Append(*store, {store->Now()});
  EXPECT_EQ(ReadSeries(*store, kA).times.size(), 2U);
}

TEST_F(LogTest, CloseBringsItToTheDisk) {
  const auto store = Open();
  Append(*store, {10});
  EXPECT_EQ(files_->syncs, 0);
  store->Close();
  EXPECT_EQ(files_->syncs, 1);
  EXPECT_FALSE(files_->locked);
}

}  // namespace
}  // namespace sidelight::storage
