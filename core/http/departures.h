// Departures: notices clients that leave while their request is still being worked on. Looks at those that
// somebody asked about, a few times a second, as long as there are any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "core/http/message.h"
#include "core/http/socket.h"
#include "core/net/event_loop.h"

namespace sidelight::http {

class Departures {
 public:
  // Looks on the loop's thread. The loop has stopped when this is destroyed.
  explicit Departures(net::EventLoop& loop) : loop_(loop) {}
  Departures(const Departures&) = delete;
  Departures& operator=(const Departures&) = delete;

  // Any thread. Each watch ends before its socket does.
  uint64_t Watch(const Socket& socket, std::function<void()> gone);
  // Afterwards `gone` is not called, nor is it running.
  void Forget(uint64_t watch);

 private:
  void Look();

  struct Watched {
    const Socket* socket;
    std::function<void()> gone;  // empty when it was called
  };
  net::EventLoop& loop_;
  std::mutex mutex_;
  bool looking_ = false;
  uint64_t last_ = 0;
  std::map<uint64_t, Watched> watched_;
};

// The client of one connection, as handlers see it.
class WatchedClient final : public Client {
 public:
  WatchedClient(Departures& departures, const Socket& socket) : departures_(departures), socket_(socket) {}
  uint64_t WhenGone(std::function<void()> gone) override {
    return departures_.Watch(socket_, std::move(gone));
  }
  void Forget(uint64_t watch) override { departures_.Forget(watch); }

 private:
  Departures& departures_;
  const Socket& socket_;
};

}  // namespace sidelight::http
