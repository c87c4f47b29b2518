// TurnLock: a mutex whose holder can let those through who wait. A collection holds it for long, series by
// series; a thread that measures and wants a new series waits for one series, not for the collection.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

namespace sidelight::metrics {

class TurnLock {
 public:
  void lock() {
    waiting_.fetch_add(1, std::memory_order_relaxed);
    mutex_.lock();
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  }
  void unlock() { mutex_.unlock(); }

  // By the holder, who has nothing half done: gives the lock away and takes it back when somebody waits for
  // it.
  void GiveWay() {
    if (waiting_.load(std::memory_order_relaxed) != 0) [[unlikely]]
      LetThrough();
  }

 private:
  void LetThrough() {
    mutex_.unlock();
    // Bounded: a storm of new series must not hold up the collection for ever.
    for (int i = 0; i < 1000 && waiting_.load(std::memory_order_relaxed) != 0; ++i) std::this_thread::yield();
    mutex_.lock();
  }

  std::mutex mutex_;
  std::atomic<int> waiting_{0};
};

}  // namespace sidelight::metrics
