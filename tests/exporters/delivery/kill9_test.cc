// kill -9 in the middle of sending: what was queued is delivered, in order, nothing is lost, and a kill
// repeats at most the one request that each lane had under way.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/exporters/delivery/drops.h"
#include "tests/exporters/delivery/receiver.h"

namespace sidelight::delivery {
namespace {

using namespace std::chrono_literals;

constexpr int kKills = 50;
constexpr uint32_t kLanes = 2;

// What the child tells: a number that was queued, or (negative, minus one) one that was delivered.
void Tell(int pipe, int64_t number) {
  if (write(pipe, &number, sizeof(number)) != sizeof(number)) _exit(3);
}

std::string BodyOf(int64_t number) {
  return Body(static_cast<uint64_t>(number), number % 9 == 0 ? 300'000 : 3'000);
}

[[noreturn]] void PushAndSendForever(const std::string& folder, int64_t from, int told) {
  metrics::Self self;
  const auto queue = Queue::Open({.folder = folder, .patience = 60s}, self);
  if (queue->Health().mode != QueueHealth::Mode::kDurable) _exit(1);
  const auto send = [told](const Request& request) {
    const int64_t number = std::atoll(request.body.c_str());
    if (request.body != BodyOf(number)) _exit(4);
    Tell(told, -number - 1);
    return Outcome{};
  };
  const auto delivery =
      Delivery::Start({.destination = kOtlp, .lanes = kLanes}, *queue, send, self, SystemClock());
  if (!delivery) _exit(2);
  for (int64_t number = from;; ++number) {
    const Kept kept = (*delivery)->Push(Of(BodyOf(number), SystemClock(), static_cast<uint32_t>(number)));
    if (kept != Kept::kDurable) _exit(5);
    Tell(told, number);
  }
}

struct Seen {
  int64_t queued = -1;             // the last one
  std::map<int64_t, int> arrived;  // how often
  std::vector<int64_t> last = std::vector<int64_t>(kLanes, -1);

  void Take(int64_t told) {
    if (told >= 0) {
      queued = std::max(queued, told);
      return;
    }
    const int64_t number = -told - 1;
    ++arrived[number];
    int64_t& before = last[static_cast<size_t>(number) % kLanes];
    // The request that the kill cut off is repeated; everything else goes forward.
    EXPECT_GE(number, before) << "out of order";
    before = number;
  }
};

void RunAndKill(const std::string& folder, std::chrono::microseconds for_how_long, Seen& seen) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  // One that was queued and could not be told of is passed over; it may arrive, and may not come twice.
  const int64_t from = std::max(seen.queued, seen.arrived.empty() ? -1 : seen.arrived.rbegin()->first) + 2;
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    PushAndSendForever(folder, from, ends[1]);
  }
  close(ends[1]);
  int64_t told = 0;
  ssize_t n = read(ends[0], &told, sizeof(told));
  std::thread killer([&] {
    std::this_thread::sleep_for(for_how_long);
    kill(child, SIGKILL);
  });
  for (; n == sizeof(told); n = read(ends[0], &told, sizeof(told))) seen.Take(told);
  killer.join();
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
}

TEST(Kill9Test, WhatWasQueuedIsDelivered) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Folder folder;
  Seen seen;
  std::vector<int64_t> queued_to;
  std::map<int64_t, bool> queued;
  for (int i = 0; i < kKills && !HasFailure(); ++i) {
    SCOPED_TRACE("kill " + std::to_string(i));
    const int64_t before =
        std::max(seen.queued, seen.arrived.empty() ? -1 : seen.arrived.rbegin()->first) + 2;
    RunAndKill(folder.path(), std::chrono::microseconds(random() % 60'000), seen);
    for (int64_t number = before; number <= seen.queued; ++number) queued[number] = true;
  }
  Drops drops;
  {
    Backlog backlog({.folder = folder.path()}, drops.Record());
    ASSERT_EQ(backlog.Health().mode, QueueHealth::Mode::kDurable);
    EXPECT_EQ(backlog.Health().set_aside, 0U);
    ASSERT_TRUE(backlog.Attend(kOtlp, kLanes));
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      while (const auto entry = backlog.Next(kOtlp, lane)) {
        const int64_t number = std::atoll(entry->request.body.c_str());
        EXPECT_TRUE(entry->request.body == BodyOf(number));
        seen.Take(-number - 1);
        backlog.Done(entry->id);
      }
    }
  }
  EXPECT_EQ(drops.Text(), "");
  int64_t repeated = 0;
  for (const auto& [number, times] : seen.arrived) repeated += times - 1;
  for (const auto& [number, there] : queued)
    EXPECT_EQ(seen.arrived.count(number), 1U) << number << " is lost";
  EXPECT_LE(repeated, int64_t{kKills} * kLanes);
  std::printf("%d kills: %zu queued, %zu arrived, %d of them twice\n", kKills, queued.size(),
              seen.arrived.size(), static_cast<int>(repeated));
  EXPECT_GT(queued.size(), size_t{kKills});
}

}  // namespace
}  // namespace sidelight::delivery
