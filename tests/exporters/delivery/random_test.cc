// A destination that fails at random, while the process stops and starts: every point arrives, exactly once,
// or is counted as dropped.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/exporters/delivery/drops.h"
#include "tests/exporters/delivery/receiver.h"

namespace sidelight::delivery {
namespace {

using namespace std::chrono_literals;

TEST(RandomTest, ExactlyOnceOrCounted) {
  constexpr int kRounds = 6;
  constexpr int kPushes = 80;
  constexpr uint32_t kLanes = 3;
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Folder folder;
  FakeClock clock;
  metrics::Self self;
  Receiver receiver;
  std::mutex mutex;
  std::mt19937_64 fate(seed + 1);
  receiver.Set([&](const Request&) {
    const std::lock_guard lock(mutex);
    switch (fate() % 6) {
      case 0:
      case 1:
        return Outcome{.result = Outcome::Result::kRetry, .problem = "reset"};
      case 2:
        return Outcome{.result = Outcome::Result::kRetry, .retry_after = 2s, .problem = "429"};
      case 3:
        return Outcome{.result = Outcome::Result::kRefused, .problem = "400"};
      default:
        return Outcome{};
    }
  });
  int pushed = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto queue = Queue::Open({.folder = folder.path(), .clock = &clock}, self);
    auto delivery =
        Delivery::Start({.destination = kOtlp, .lanes = kLanes}, *queue, receiver.ToSend(), self, clock);
    ASSERT_TRUE(delivery);
    for (int i = 0; i < kPushes; ++i) {
      const int number = pushed++;
      ASSERT_EQ((*delivery)->Push(Of(std::to_string(number), clock, static_cast<uint32_t>(number), 1)),
                Kept::kDurable);
      clock.Advance(std::chrono::milliseconds(random() % 3000));
      (*delivery)->Wake();
    }
    if (round + 1 < kRounds) {
      (*delivery)->BeginStop(clock.Now() + 1s);
      clock.Advance(1s);
      (*delivery)->Wake();
      (*delivery)->AwaitStop(clock.Now() + 10s);  // for what is under way
      continue;
    }
    const auto deadline = std::chrono::steady_clock::now() + 5min;
    while (queue->Stats()[0].entries > 0 && std::chrono::steady_clock::now() < deadline) {
      clock.Advance(1s);
      (*delivery)->Wake();
      std::this_thread::sleep_for(1ms);
    }
    ASSERT_EQ(queue->Stats()[0].entries, 0U);
  }
  std::map<std::string, int> times;
  std::vector<int> last(kLanes, -1);
  for (const std::string& body : receiver.taken()) {
    ++times[body];
    const int number = std::stoi(body);
    int& before = last[static_cast<size_t>(number) % kLanes];
    EXPECT_GT(number, before) << "a lane is out of order, or an entry was taken twice";
    before = number;
  }
  const double rejected =
      self.Counter("sidelight_export_points_dropped_total", "",
                   {{"destination", kOtlp.name}, {"exporter", "otlp"}, {"reason", "rejected"}})
          .Value();
  EXPECT_EQ(times.size() + static_cast<size_t>(rejected), static_cast<size_t>(pushed));
  EXPECT_EQ(self.Counter("sidelight_export_points_sent_total", "",
                         {{"destination", kOtlp.name}, {"exporter", "otlp"}})
                .Value(),
            static_cast<double>(times.size()));
}

}  // namespace
}  // namespace sidelight::delivery
