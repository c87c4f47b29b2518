// The queue without threads, on a clock that moves when told to.
#include "exporters/delivery/backlog.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/exporters/delivery/drops.h"

namespace sidelight::delivery {
namespace {

using namespace std::chrono_literals;

class BacklogTest : public testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<Backlog> Open(QueueOptions options = {}) {
    options.folder = GetParam() ? folder_.path() : "";
    options.clock = &clock_;
    return std::make_unique<Backlog>(options, drops_.Record());
  }
  Kept Stored() const { return GetParam() ? Kept::kDurable : Kept::kMemory; }

  const Folder folder_;
  FakeClock clock_;
  Drops drops_;
};

INSTANTIATE_TEST_SUITE_P(Where, BacklogTest, testing::Bool(),
                         [](const auto& param) { return param.param ? "OnDisk" : "InMemory"; });

TEST_P(BacklogTest, FirstInFirstOut) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  EXPECT_FALSE(backlog->HasNext(kOtlp, 0));
  for (const char* body : {"a", "b", "c"}) EXPECT_EQ(backlog->Push(kOtlp, Of(body, clock_)), Stored());
  EXPECT_EQ(backlog->Push(kWrite, Of("other", clock_)), Stored());
  EXPECT_EQ(Drain(*backlog, kOtlp), "a b c");
  EXPECT_FALSE(backlog->HasNext(kOtlp, 0));
  EXPECT_EQ(drops_.Text(), "");
}

TEST_P(BacklogTest, AnEmptyBodyAndOneWithZeros) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  const std::string zeros("a\0b\0", 4);
  EXPECT_EQ(backlog->Push(kOtlp, Of("", clock_)), Stored());
  EXPECT_EQ(backlog->Push(kOtlp, Of(zeros, clock_)), Stored());
  for (const std::string& wanted : {std::string(), zeros}) {
    const auto entry = backlog->Next(kOtlp, 0);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->request.body, wanted);
    EXPECT_EQ(entry->request.points, 100U);
    EXPECT_EQ(entry->request.time, clock_.UnixNow());
    backlog->Done(entry->id);
  }
}

TEST_P(BacklogTest, OneAtATimeOfALane) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 2));
  backlog->Push(kOtlp, Of("a0", clock_, 0));
  backlog->Push(kOtlp, Of("b0", clock_, 0));
  backlog->Push(kOtlp, Of("a1", clock_, 1));
  const auto first = backlog->Next(kOtlp, 0);
  ASSERT_TRUE(first);
  EXPECT_FALSE(backlog->Next(kOtlp, 0)) << "before it is known what became of the one before";
  EXPECT_EQ(Drain(*backlog, kOtlp, 1), "a1") << "lanes do not wait for each other";
  backlog->Retry(first->id);
  const auto again = backlog->Next(kOtlp, 0);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->request.body, "a0");
  EXPECT_EQ(first->attempts, 0U);
  EXPECT_EQ(again->attempts, 1U);
  backlog->Drop(again->id, DropReason::kRejected);
  EXPECT_EQ(Drain(*backlog, kOtlp, 0), "b0");
  EXPECT_EQ(drops_.Text(), "otlp rejected 1/100");
}

TEST_P(BacklogTest, ALaneThatThereIsNot) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 3));
  backlog->Push(kOtlp, Of("a", clock_, 7));
  EXPECT_FALSE(backlog->HasNext(kOtlp, 7));
  EXPECT_EQ(Drain(*backlog, kOtlp, 1), "a");
}

TEST_P(BacklogTest, AttendedOnce) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  const Status again = backlog->Attend(kOtlp, 1);
  ASSERT_FALSE(again);
  EXPECT_EQ(
      again.error().message,
      "two destinations of otlp are called http://collector:4318/v1/metrics: give each a name of its own");
  EXPECT_FALSE(backlog->Attend(kWrite, 0));
  EXPECT_FALSE(backlog->Attend(kWrite, 1025));
  backlog->Leave(kOtlp);
  EXPECT_TRUE(backlog->Attend(kOtlp, 1));
}

