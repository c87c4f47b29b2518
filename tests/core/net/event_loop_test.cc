#include "core/net/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/fake_clock.h"

namespace sidelight::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Recorder final : EventHandler {
  void OnEvents(uint32_t events) override {
    ++calls;
    if (then) then(events);
  }
  int calls = 0;
  std::function<void(uint32_t)> then;
};

// Two connected sockets.
struct Pair {
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0); }
  ~Pair() {
    close(fds[0]);
    close(fds[1]);
  }
  std::array<int, 2> fds;
};

TEST(EventLoop, TimersRunInTheOrderOfTheirTimes) {
  FakeClock clock;
  auto loop = *EventLoop::Open(clock);
  std::string order;
  loop->RunAfter(seconds(3), [&] { order += 'c'; });
  loop->RunAfter(seconds(1), [&] { order += 'a'; });
  loop->RunAfter(seconds(2), [&] { order += 'b'; });
  TimerId cancelled = loop->RunAfter(seconds(2), [&] { order += 'x'; });
  loop->Cancel(cancelled);
  loop->Cancel(cancelled);
  loop->RunOnce({});
  EXPECT_EQ(order, "");
  clock.Advance(seconds(2));
  loop->RunOnce({});
  EXPECT_EQ(order, "ab");
  clock.Advance(seconds(1));
  loop->RunOnce({});
  EXPECT_EQ(order, "abc");
}

TEST(EventLoop, ATimerMayAddOneAndCancelAnother) {
  FakeClock clock;
  auto loop = *EventLoop::Open(clock);
  int runs = 0;
  TimerId other = kNoTimer;
  loop->RunAfter({}, [&] {
    ++runs;
    loop->Cancel(other);
    loop->RunAfter({}, [&] { ++runs; });
  });
  other = loop->RunAfter({}, [&] { runs += 100; });
  loop->RunOnce({});
  EXPECT_EQ(runs, 1);
  loop->RunOnce({});
  EXPECT_EQ(runs, 2);
}

TEST(EventLoop, ATurnsLastWordComesAfterItsEventsAndAfterItsTimers) {
  FakeClock clock;
  auto loop = *EventLoop::Open(clock);
  Pair pair;
  std::string order;
  Recorder handler;
  handler.then = [&](uint32_t) { order += 'e'; };
  loop->AfterEvents([&] { order += '|'; });
  ASSERT_TRUE(loop->Add(pair.fds[0], EPOLLIN, &handler));
  ASSERT_EQ(write(pair.fds[1], "x", 1), 1);
  loop->Post([&] { order += 'p'; });
  loop->RunAfter({}, [&] { order += 't'; });
  loop->RunOnce({});
  loop->Remove(pair.fds[0], &handler);
  EXPECT_EQ(order, "e|pt|");
}

TEST(EventLoop, ARemovedHandlerHearsNoMoreOfTheBatch) {
  auto loop = *EventLoop::Open();
  Pair first;
  Pair second;
  std::array<Recorder, 2> handlers;
  ASSERT_TRUE(loop->Add(first.fds[0], EPOLLIN, &handlers[0]));
  ASSERT_TRUE(loop->Add(second.fds[0], EPOLLIN, &handlers[1]));
  // Whichever comes first removes both.
  const auto remove = [&](uint32_t) {
    loop->Remove(first.fds[0], &handlers[0]);
    loop->Remove(second.fds[0], &handlers[1]);
  };
  handlers[0].then = handlers[1].then = remove;
  ASSERT_EQ(write(first.fds[1], "x", 1), 1);
  ASSERT_EQ(write(second.fds[1], "x", 1), 1);
  loop->RunOnce(seconds(1));
  loop->RunOnce({});
  EXPECT_EQ(handlers[0].calls + handlers[1].calls, 1);
}

TEST(EventLoop, TheBuriedAreDestroyedAfterTheBatch) {
  struct Body final : Buried {
    explicit Body(bool* flag) : dead(flag) {}
    ~Body() override { *dead = true; }
    bool* dead;
  };
  auto loop = *EventLoop::Open();
  Pair pair;
  Recorder handler;
  bool dead = false;
  bool dead_within = false;
  handler.then = [&](uint32_t) {
    loop->Remove(pair.fds[0], &handler);
    loop->Bury(std::make_unique<Body>(&dead));
    dead_within = dead;
  };
  ASSERT_TRUE(loop->Add(pair.fds[0], EPOLLIN, &handler));
  ASSERT_EQ(write(pair.fds[1], "x", 1), 1);
  loop->RunOnce(seconds(1));
  EXPECT_FALSE(dead_within);
  EXPECT_TRUE(dead);
}

TEST(EventLoop, TakesTasksFromManyThreads) {
  auto loop = *EventLoop::Open();
  std::thread runner([&] { loop->Run(); });
  constexpr int kThreads = 4;
  constexpr int kTasks = 1000;
  int done = 0;  // touched by the loop's thread alone
  std::array<int, kThreads> last{};
  bool in_order = true;
  std::vector<std::thread> posters;
  for (int t = 0; t < kThreads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 1; i <= kTasks; ++i) {
        loop->Post([&, t, i] {
          in_order = in_order && last[t] == i - 1;
          last[t] = i;
          if (++done == kThreads * kTasks) loop->Stop();
        });
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  runner.join();
  EXPECT_EQ(done, kThreads * kTasks);
  EXPECT_TRUE(in_order);
}

TEST(EventLoop, ShowsWhenItLastTurned) {
  FakeClock clock;
  auto loop = *EventLoop::Open(clock);
  const TimePoint before = loop->LastTurn();
  clock.Advance(seconds(5));
  EXPECT_EQ(loop->LastTurn(), before);
  loop->RunOnce({});
  EXPECT_EQ(loop->LastTurn(), before + seconds(5));
  EXPECT_EQ(loop->Now(), before + seconds(5));
}

TEST(EventLoop, AStopThatComesFirstIsKept) {
  auto loop = *EventLoop::Open();
  loop->Stop();
  loop->Run();
}

}  // namespace
}  // namespace sidelight::net
