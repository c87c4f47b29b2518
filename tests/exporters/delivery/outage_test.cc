// A day without the destinations, on a clock that runs fast: the disk's budget holds at every moment.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>

#include "tests/exporters/delivery/drops.h"

namespace sidelight::delivery {
namespace {

using namespace std::chrono_literals;

// What all files of the folder take, in blocks as in bytes.
uint64_t DiskBytes(const std::string& folder) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    struct stat about {};
    if (stat(entry.path().c_str(), &about) != 0) continue;
    bytes += std::max<uint64_t>(static_cast<uint64_t>(about.st_size),
                                static_cast<uint64_t>(about.st_blocks) * 512);
  }
  return bytes;
}

// OTLP each minute, remote write each 5 s on 4 lanes: of 2,000 series, compressed.
TEST(OutageTest, ADayKeepsWithinTheBudget) {
  constexpr uint64_t kBudget = uint64_t{64} << 20;
  const Folder folder;
  FakeClock clock;
  Drops drops;
  auto backlog = std::make_unique<Backlog>(
      QueueOptions{.folder = folder.path(), .max_bytes = kBudget, .clock = &clock}, drops.Record());
  ASSERT_TRUE(backlog->Attend(kOtlp, 1));
  ASSERT_TRUE(backlog->Attend(kWrite, 4));
  uint64_t most = 0;
  uint64_t pushed = 0;
  Duration longest = 0s;
  const auto push = [&](const Destination& destination, size_t bytes, uint32_t lane) {
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(backlog->Push(destination, Of(Body(pushed++, bytes), clock, lane, 500)), Kept::kDurable);
    longest = std::max<Duration>(longest, std::chrono::steady_clock::now() - start);
  };
  constexpr int kSteps = 24 * 3600 / 5;
  for (int step = 0; step < kSteps; ++step) {
    if (step % 12 == 0) push(kOtlp, 30'000 + static_cast<size_t>(step % 7) * 5'000, 0);
    push(kWrite, 8'000 + static_cast<size_t>(step % 5) * 2'000, static_cast<uint32_t>(step % 4));
    if (step == kSteps / 2) {
      backlog.reset();
      backlog = std::make_unique<Backlog>(
          QueueOptions{.folder = folder.path(), .max_bytes = kBudget, .clock = &clock}, drops.Record());
      ASSERT_TRUE(backlog->Attend(kOtlp, 1));
      ASSERT_TRUE(backlog->Attend(kWrite, 4));
    }
    clock.Advance(5s);
    if (step % 12 == 0) backlog->Tick();
    most = std::max(most, DiskBytes(folder.path()));
    ASSERT_LE(most, kBudget) << "at step " << step;
    if (HasFailure()) return;
  }
  uint64_t entries = 0;
  uint64_t bytes = 0;
  UnixMillis oldest = clock.UnixNow();
  for (const Waiting& waiting : backlog->Stats()) {
    entries += waiting.entries;
    bytes += waiting.bytes;
    oldest = std::min(oldest, waiting.oldest.value_or(oldest));
  }
  std::printf(
      "a day: %zu requests pushed, at most %.1f MiB of disk (of %.0f); %zu wait with %.1f MiB, the oldest of "
      "%.1f h ago; dropped: %s; the longest push took %.1f ms\n",
      static_cast<size_t>(pushed), static_cast<double>(most) / (1 << 20),
      static_cast<double>(kBudget) / (1 << 20), static_cast<size_t>(entries),
      static_cast<double>(bytes) / (1 << 20), static_cast<double>(clock.UnixNow() - oldest) / 3'600'000,
      drops.Text().c_str(), Seconds(longest) * 1e3);
  EXPECT_GT(bytes, kBudget * 8 / 10) << "the budget is used";
  EXPECT_EQ(entries + drops.Requests(), pushed);
}

// Large ones too, whose transactions are the log's largest.
TEST(OutageTest, LargeRequestsKeepWithinTheBudget) {
  constexpr uint64_t kBudget = uint64_t{64} << 20;
  const Folder folder;
  const FakeClock clock;
  Drops drops;
  Backlog backlog({.folder = folder.path(), .max_bytes = kBudget, .clock = &clock}, drops.Record());
  uint64_t most = 0;
  for (uint64_t i = 0; i < 60; ++i) {
    ASSERT_EQ(backlog.Push(kOtlp, Of(Body(i, (1 + i % 16) << 20), clock)), Kept::kDurable);
    most = std::max(most, DiskBytes(folder.path()));
  }
  std::printf("requests of up to 16 MiB: at most %.1f MiB of disk\n", static_cast<double>(most) / (1 << 20));
  EXPECT_LE(most, kBudget);
  EXPECT_GE(backlog.Stats()[0].bytes, kBudget / 2);
}

// A destination that works: the file stays small, and what it costs is printed.
TEST(OutageTest, NoOutage) {
  constexpr int kRequests = 300;
  const Folder folder;
  const FakeClock clock;
  Drops drops;
  Backlog backlog({.folder = folder.path(), .clock = &clock}, drops.Record());
  ASSERT_TRUE(backlog.Attend(kOtlp, 1));
  const std::string body = Body(1, 150'000);  // of some 10,000 series, compressed
  uint64_t most = 0;
  std::clock_t used = 0;
  for (int i = 0; i < kRequests; ++i) {
    Request request = Of(body, clock);
    const std::clock_t start = std::clock();
    ASSERT_EQ(backlog.Push(kOtlp, std::move(request)), Kept::kDurable);
    const auto entry = backlog.Next(kOtlp, 0);
    ASSERT_TRUE(entry);
    backlog.Done(entry->id);
    used += std::clock() - start;
    most = std::max(most, DiskBytes(folder.path()));
  }
  std::printf("150 KB queued, read back and deleted: %.2f ms of CPU; at most %.1f MiB of disk\n",
              1e3 * static_cast<double>(used) / CLOCKS_PER_SEC / kRequests,
              static_cast<double>(most) / (1 << 20));
  EXPECT_LT(most, 6U << 20);
}

}  // namespace
}  // namespace sidelight::delivery
