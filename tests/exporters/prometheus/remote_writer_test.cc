#include "exporters/prometheus/remote_write/remote_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "core/model/stale.h"
#include "core/wire/remote_write/decode.h"
#include "tests/exporters/prometheus/fake_receiver.h"

namespace sidelight::remote_write {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RemoteWriterTest : public testing::Test {
 protected:
  RemoteWriterTest() : store_(*storage::Store::Open({})), appender_(store_->MakeAppender()) {
    folder_ = testing::TempDir() + fmt::format("/remote_writer_{}", ::getpid());
    std::filesystem::remove_all(folder_);
    OpenQueue();
    options_.destination.url = *http::Url::Parse(receiver_.url());
    options_.destination.name = receiver_.url();
    options_.destination.send_metadata = false;
    options_.destination.max_samples_per_send = 10;
    options_.destination.batch_send_deadline = milliseconds(50);
    options_.destination.min_backoff = milliseconds(1);
    options_.destination.max_backoff = milliseconds(20);
    options_.external_labels = Labels{{"cluster", "eu"}};
    options_.user_agent = "sidelight/test";
  }
  ~RemoteWriterTest() override {
    writer_.reset();
    queue_.reset();
    std::filesystem::remove_all(folder_);
  }

  void OpenQueue() {
    self_ = std::make_unique<metrics::Self>();
    queue_ = delivery::Queue::Open({.folder = folder_}, *self_);
  }
  void Start() {
    auto writer = RemoteWriter::Start(
        options_, *store_, [] { return std::make_shared<const Snapshot>(); }, *queue_, *self_, SystemClock());
    ASSERT_TRUE(writer) << writer.error().message;
    writer_ = *std::move(writer);
  }
  void Stop(Duration within) {
    const TimePoint deadline = SystemClock().Now() + within;
    writer_->BeginStop(deadline);
    writer_->AwaitStop(deadline);
    writer_.reset();
  }
  // The next sample, number `value`, of all of these series.
  void Append(int series, double value) {
    for (int i = 0; i < series; ++i) {
      const Labels labels{{"__name__", fmt::format("n{}", i)}};
      EXPECT_TRUE(appender_->Append(0, labels, time_ + static_cast<int64_t>(value) * 1000, value));
    }
    EXPECT_TRUE(appender_->Commit());
  }
  // What the receiver has taken (answered 2xx): the values of each series, in the order in which they came.
  std::map<std::string, std::vector<double>> Taken() {
    std::map<std::string, std::vector<double>> taken;
    const std::lock_guard lock(mutex_);
    for (const Received& request : taken_) {
      const Result<Write1> write = Decode1(request.body);
      EXPECT_TRUE(write);
      for (const Series& series : write->series) {
        EXPECT_EQ(series.labels.Get("cluster"), "eu");
        for (const Sample& sample : series.samples) {
          taken[std::string(series.labels.Get("__name__"))].push_back(sample.value);
        }
      }
    }
    return taken;
  }
  void Answer(std::function<int(size_t)> status) {
    receiver_.Set([this, status](const Received& request, size_t number) -> FakeReceiver::Answer {
      const int answer = status(number);
      const std::lock_guard lock(mutex_);
      if (answer / 100 == 2) taken_.push_back(request);
      return {.status = answer};
    });
  }
  bool AwaitSamples(size_t count) {
    const TimePoint deadline = SystemClock().Now() + seconds(60);
    while (SystemClock().Now() < deadline) {
      size_t samples = 0;
      for (const auto& [name, values] : Taken()) samples += values.size();
      if (samples >= count) return true;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }
  uint64_t Waits() {
    uint64_t points = 0;
    for (const delivery::Waiting& waiting : queue_->Stats()) points += waiting.points;
    return points;
  }
  void ExpectAllOnce(int series, int samples) {
    std::vector<double> wanted;
    for (int i = 0; i < samples; ++i) wanted.push_back(i);
    const auto taken = Taken();
    EXPECT_EQ(taken.size(), static_cast<size_t>(series));
    for (const auto& [name, values] : taken) EXPECT_EQ(values, wanted) << name;
  }

  // What is older than a day is not delivered.
  const UnixMillis time_ = SystemClock().UnixNow() - 100'000;
  std::string folder_;
  std::mutex mutex_;
  std::vector<Received> taken_;
  FakeReceiver receiver_;
  std::unique_ptr<metrics::Self> self_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Appender> appender_;
  std::unique_ptr<delivery::Queue> queue_;
  RemoteWriter::Options options_;
  std::unique_ptr<RemoteWriter> writer_;
};

TEST_F(RemoteWriterTest, WhatIsAppendedArrivesInOrder) {
  Answer([](size_t) { return 204; });
  Start();
  for (int i = 0; i < 20; ++i) Append(7, i);
  EXPECT_TRUE(AwaitSamples(140));
  Stop(seconds(60));
  ExpectAllOnce(7, 20);
  Append(7, 20);
  EXPECT_EQ(Waits(), 0u);
}

TEST_F(RemoteWriterTest, AFewSamplesGoAtTheDeadline) {
  Answer([](size_t) { return 204; });
  Start();
  Append(1, 0);
  EXPECT_TRUE(AwaitSamples(1));
}

TEST_F(RemoteWriterTest, StoppingSendsTheRest) {
  Answer([](size_t) { return 204; });
  options_.destination.batch_send_deadline = std::chrono::hours(1);
  Start();
  Append(3, 0);
  Stop(seconds(60));
  ExpectAllOnce(3, 1);
}

TEST_F(RemoteWriterTest, FailuresAreTriedAgainInOrder) {
  Answer([](size_t number) { return number % 3 == 1 ? 503 : number % 3 == 2 ? 429 : 200; });
  Start();
  for (int i = 0; i < 10; ++i) Append(8, i);
  EXPECT_TRUE(AwaitSamples(80));
  Stop(seconds(60));
  ExpectAllOnce(8, 10);
}

TEST_F(RemoteWriterTest, ARestartDeliversWhatWasQueued) {
  Answer([](size_t) { return 503; });
  Start();
  for (int i = 0; i < 10; ++i) Append(5, i);
  EXPECT_TRUE(receiver_.Await(1));
  Stop(milliseconds(50));
  EXPECT_EQ(Waits(), 50u);
  queue_.reset();
  OpenQueue();
  Answer([](size_t) { return 204; });
  // With another number of shards: what is old goes first.
  options_.destination.shards = 2;
  Start();
  for (int i = 10; i < 15; ++i) Append(5, i);
  EXPECT_TRUE(AwaitSamples(75));
  ExpectAllOnce(5, 15);
}

TEST_F(RemoteWriterTest, WhatIsRefusedIsCountedAndTheRestGoesOn) {
  Answer([](size_t number) { return number == 0 ? 400 : 204; });
  options_.destination.shards = 1;
  Start();
  for (int i = 0; i < 4; ++i) Append(10, i);
  EXPECT_TRUE(AwaitSamples(30));
  Stop(seconds(60));
  size_t taken = 0;
  for (const auto& [name, values] : Taken()) taken += values.size();
  EXPECT_EQ(taken, 30u);
  double dropped = 0;
  for (const MetricFamily& family : self_->Collect()) {
    if (family.name != "sidelight_export_points_dropped_total") continue;
    for (const Metric& metric : family.metrics) dropped += metric.value;
  }
  EXPECT_EQ(dropped, 10);
}

TEST_F(RemoteWriterTest, OtherSettingsLeaveNoGap) {
  Answer([](size_t) { return 204; });
  Start();
  for (int i = 0; i < 40; ++i) {
    Append(6, i);
    if (i % 10 != 5) continue;
    options_.destination.max_samples_per_send = 3 + i;
    options_.destination.shards = 1 + i % 3;
    writer_->Update(options_);
  }
  EXPECT_TRUE(AwaitSamples(240));
  Stop(seconds(60));
  ExpectAllOnce(6, 40);
}

TEST_F(RemoteWriterTest, OtherSettingsCount) {
  Answer([](size_t) { return 503; });
  Start();
  Append(2, 0);
  EXPECT_TRUE(receiver_.Await(3));
  Answer([](size_t) { return 204; });
  relabel::Rule drop{.action = relabel::Action::kDrop, .source_labels = {"__name__"}, .regex = "n1"};
  ASSERT_TRUE(drop.Compile());
  options_.destination.write_relabel_configs = {drop};
  options_.destination.client.headers = {{"X-Key", {.value = Secret("new"), .file = ""}}};
  writer_->Update(options_);
  EXPECT_TRUE(AwaitSamples(2)) << "what waited is sent";
  Append(2, 1);
  EXPECT_TRUE(AwaitSamples(3));
  Stop(seconds(60));
  EXPECT_EQ(Taken()["n0"], (std::vector<double>{0, 1}));
  EXPECT_EQ(Taken()["n1"], (std::vector<double>{0}));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(taken_.back().Header("X-Key"), "new");
}

TEST_F(RemoteWriterTest, OneThatHasNotBegunFollowsNothing) {
  Answer([](size_t) { return 204; });
  const auto prepare = [&] {
    return RemoteWriter::Prepare(
        options_, *store_, [] { return std::make_shared<const Snapshot>(); }, *queue_, *self_, SystemClock());
  };
  {
    const auto writer = prepare();
    ASSERT_TRUE(writer) << writer.error().message;
    Append(3, 0);
  }
  EXPECT_EQ(Waits(), 0u);
  auto writer = prepare();
  ASSERT_TRUE(writer) << writer.error().message;
  writer_ = *std::move(writer);
  Append(3, 1);
  writer_->Begin();
  Append(3, 2);
  EXPECT_TRUE(AwaitSamples(3));
  Stop(seconds(60));
  for (const auto& [name, values] : Taken()) EXPECT_EQ(values, (std::vector<double>{2})) << name;
}

TEST_F(RemoteWriterTest, MetadataDoesNotFillTheQueueOfAnOutage) {
  Answer([](size_t) { return 503; });
  options_.destination.send_metadata = true;
  options_.destination.metadata_interval = milliseconds(1);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->families = {{.name = "n0", .help = "N."}};
  auto writer = RemoteWriter::Start(
      options_, *store_, [snapshot] { return snapshot; }, *queue_, *self_, SystemClock());
  ASSERT_TRUE(writer);
  writer_ = *std::move(writer);
  Append(1, 0);
  EXPECT_TRUE(receiver_.Await(3));
  const auto entries = [&] {
    uint64_t count = 0;
    for (const delivery::Waiting& waiting : queue_->Stats()) count += waiting.entries;
    return count;
  };
  const uint64_t before = entries();
  // The deadline makes a request of each.
  for (int i = 1; i <= 5; ++i) {
    Append(1, i);
    const TimePoint deadline = SystemClock().Now() + seconds(60);
    while (Waits() < static_cast<uint64_t>(i + 1) && SystemClock().Now() < deadline) {
      std::this_thread::sleep_for(milliseconds(2));
    }
  }
  EXPECT_LE(entries(), before + 6);
}

TEST_F(RemoteWriterTest, OneDestinationOnce) {
  Start();
  auto second = RemoteWriter::Start(
      options_, *store_, [] { return std::make_shared<const Snapshot>(); }, *queue_, *self_, SystemClock());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInvalidArgument);
  Append(1, 0);  // nobody follows who is gone
}

}  // namespace
}  // namespace sidelight::remote_write