TEST_P(BacklogTest, WhatWasUnderWayIsNextAfterLeaving) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  backlog->Push(kOtlp, Of("a", clock_));
  backlog->Push(kOtlp, Of("b", clock_));
  const auto cut_off = backlog->Next(kOtlp, 0);
  ASSERT_TRUE(cut_off);
  backlog->Leave(kOtlp);
  backlog->Done(cut_off->id);  // nobody knows of it any more
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  EXPECT_EQ(Drain(*backlog, kOtlp), "a b");
}

TEST_P(BacklogTest, OldOnesGoBeforeNewOnesWhenTheLanesChange) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kWrite, 4));
  for (uint32_t lane = 0; lane < 4; ++lane) {
    backlog->Push(kWrite, Of("a" + std::to_string(lane), clock_, lane));
    backlog->Push(kWrite, Of("b" + std::to_string(lane), clock_, lane));
  }
  backlog->Leave(kWrite);
  ASSERT_TRUE(backlog->Attend(kWrite, 2));
  backlog->Push(kWrite, Of("new0", clock_, 0));
  backlog->Push(kWrite, Of("new1", clock_, 1));
  EXPECT_EQ(Drain(*backlog, kWrite, 0), "a0 b0 a2 b2") << "the new one waits for the other lane's old ones";
  EXPECT_EQ(Drain(*backlog, kWrite, 1), "a1 b1 a3 b3 new1");
  EXPECT_EQ(Drain(*backlog, kWrite, 0), "new0");
}

TEST_P(BacklogTest, TooLarge) {
  const auto backlog = Open({.max_bytes = 8 << 20, .max_memory_bytes = 8 << 20});
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  EXPECT_EQ(backlog->Push(kOtlp, Of(std::string((2 << 20) + 1, 'x'), clock_)), Kept::kDropped);
  EXPECT_EQ(drops_.Text(), "otlp too_large 1/100");
  const std::string largest = Body(1, 2 << 20);
  EXPECT_EQ(backlog->Push(kOtlp, Of(largest, clock_)), Stored());
  const auto entry = backlog->Next(kOtlp, 0);
  ASSERT_TRUE(entry);
  EXPECT_TRUE(entry->request.body == largest);
}

