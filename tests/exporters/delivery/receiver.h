// A destination of the tests: answers as it is told, and remembers what it took. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "exporters/delivery/delivery.h"

namespace sidelight::delivery {

class Receiver {
 public:
  using Answer = std::function<Outcome(const Request&)>;

  Send ToSend() {
    return [this](const Request& request) {
      Answer answer;
      {
        std::unique_lock lock(mutex_);
        ++attempts_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held_; });
        answer = answer_;
      }
      Outcome outcome = answer ? answer(request) : Outcome{};
      const std::lock_guard lock(mutex_);
      if (outcome.result == Outcome::Result::kDelivered) taken_.push_back(request.body);
      ++answered_;
      changed_.notify_all();
      return outcome;
    };
  }
  void Set(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void Set(Outcome outcome) {
    Set([outcome](const Request&) { return outcome; });
  }
  // Requests hang until it is let go.
  void Hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  // Waits, at most for a minute.
  bool AwaitAttempts(int count) {
    return Await([&] { return attempts_ >= count; });
  }
  bool AwaitAnswers(int count) {
    return Await([&] { return answered_ >= count; });
  }
  bool AwaitTaken(size_t count) {
    return Await([&] { return taken_.size() >= count; });
  }
  int attempts() const {
    const std::lock_guard lock(mutex_);
    return attempts_;
  }
  std::vector<std::string> taken() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  // "a b c"
  std::string Text() const {
    std::string text;
    for (const std::string& body : taken()) text += (text.empty() ? "" : " ") + body;
    return text;
  }

 private:
  bool Await(const std::function<bool()>& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), done);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Answer answer_;
  bool held_ = false;
  int attempts_ = 0;
  int answered_ = 0;
  std::vector<std::string> taken_;
};

}  // namespace sidelight::delivery
