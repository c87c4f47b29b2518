// Disks that others have filled, and folders that cannot be written.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "tests/exporters/delivery/drops.h"
#include "tests/exporters/delivery/tiny_disk.h"

namespace sidelight::delivery {
namespace {

using namespace std::chrono_literals;

constexpr size_t kBytes = 20'000;

class FullDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!disk_.mounted()) GTEST_SKIP() << "no file system can be mounted here: " << disk_.error();
  }
  std::unique_ptr<Backlog> Open() {
    auto backlog = std::make_unique<Backlog>(QueueOptions{.folder = folder_.path() + "/disk/queue",
                                                          .max_bytes = 8 << 20,
                                                          .max_memory_bytes = 1 << 20,
                                                          .clock = &clock_},
                                             drops_.Record());
    EXPECT_TRUE(backlog->Attend(kOtlp, 1));
    return backlog;
  }
  Kept Push(Backlog& backlog, int number) { return backlog.Push(kOtlp, Of(Body(number, kBytes), clock_)); }
  // The numbers of what is delivered, all of it checked.
  std::vector<int> Deliver(Backlog& backlog, size_t most = SIZE_MAX) {
    std::vector<int> numbers;
    while (numbers.size() < most) {
      const auto entry = backlog.Next(kOtlp, 0);
      if (!entry) break;
      numbers.push_back(std::atoi(entry->request.body.c_str()));
      EXPECT_TRUE(entry->request.body == Body(numbers.back(), kBytes));
      backlog.Done(entry->id);
    }
    return numbers;
  }

  const Folder folder_;
  const TinyDisk disk_{folder_.path() + "/disk", 16};
  FakeClock clock_;
  Drops drops_;
};

TEST_F(FullDiskTest, WhatIsDeliveredIsDeleted) {
  for (const bool restart : {false, true}) {
    SCOPED_TRACE(restart ? "full when the process starts" : "full while it runs");
    auto backlog = Open();
    for (int i = 0; i < 100; ++i) ASSERT_EQ(Push(*backlog, i), Kept::kDurable);
    if (restart) backlog.reset();
    disk_.Fill();
    if (restart) backlog = Open();
    EXPECT_EQ(backlog->Health().mode, QueueHealth::Mode::kDurable) << backlog->Health().problem;
    EXPECT_EQ(Deliver(*backlog, 60).size(), 60U);
    backlog.reset();
    backlog = Open();
    const std::vector<int> rest = Deliver(*backlog);
    ASSERT_EQ(rest.size(), 40U) << "what was delivered must not come back";
    EXPECT_EQ(rest.front(), 60);
    backlog.reset();
    backlog = Open();
    EXPECT_TRUE(Deliver(*backlog).empty());
    disk_.Free();
  }
  EXPECT_EQ(drops_.Text(), "");
}

TEST_F(FullDiskTest, InMemoryUntilThereIsSpace) {
  const auto backlog = Open();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(Push(*backlog, i), Kept::kDurable);
  disk_.Fill();
  int in_memory = 0;
  for (int i = 20; i < 60; ++i) in_memory += Push(*backlog, i) == Kept::kMemory ? 1 : 0;
  EXPECT_GT(in_memory, 0);
  EXPECT_NE(backlog->Health().problem, "");
  EXPECT_EQ(drops_.Text(), "");
  disk_.Free();
  backlog->Tick();
  EXPECT_EQ(backlog->Stats()[0].in_memory, 0U);
  EXPECT_EQ(backlog->Health().problem, "");
  const std::vector<int> numbers = Deliver(*backlog);
  ASSERT_EQ(numbers.size(), 60U);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(numbers[static_cast<size_t>(i)], i);
}

TEST_F(FullDiskTest, TheOldestGiveTheirPlace) {
  auto backlog = Open();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Push(*backlog, i), Kept::kDurable);
  disk_.Fill();
  for (int i = 100; i < 400; ++i) Push(*backlog, i);
  const Waiting waiting = backlog->Stats()[0];
  EXPECT_EQ(waiting.entries + drops_.Requests(), 400U);
  EXPECT_GE(waiting.entries, 90U) << "the file's pages are used again";
  const uint64_t in_memory = waiting.in_memory;
  EXPECT_LE(in_memory * kBytes, 1U << 20);
  backlog.reset();
  disk_.Free();
  backlog = Open();
  const std::vector<int> numbers = Deliver(*backlog);
  EXPECT_EQ(numbers.size(), waiting.entries - in_memory);
  EXPECT_TRUE(drops_.Text().starts_with("otlp overflow ")) << drops_.Text();
  for (size_t i = 1; i < numbers.size(); ++i) EXPECT_LT(numbers[i - 1], numbers[i]);
}

TEST_F(FullDiskTest, TheReserveComesBack) {
  const std::string reserve = folder_.path() + "/disk/queue/delivery.db.reserve";
  const auto backlog = Open();
  const auto size = std::filesystem::file_size(reserve);
  EXPECT_GT(size, 1U << 20);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Push(*backlog, i), Kept::kDurable);
  disk_.Fill();
  Deliver(*backlog);
  EXPECT_EQ(std::filesystem::file_size(reserve), 0U);
  disk_.Free();
  clock_.Advance(61s);
  ASSERT_EQ(Push(*backlog, 1), Kept::kDurable);
  EXPECT_EQ(std::filesystem::file_size(reserve), size);
}

