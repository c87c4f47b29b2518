#include "core/net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace sidelight::net {
namespace {

// So that LastTurn() of a loop without work tells it from one that hangs.
constexpr Duration kHeartbeat = std::chrono::milliseconds(900);

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::Open(const Clock& clock) {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int wake_fd = epoll_fd < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event wake{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (wake_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &wake) < 0) {
    const int error = errno;
    if (wake_fd >= 0) close(wake_fd);
    if (epoll_fd >= 0) close(epoll_fd);
    return Fail(ErrorCode::kInternal, "cannot make an event loop: " + ErrnoText(error) +
                                          "; raise the limit of open files (ulimit -n)");
  }
  return std::unique_ptr<EventLoop>(new EventLoop(clock, epoll_fd, wake_fd));
}

EventLoop::EventLoop(const Clock& clock, int epoll_fd, int wake_fd)
    : clock_(clock),
      epoll_fd_(epoll_fd),
      wake_fd_(wake_fd),
      now_(clock.Now()),
      batch_(new epoll_event[kBatch]),
      last_turn_(now_.time_since_epoch().count()) {}

EventLoop::~EventLoop() {
  graveyard_.clear();
  close(wake_fd_);
  close(epoll_fd_);
}

bool EventLoop::Add(int fd, uint32_t interest, EventHandler* handler) {
  epoll_event event{.events = interest, .data = {.ptr = handler}};
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void EventLoop::Modify(int fd, uint32_t interest, EventHandler* handler) {
  epoll_event event{.events = interest, .data = {.ptr = handler}};
  [[maybe_unused]] const int result = epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
  assert(result == 0);
}

void EventLoop::Remove(int fd, EventHandler* handler) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  for (int i = batch_next_; i < batch_size_; ++i) {
    // The wake-up's own handler is null; an event without any bit is skipped.
    if (batch_[i].data.ptr == handler) batch_[i].events = 0;
  }
}

TimerId EventLoop::RunAfter(Duration delay, std::function<void()> task) {
  const TimerId id{FreshNow() + delay, ++timer_sequence_};
  timers_.emplace(id, std::move(task));
  return id;
}

void EventLoop::Cancel(TimerId& timer) {
  if (timer == kNoTimer) return;
  timers_.erase(timer);
  timer = kNoTimer;
}

void EventLoop::Post(std::function<void()> task) {
  bool first;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (!first) return;  // whoever was first has woken the loop, and it takes all of them
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

void EventLoop::Stop() {
  stopping_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

void EventLoop::Run() {
  while (!stopping_.load(std::memory_order_relaxed)) RunOnce(kHeartbeat);
  stopping_ = false;
}

void EventLoop::RunOnce(Duration max_wait) {
  Duration wait = std::min(max_wait, kHeartbeat);
  if (!timers_.empty()) {
    wait = std::clamp<Duration>(timers_.begin()->first.first - FreshNow(), Duration{}, wait);
  }
  // Rounded up: a timer that is due in half a millisecond must not spin until then.
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  const int ready = epoll_wait(epoll_fd_, batch_.get(), kBatch, static_cast<int>(millis));
  now_ = clock_.Now();
  last_turn_.store(now_.time_since_epoch().count(), std::memory_order_relaxed);
  batch_size_ = std::max(ready, 0);  // EINTR is a turn without events
  bool woken = false;
  for (batch_next_ = 0; batch_next_ < batch_size_;) {
    const epoll_event event = batch_[batch_next_++];
    if (event.data.ptr == nullptr) {
      woken = true;
    } else if (event.events != 0) {
      static_cast<EventHandler*>(event.data.ptr)->OnEvents(event.events);
    }
  }
  batch_size_ = batch_next_ = 0;
  after_events_();
  if (woken) RunPosted();
  if (!timers_.empty()) RunTimers();
  after_events_();
  if (!graveyard_.empty()) {
    // What is destroyed may bury more.
    std::vector<std::unique_ptr<Buried>> dead;
    dead.swap(graveyard_);
  }
}

void EventLoop::RunTimers() {
  // A task may add timers that are due at once; they wait for the next turn, so that sockets are not starved.
  const TimerId last{FreshNow(), timer_sequence_};
  while (!timers_.empty() && timers_.begin()->first <= last) {
    const auto node = timers_.extract(timers_.begin());
    node.mapped()();
  }
}

void EventLoop::RunPosted() {
  uint64_t count;
  [[maybe_unused]] const ssize_t got = read(wake_fd_, &count, sizeof(count));
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
  }
  for (const auto& task : tasks) task();
}

TimePoint EventLoop::LastTurn() const {
  return TimePoint(Duration(last_turn_.load(std::memory_order_relaxed)));
}

}  // namespace sidelight::net