TEST_P(BacklogTest, TheOldestMakeRoom) {
  const auto backlog = Open({.max_bytes = 8 << 20, .max_memory_bytes = 4 << 20});
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  ASSERT_TRUE(backlog->Attend(kWrite, 1));
  constexpr int kPushed = 2000;
  for (int i = 0; i < kPushed; ++i) {
    ASSERT_EQ(backlog->Push(i % 2 == 0 ? kOtlp : kWrite, Of(Body(i, 10'000), clock_)), Stored());
  }
  const std::vector<Waiting> waiting = backlog->Stats();
  ASSERT_EQ(waiting.size(), 2U);
  const uint64_t left = waiting[0].entries + waiting[1].entries;
  EXPECT_EQ(left + drops_.Requests(), uint64_t{kPushed});
  EXPECT_GE(left, 300U);
  EXPECT_LE(waiting[0].bytes + waiting[1].bytes, GetParam() ? 8U << 20 : 4U << 20);
  EXPECT_LE(
      std::max(waiting[0].entries, waiting[1].entries) - std::min(waiting[0].entries, waiting[1].entries), 1U)
      << "both go back as far";
  const auto next = backlog->Next(waiting[0].destination, 0);
  ASSERT_TRUE(next);
  EXPECT_GE(std::stoul(next->request.body), kPushed - left - 1) << "the newest are there";
  EXPECT_TRUE(drops_.Text().starts_with("otlp overflow")) << drops_.Text();
}

TEST_P(BacklogTest, WhatIsUnderWayIsNotDropped) {
  const auto backlog = Open({.max_bytes = 8 << 20, .max_memory_bytes = 4 << 20});
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  backlog->Push(kOtlp, Of("first", clock_));
  const auto first = backlog->Next(kOtlp, 0);
  ASSERT_TRUE(first);
  for (int i = 0; i < 1000; ++i) backlog->Push(kOtlp, Of(Body(i, 10'000), clock_));
  EXPECT_GT(drops_.Requests(), 0U);
  backlog->Retry(first->id);
  EXPECT_EQ(backlog->Next(kOtlp, 0)->request.body, "first");
}

TEST_P(BacklogTest, ManySmallOnesCostNoMoreMemory) {
  const auto backlog = Open({.max_bytes = 8 << 20, .max_memory_bytes = 8 << 20});
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  for (int i = 0; i < 9000; ++i) backlog->Push(kOtlp, Of("x", clock_));
  EXPECT_LE(backlog->Stats()[0].entries, 8192U);
  EXPECT_GE(backlog->Stats()[0].entries, 7500U);
}

TEST_P(BacklogTest, TheTooOldAreDropped) {
  const auto backlog = Open({.max_age = 1h});
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  backlog->Push(kOtlp, Of("a", clock_));
  backlog->Push(kWrite, Of("nobody's", clock_));
  clock_.Advance(30min);
  backlog->Push(kOtlp, Of("b", clock_));
  clock_.Advance(30min);
  backlog->Tick();
  EXPECT_EQ(drops_.Text(), "");
  clock_.Advance(1ms);
  backlog->Tick();
  EXPECT_EQ(drops_.Text(), "otlp expired 1/100 remote_write expired 1/100");
  ASSERT_EQ(backlog->Stats().size(), 1U)
      << "a destination that nobody attends and that has nothing is forgotten";
  clock_.Advance(31min);
  EXPECT_FALSE(backlog->Next(kOtlp, 0)) << "not sent either, without a tick";
  EXPECT_EQ(drops_.Text(), "otlp expired 2/200 remote_write expired 1/100");
}

TEST_P(BacklogTest, Stats) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 2));
  const UnixMillis start = clock_.UnixNow();
  backlog->Push(kOtlp, Of("four", clock_, 0, 4));
  clock_.Advance(10s);
  backlog->Push(kOtlp, Of("sixsix", clock_, 1, 6));
  backlog->Push(kWrite, Of("x", clock_, 0, 1));
  const std::vector<Waiting> waiting = backlog->Stats();
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[0].destination, kOtlp);
  EXPECT_TRUE(waiting[0].attended);
  EXPECT_EQ(waiting[0].entries, 2U);
  EXPECT_EQ(waiting[0].bytes, 10U);
  EXPECT_EQ(waiting[0].points, 10U);
  EXPECT_EQ(waiting[0].oldest, start);
  EXPECT_EQ(waiting[0].in_memory, GetParam() ? 0U : 2U);
  EXPECT_FALSE(waiting[1].attended);
  EXPECT_EQ(waiting[1].oldest, start + 10'000);
  const QueueHealth health = backlog->Health();
  EXPECT_EQ(health.mode, GetParam() ? QueueHealth::Mode::kDurable : QueueHealth::Mode::kOff);
  EXPECT_EQ(health.problem, "");
}

TEST_P(BacklogTest, TheEnd) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  backlog->Push(kOtlp, Of("a", clock_));
  EXPECT_EQ(backlog->Close(), GetParam() ? 0U : 1U);
  EXPECT_EQ(drops_.Text(), GetParam() ? "" : "otlp shutdown 1/100");
}

// Of a destination that nobody attends, with the memory full of what is under way elsewhere.
TEST(MemoryTest, DroppedAsItComes) {
  constexpr uint32_t kLanes = 4;
  const FakeClock clock;
  Drops drops;
  Backlog backlog({.max_memory_bytes = 1 << 20, .clock = &clock}, drops.Record());
  ASSERT_TRUE(backlog.Attend(kOtlp, kLanes));
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    EXPECT_EQ(backlog.Push(kOtlp, Of(Body(lane, 250'000), clock, lane)), Kept::kMemory);
    EXPECT_TRUE(backlog.Next(kOtlp, lane));
  }
  EXPECT_EQ(backlog.Push(kWrite, Of(Body(kLanes, 250'000), clock)), Kept::kDropped);
  EXPECT_EQ(drops.Text(), "remote_write overflow 1/100");
  EXPECT_EQ(backlog.Stats().size(), 1U);
}

class RestartTest : public testing::Test {
 protected:
  std::unique_ptr<Backlog> Open(QueueOptions options = {}) {
    options.folder = folder_.path();
    options.clock = &clock_;
    return std::make_unique<Backlog>(options, drops_.Record());
  }

  const Folder folder_;
  FakeClock clock_;
  Drops drops_;
};

TEST_F(RestartTest, WhatWasQueuedIsThereInItsOrder) {
  {
    const auto backlog = Open();
    ASSERT_TRUE(backlog->Attend(kOtlp, 1));
    ASSERT_TRUE(backlog->Attend(kWrite, 2));
    for (int i = 0; i < 3; ++i) {
      backlog->Push(kOtlp, Of("o" + std::to_string(i), clock_));
      backlog->Push(kWrite, Of("w" + std::to_string(i), clock_, static_cast<uint32_t>(i)));
    }
    const auto delivered = backlog->Next(kOtlp, 0);
    backlog->Done(delivered->id);
    (void)backlog->Next(kOtlp, 0);  // under way
  }
  clock_.StepWall(-3'600'000);  // ids grow all the same
  const auto backlog = Open();
  EXPECT_EQ(backlog->Stats()[0].entries, 2U);
  EXPECT_EQ(backlog->Stats()[1].points, 300U);
  backlog->Push(kOtlp, Of("new", clock_));
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  ASSERT_TRUE(backlog->Attend(kWrite, 2));
  EXPECT_EQ(Drain(*backlog, kOtlp), "o1 o2 new");
  EXPECT_EQ(Drain(*backlog, kWrite, 0), "w0 w2");
  EXPECT_EQ(Drain(*backlog, kWrite, 1), "w1");
  EXPECT_EQ(drops_.Text(), "");
}

TEST_F(RestartTest, ADestinationOfAnyName) {
  const Destination odd{"remote_write", "a\tb\nc"};
  EXPECT_EQ(Open()->Push(odd, Of("a", clock_)), Kept::kDurable);
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(odd, 1));
  EXPECT_EQ(Drain(*backlog, odd), "a");
  EXPECT_EQ(drops_.Text(), "");
}

TEST_F(RestartTest, BodiesOfSeveralParts) {
  const std::string small = Body(1, 1 << 20);
  const std::string large = Body(2, (5 << 20) + 17);
  {
    const auto backlog = Open();
    for (const std::string& body : {small, large}) {
      ASSERT_EQ(backlog->Push(kOtlp, Of(body, clock_)), Kept::kDurable);
    }
  }
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  for (const std::string& body : {small, large}) {
    const auto entry = backlog->Next(kOtlp, 0);
    ASSERT_TRUE(entry);
    EXPECT_TRUE(entry->request.body == body);
    backlog->Done(entry->id);
  }
  EXPECT_EQ(drops_.Text(), "");
}

TEST_F(RestartTest, TheFileIsOneProcess) {
  const auto backlog = Open();
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  backlog->Push(kOtlp, Of("a", clock_));
  const auto second = Open();
  EXPECT_EQ(second->Health().mode, QueueHealth::Mode::kMemory);
  EXPECT_NE(second->Health().problem.find("in use by another process"), std::string::npos);
  ASSERT_TRUE(second->Attend(kOtlp, 1));
  EXPECT_FALSE(second->HasNext(kOtlp, 0)) << "the other one delivers it";
  EXPECT_EQ(second->Push(kOtlp, Of("b", clock_)), Kept::kMemory);
  second->Tick();
  EXPECT_EQ(second->Stats()[0].in_memory, 1U);
}

TEST_F(RestartTest, TheFileIsOpenedLater) {
  auto first = Open();
  first->Push(kOtlp, Of("a", clock_));
  first->Push(kOtlp, Of("b", clock_));
  clock_.Advance(1s);
  const auto second = Open();
  ASSERT_TRUE(second->Attend(kOtlp, 1));
  second->Push(kOtlp, Of("c", clock_));
  first.reset();
  second->Tick();
  EXPECT_EQ(second->Stats()[0].in_memory, 1U) << "not at once";
  clock_.Advance(30s);
  second->Tick();
  EXPECT_EQ(second->Health().mode, QueueHealth::Mode::kDurable);
  EXPECT_EQ(second->Health().problem, "");
  EXPECT_EQ(second->Stats()[0].in_memory, 0U);
  EXPECT_EQ(Drain(*second, kOtlp), "a b c");
  EXPECT_EQ(drops_.Text(), "");
}

}  // namespace
}  // namespace sidelight::delivery
