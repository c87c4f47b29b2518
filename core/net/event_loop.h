// EventLoop: one thread that waits for sockets and timers and calls whoever they belong to.
//
// epoll, level-triggered unless EPOLLET is asked for: a handler is called with the events of its descriptor
// until it has dealt with them. Handlers are plain pointers, so an event costs a virtual call and nothing
// else:
//
//   loop->Add(fd, EPOLLIN, &handler);    // Modify, Remove
//   TimerId timer = loop->RunAfter(std::chrono::seconds(1), [] { ... });
//   loop->Run();                         // until Stop()
//
// Lifetimes: after Remove() the handler is not called again, not even for events of the batch at hand, so it
// may be destroyed, unless it is on the stack right now: then Bury() destroys it after the batch.
//
// Threads: one thread calls Run() and, meanwhile, everything else but Post(), Stop() and LastTurn(), which
// any thread may call. Before Run() and after it has returned any one thread may.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"

struct epoll_event;

namespace sidelight::net {

class EventHandler {
 public:
  virtual ~EventHandler() = default;
  // `events` is epoll's mask. EPOLLERR and EPOLLHUP come whether asked for or not.
  virtual void OnEvents(uint32_t events) = 0;
};

// What Bury() takes: anything with a destructor.
class Buried {
 public:
  virtual ~Buried() = default;
};

// A timer that has not run yet; kNoTimer is none.
using TimerId = std::pair<TimePoint, uint64_t>;
inline constexpr TimerId kNoTimer{};

class EventLoop {
 public:
  // Fails when the system is out of descriptors. The clock must outlive the loop.
  static Result<std::unique_ptr<EventLoop>> Open(const Clock& clock = SystemClock());
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // `interest` is epoll's mask, EPOLLEXCLUSIVE included. False when the system refuses (out of memory or
  // watches).
  bool Add(int fd, uint32_t interest, EventHandler* handler);
  void Modify(int fd, uint32_t interest, EventHandler* handler);
  // Before the descriptor is closed.
  void Remove(int fd, EventHandler* handler);
  void Bury(std::unique_ptr<Buried> dead) { graveyard_.push_back(std::move(dead)); }

  // When this batch of events came: read once for all of them. Good for when bytes were readable.
  TimePoint Now() const { return now_; }
  // The clock, read afresh.
  TimePoint FreshNow() const { return clock_.Now(); }
  const Clock& clock() const { return clock_; }

  // Timers run in the order of their times, after the events of a turn.
  TimerId RunAfter(Duration delay, std::function<void()> task);
  // A timer that has run, or kNoTimer, is ignored. Sets the id to kNoTimer.
  void Cancel(TimerId& timer);

  // What is better done for many events at once: the task runs in every turn, after the events and again
  // after the tasks and timers. There is one.
  void AfterEvents(std::function<void()> task) { after_events_ = std::move(task); }

  // Runs the task on the loop's thread, soon. Tasks posted by one thread keep their order; those that have
  // not run when the loop is destroyed are dropped.
  void Post(std::function<void()> task);

  void Run();
  // Run() returns after the turn at hand; one that has not begun returns at once.
  void Stop();
  // One turn: waits at most `max_wait` for something to happen and deals with it.
  void RunOnce(Duration max_wait);

  // When the loop last turned. A loop that works turns at least once a second, busy or idle.
  TimePoint LastTurn() const;

 private:
  EventLoop(const Clock& clock, int epoll_fd, int wake_fd);
  void RunTimers();
  void RunPosted();

  static constexpr int kBatch = 256;

  const Clock& clock_;
  const int epoll_fd_;
  const int wake_fd_;
  TimePoint now_;
  std::unique_ptr<epoll_event[]> batch_;
  int batch_next_ = 0;  // the events of [next, size) are still to come
  int batch_size_ = 0;
  std::map<TimerId, std::function<void()>> timers_;
  uint64_t timer_sequence_ = 0;
  std::function<void()> after_events_ = [] {};
  std::vector<std::unique_ptr<Buried>> graveyard_;
  std::atomic<int64_t> last_turn_;
  std::atomic<bool> stopping_ = false;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace sidelight::net
