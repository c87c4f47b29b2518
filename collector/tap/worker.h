// Tap and Worker: the public face of the data plane.
//
//   auto tap = Tap::Open(options);                       // binds: a port in use fails here, before anything
//   runs auto worker = Worker::Open(resolver, limit);         // one or several, each a thread with a loop
//   worker->Add(*tap, protocol, sink, counters);         // the tap's listener is shared by all workers
//   worker->Start();
//   ...
//   worker->StopAccepting();
//   worker->Drain(std::chrono::seconds(25), [] { ... }); // called once, when nothing is open any more
//   worker->Stop();
//
// Lifetimes: taps, resolver, limit and the sinks outlive the workers; the resolver is stopped before them.
// Sinks and counters passed to a worker are used on its thread only.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "collector/protocols/protocol.h"
#include "collector/tap/connection_limit.h"
#include "collector/tap/counters.h"
#include "collector/tap/options.h"
#include "collector/tap/proxy.h"
#include "collector/tap/reach.h"
#include "core/net/event_loop.h"
#include "core/net/listener.h"
#include "core/net/resolver.h"

namespace sidelight::tap {

// A tap that listens: its settings and its socket.
class Tap {
 public:
  static Result<std::unique_ptr<Tap>> Open(Options options);

  const Options& options() const { return options_; }
  // With the port that was chosen when the settings said 0.
  net::Address bound() const { return listener_->bound(); }
  net::Listener& listener() const { return *listener_; }
  Reach& reach() { return reach_; }

 private:
  Tap(Options options, std::unique_ptr<net::Listener> listener)
      : options_(std::move(options)), listener_(std::move(listener)) {}
  const Options options_;
  const std::unique_ptr<net::Listener> listener_;
  Reach reach_;
};

class Worker {
 public:
  // Errors: the system is out of descriptors.
  static Result<std::unique_ptr<Worker>> Open(net::Resolver& resolver, ConnectionLimit& limit,
                                              Tuning tuning = {}, const Clock& clock = SystemClock());
  ~Worker();  // stops
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Before Start().
  Status Add(Tap& tap, const Protocol& protocol, ExchangeSink& sink, const Counters& counters);

  // The thread begins; it blocks all signals.
  void Start();
  // From any thread, once started. Clients that connect from now on wait in the backlog until the tap is
  // closed.
  void StopAccepting();
  // Closes what is idle, waits for the rest until the deadline and resets what is open then. `done` is called
  // once, on the worker's thread, when nothing is open any more. Again with an earlier deadline: takes
  // effect.
  void Drain(Duration deadline, std::function<void()> done);
  // Ends the thread and resets what is still open. May be called again.
  void Stop();

  // For more that is to run on this thread: a probe responder, timers of the meter. Before Start(), or in
  // tasks.
  net::EventLoop& loop() { return *loop_; }

 private:
  Worker(std::unique_ptr<net::EventLoop> loop, net::Resolver& resolver, ConnectionLimit& limit,
         Tuning tuning);
  void DrainHere(Duration deadline, std::function<void()> done);
  void ReportWhenEmpty();

  const Tuning tuning_;
  const std::unique_ptr<net::EventLoop> loop_;
  Unseen unseen_;
  PipePool pipes_;
  Context context_;
  std::vector<std::unique_ptr<Proxy>> proxies_;
  std::vector<std::function<void()>> drained_;
  std::thread thread_;
};

}  // namespace sidelight::tap