TEST(DiskTest, AFolderThatCannotBeMade) {
  const Folder folder;
  state::WriteBytes(folder.path() + "/file", "x");
  Drops drops;
  FakeClock clock;
  Backlog backlog({.folder = folder.path() + "/file/below", .clock = &clock}, drops.Record());
  ASSERT_TRUE(backlog.Attend(kOtlp, 1));
  EXPECT_EQ(backlog.Push(kOtlp, Of("a", clock)), Kept::kMemory);
  EXPECT_EQ(backlog.Health().mode, QueueHealth::Mode::kMemory);
  EXPECT_NE(backlog.Health().problem, "");
  std::filesystem::remove(folder.path() + "/file");
  clock.Advance(31s);
  backlog.Tick();
  EXPECT_EQ(backlog.Health().mode, QueueHealth::Mode::kDurable);
  EXPECT_EQ(Drain(backlog, kOtlp), "a");
}

// Somebody looks into the file, and holds it.
TEST(DiskTest, AFileThatIsLocked) {
  const Folder folder;
  Drops drops;
  const FakeClock clock;
  Backlog backlog({.folder = folder.path(), .clock = &clock}, drops.Record());
  ASSERT_TRUE(backlog.Attend(kOtlp, 1));
  ASSERT_EQ(backlog.Push(kOtlp, Of("a", clock)), Kept::kDurable);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() + "/delivery.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(backlog.Push(kOtlp, Of("b", clock)), Kept::kMemory);
  EXPECT_NE(backlog.Health().problem.find("locked"), std::string::npos) << backlog.Health().problem;
  EXPECT_EQ(Drain(backlog, kOtlp), "a b") << "what is delivered is not sent again, though it is in the file";
  ASSERT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  backlog.Tick();
  EXPECT_EQ(backlog.Push(kOtlp, Of("c", clock)), Kept::kDurable);
  EXPECT_EQ(backlog.Health().problem, "");
  EXPECT_EQ(backlog.Close(), 0U);
  Backlog again({.folder = folder.path(), .clock = &clock}, drops.Record());
  ASSERT_TRUE(again.Attend(kOtlp, 1));
  EXPECT_EQ(Drain(again, kOtlp), "c") << "it was deleted later";
  EXPECT_EQ(drops.Text(), "");
}

// Who reads keeps the log beside the file from ending.
TEST(DiskTest, AReaderThatStays) {
  constexpr uint64_t kMost = 8 << 20;
  const Folder folder;
  Drops drops;
  const FakeClock clock;
  Backlog backlog({.folder = folder.path(), .max_bytes = kMost, .clock = &clock}, drops.Record());
  ASSERT_TRUE(backlog.Attend(kOtlp, 1));
  ASSERT_EQ(backlog.Push(kOtlp, Of(Body(0, kBytes), clock)), Kept::kDurable);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() + "/delivery.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN; SELECT id FROM entries", nullptr, nullptr, nullptr), SQLITE_OK);
  int in_memory = 0;
  for (int i = 1; i < 600; ++i) {
    in_memory += backlog.Push(kOtlp, Of(Body(i, kBytes), clock)) == Kept::kMemory ? 1 : 0;
    ASSERT_LE(backlog.Health().disk_bytes, kMost) << i;
  }
  EXPECT_GT(in_memory, 0);
  EXPECT_NE(backlog.Health().problem.find("another process"), std::string::npos) << backlog.Health().problem;
  EXPECT_EQ(drops.Text(), "");
  ASSERT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  backlog.Tick();
  EXPECT_EQ(backlog.Stats()[0].in_memory, 0U);
  EXPECT_EQ(backlog.Health().problem, "");
  EXPECT_LE(backlog.Health().disk_bytes, kMost);
}

// Of an entry that the disk did not take to its end, and of which it did not let go, either.
TEST(DiskTest, PartsOfAnEarlierTry) {
  const Folder folder;
  Drops drops;
  const FakeClock clock;
  Backlog backlog({.folder = folder.path(), .clock = &clock}, drops.Record());
  ASSERT_TRUE(backlog.Attend(kOtlp, 1));
  const std::string first_id = std::to_string(clock.UnixNow() * 1024);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() + "/delivery.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(other, ("INSERT INTO parts (id, body) VALUES (" + first_id + " << 10, x'00')").c_str(),
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(other);
  EXPECT_EQ(backlog.Push(kOtlp, Of(Body(1, 1'000'000), clock)), Kept::kDurable) << backlog.Health().problem;
  EXPECT_EQ(Drain(backlog, kOtlp), "1+1000000");
  EXPECT_EQ(drops.Text(), "");
}

// When nothing waits, the file that a long outage has left is given back.
TEST(DiskTest, AnEmptyQueueTakesLittle) {
  const Folder folder;
  Drops drops;
  const FakeClock clock;
  Backlog backlog({.folder = folder.path(), .clock = &clock}, drops.Record());
  ASSERT_TRUE(backlog.Attend(kOtlp, 1));
  const uint64_t before = backlog.Health().disk_bytes;
  for (int i = 0; i < 500; ++i) backlog.Push(kOtlp, Of(Body(i, kBytes), clock));
  EXPECT_GT(backlog.Health().disk_bytes, 10U << 20);
  while (const auto entry = backlog.Next(kOtlp, 0)) backlog.Done(entry->id);
  backlog.Tick();
  EXPECT_LT(backlog.Health().disk_bytes, before + (1 << 20));
  EXPECT_EQ(backlog.Push(kOtlp, Of("a", clock)), Kept::kDurable);
  EXPECT_EQ(Drain(backlog, kOtlp), "a");
}

}  // namespace
}  // namespace sidelight::delivery
