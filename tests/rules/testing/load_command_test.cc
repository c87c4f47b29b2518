#include "rules/testing/load_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/float_text.h"
#include "core/model/stale.h"

namespace sidelight::promqltest {
namespace {

// Writes down what it is asked to do; refuses samples at `refused`.
class RecordingAppender final : public storage::Appender {
 public:
  explicit RecordingAppender(UnixMillis refused = -1) : refused_(refused) {}

  Result<storage::SeriesRef> Append(storage::SeriesRef, const Labels& labels, UnixMillis time, double value,
                                    UnixMillis start) override {
    return Note(labels, time, IsStale(value) ? "stale" : FloatText(value), start);
  }
  Result<storage::SeriesRef> AppendHistogram(storage::SeriesRef, const Labels& labels, UnixMillis time,
                                             FloatHistogramPtr histogram, UnixMillis start) override {
    return Note(labels, time, histogram->ToTestText(), start);
  }
  Status AppendExemplar(storage::SeriesRef, const Exemplar&) override { return {}; }
  Status Commit() override {
    log.push_back("commit");
    return {};
  }
  void Rollback() override { log.push_back("rollback"); }

  std::vector<std::string> log;

 private:
  Result<storage::SeriesRef> Note(const Labels& labels, UnixMillis time, const std::string& value,
                                  UnixMillis start) {
    if (time == refused_) return Fail(ErrorCode::kInvalidArgument, "out of order sample");
    log.push_back(std::string(labels.Get("__name__")) + " " + value + "@" + std::to_string(time) +
                  (start != 0 ? " from " + std::to_string(start) : ""));
    return 1;
  }

  UnixMillis refused_;
};

LoadedSeries Series(std::string_view text, std::vector<std::optional<int64_t>> starts = {}) {
  Result<WrittenSeries> written = ParseSeries(text);
  EXPECT_TRUE(written.has_value()) << text;
  return {.labels = written->labels, .values = written->values, .start_offsets = std::move(starts)};
}

TEST(LoadCommand, AppendsInOrderAndCommitsOnce) {
  RecordingAppender appender;
  const Status loaded =
      Load({.step = 1000, .series = {Series("a 1 _ stale"), Series("b {{count:1}} 2")}}, appender);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_THAT(appender.log,
              testing::ElementsAre("a 1@0", "a stale@2000", "b {{count:1}}@0", "b 2@1000", "commit"));
}

TEST(LoadCommand, StartTimestampsAreRelativeToTheirSamples) {
  RecordingAppender appender;
  const LoadedSeries series = Series("a 1 2 3 {{}}", {std::nullopt, -1000, -500, 1});
  ASSERT_TRUE(Load({.step = 1000, .series = {series}}, appender).has_value());
  // A start of 0 says that there is none.
  EXPECT_THAT(appender.log, testing::ElementsAre("a 1@0", "a 2@1000", "a 3@2000 from 1500",
                                                 "a {{}}@3000 from 3001", "commit"));
}

TEST(LoadCommand, AddsConvertedHistograms) {
  RecordingAppender appender;
  ASSERT_TRUE(Load({.step = 1000, .with_nhcb = true, .series = {Series(R"(a_bucket{le="1"} 2)")}}, appender)
                  .has_value());
  EXPECT_THAT(appender.log,
              testing::ElementsAre("a_bucket 2@0",
                                   "a {{schema:-53 count:2 custom_values:[1] buckets:[2 0]}}@0", "commit"));
}

TEST(LoadCommand, WhatIsRefusedTakesAllBack) {
  RecordingAppender appender(1000);
  const Status loaded = Load({.step = 1000, .series = {Series("a 1 2 3")}}, appender);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().message, R"({__name__="a"} at 1000 ms: out of order sample)");
  EXPECT_THAT(appender.log, testing::ElementsAre("a 1@0", "rollback"));
}

}  // namespace
}  // namespace sidelight::promqltest
