// A receiver of remote write in the test's own process: answers as it is told, and keeps what it got.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/http/message.h"
#include "core/net/listener.h"

namespace sidelight::remote_write {

struct Received {
  std::string head;  // the request line and the headers, as sent
  std::string body;

  // The value of that header; "" when there is none.
  std::string Header(const std::string& name) const;
};

// Thread-safe. Each request has a connection of its own, which is closed after the answer.
class FakeReceiver {
 public:
  struct Answer {
    int status = 204;
    http::Fields headers = {};
    std::string body = {};
    bool hang_up = false;  // no answer at all
  };

  FakeReceiver();
  ~FakeReceiver();
  FakeReceiver(const FakeReceiver&) = delete;
  FakeReceiver& operator=(const FakeReceiver&) = delete;

  std::string url() const;
  void Set(Answer answer);
  // What is answered to the request of that number, from 0.
  void Set(std::function<Answer(const Received&, size_t)> answer);
  std::vector<Received> requests() const;
  // Waits until there are so many, at most 20 s.
  bool Await(size_t count);

 private:
  void Run();
  void Serve(int fd);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<Answer(const Received&, size_t)> answer_;
  std::vector<Received> requests_;
  bool stop_ = false;
  std::unique_ptr<net::Listener> listener_;
  std::thread thread_;
};

}  // namespace sidelight::remote_write
