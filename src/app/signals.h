// Signals as events of a loop, instead of handlers that interrupt whatever runs.
//
// BlockSignals() belongs at the start of main(), before there is any thread: every thread inherits the mask,
// and the signals wait for the loop that asks for them.
#pragma once

#include <functional>
#include <memory>

#include "core/base/error.h"
#include "core/net/event_loop.h"

namespace sidelight::app {

// Blocks SIGTERM, SIGINT and SIGHUP, and ignores SIGPIPE: writing to a socket that nobody reads is an error
// value.
void BlockSignals();

class SignalEvents final : private net::EventHandler {
 public:
  using Handler = std::function<void(int signal)>;

  // The handler is called on the loop's thread. Destroyed there, or when the loop has stopped.
  static Result<std::unique_ptr<SignalEvents>> Watch(net::EventLoop& loop, Handler handler);
  ~SignalEvents() override;

 private:
  SignalEvents(net::EventLoop& loop, int fd, Handler handler);
  void OnEvents(uint32_t events) override;

  net::EventLoop& loop_;
  const int fd_;
  const Handler handler_;
};

}  // namespace sidelight::app
