#include "core/storage/follower.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/model/stale.h"
#include "core/storage/store.h"

namespace sidelight::storage {
namespace {

// Writes down what it sees: "{__name__="a"} 1000 5 from 500".
class Notes final : public Follower {
 public:
  void OnAppended(std::span<const AppendedSample> samples,
                  std::span<const AppendedExemplar> exemplars) override {
    ++batches;
    for (const AppendedSample& sample : samples) {
      std::string line(sample.labels->Get("__name__"));
      line += " " + std::to_string(sample.time) + " ";
      if (sample.histogram != nullptr) {
        line += sample.histogram->ToString();
      } else {
        line += IsStale(sample.value) ? "stale" : std::to_string(static_cast<int>(sample.value));
      }
      if (sample.start != 0) line += " from " + std::to_string(sample.start);
      lines.push_back(line);
    }
    for (const AppendedExemplar& exemplar : exemplars) {
      lines.push_back(std::string(exemplar.labels->Get("__name__")) + " exemplar " +
                      std::to_string(static_cast<int>(exemplar.exemplar->value)));
    }
  }

  int batches = 0;
  std::vector<std::string> lines;
};

const Labels kA{{"__name__", "a"}};
const Labels kB{{"__name__", "b"}};

FloatHistogramPtr SomeHistogram(double sum) {
  auto histogram = std::make_shared<FloatHistogram>();
  histogram->count = 1;
  histogram->zero_count = 1;
  histogram->zero_threshold = 0.001;
  histogram->sum = sum;
  return histogram;
}

class FollowerTest : public testing::Test {
 protected:
  FollowerTest() : store_(*Store::Open({})) { store_->Follow(&notes_); }
  ~FollowerTest() override { store_->Unfollow(&notes_); }

  Notes notes_;
  std::unique_ptr<Store> store_;
};

TEST_F(FollowerTest, SeesWhatWasTaken) {
  const auto appender = store_->MakeAppender();
  EXPECT_TRUE(appender->Append(0, kA, 1000, 5));
  EXPECT_TRUE(appender->AppendHistogram(0, kB, 1000, SomeHistogram(2)));
  EXPECT_FALSE(appender->Append(0, kA, 900, 4)) << "out of order";
  EXPECT_TRUE(appender->Append(0, kA, 1000, 5)) << "a repetition";
  EXPECT_EQ(notes_.batches, 0) << "nothing is committed";
  EXPECT_TRUE(appender->Commit());
  EXPECT_EQ(notes_.lines, (std::vector<std::string>{"a 1000 5", "b 1000 " + SomeHistogram(2)->ToString()}));
  EXPECT_EQ(notes_.batches, 1);
}

TEST_F(FollowerTest, SeesEnds) {
  const auto appender = store_->MakeAppender();
  EXPECT_TRUE(appender->AppendHistogram(0, kB, 1000, SomeHistogram(2)));
  EXPECT_TRUE(appender->Append(0, kA, 1000, 5));
  EXPECT_TRUE(appender->Commit());
  notes_.lines.clear();
  EXPECT_TRUE(appender->Append(0, kA, 2000, StaleNan()));
  EXPECT_TRUE(appender->AppendHistogram(0, kB, 2000, SomeHistogram(StaleNan())));
  EXPECT_TRUE(appender->Commit());
  EXPECT_EQ(notes_.lines, (std::vector<std::string>{"a 2000 stale", "b 2000 stale"}));
}

TEST_F(FollowerTest, SeesStartsAndTheZeroBeforeTheFirstStep) {
  const auto appender = store_->MakeAppender();
  EXPECT_TRUE(appender->Append(0, kA, 2000, 5, 1000));
  EXPECT_TRUE(appender->Commit());
  EXPECT_EQ(notes_.lines, (std::vector<std::string>{"a 1000 0 from 1000", "a 2000 5 from 1000"}));
}

TEST_F(FollowerTest, SeesExemplars) {
  const auto appender = store_->MakeAppender();
  const Result<SeriesRef> ref = appender->Append(0, kA, 1000, 5);
  Exemplar exemplar{.id = {}, .value = 7, .time = 999};
  exemplar.id.trace.fill(1);
  exemplar.id.span.fill(2);
  EXPECT_TRUE(appender->AppendExemplar(*ref, exemplar));
  EXPECT_TRUE(appender->Commit());
  EXPECT_EQ(notes_.lines, (std::vector<std::string>{"a 1000 5", "a exemplar 7"}));
}

TEST_F(FollowerTest, SeesNothingOfWhatWasGivenUpNorAfterItHasGone) {
  const auto appender = store_->MakeAppender();
  EXPECT_TRUE(appender->Append(0, kA, 1000, 5));
  appender->Rollback();
  EXPECT_TRUE(appender->Commit());
  store_->Unfollow(&notes_);
  EXPECT_TRUE(appender->Append(0, kA, 2000, 5));
  EXPECT_TRUE(appender->Commit());
  EXPECT_EQ(notes_.batches, 0);
}

}  // namespace
}  // namespace sidelight::storage
