#include "collector/tap/worker.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace sidelight::tap {

Result<std::unique_ptr<Tap>> Tap::Open(Options options) {
  Result<std::unique_ptr<net::Listener>> listener = net::Listener::Open(options.listen);
  if (!listener) {
    return Fail(listener.error().code, "tap " + options.name + ": " + listener.error().message);
  }
  return std::unique_ptr<Tap>(new Tap(std::move(options), *std::move(listener)));
}

Result<std::unique_ptr<Worker>> Worker::Open(net::Resolver& resolver, ConnectionLimit& limit, Tuning tuning,
                                             const Clock& clock) {
  Result<std::unique_ptr<net::EventLoop>> loop = net::EventLoop::Open(clock);
  if (!loop) return tl::unexpected(loop.error());
  return std::unique_ptr<Worker>(new Worker(*std::move(loop), resolver, limit, tuning));
}

Worker::Worker(std::unique_ptr<net::EventLoop> loop, net::Resolver& resolver, ConnectionLimit& limit,
               Tuning tuning)
    : tuning_(tuning),
      loop_(std::move(loop)),
      unseen_(tuning.buffer),
      context_{.loop = *loop_,
               .unseen = unseen_,
               .pipes = pipes_,
               .resolver = resolver,
               .limit = limit,
               .tuning = tuning_,
               .on_closed = [this] { ReportWhenEmpty(); }} {
  loop_->AfterEvents([this] { unseen_.Show(); });
}

Worker::~Worker() {
  Stop();
}

Status Worker::Add(Tap& tap, const Protocol& protocol, ExchangeSink& sink, const Counters& counters) {
  proxies_.push_back(std::make_unique<Proxy>(tap.options(), tap.listener(), protocol, sink, counters,
                                             tap.reach(), context_));
  if (proxies_.back()->Start()) return {};
  return Fail(ErrorCode::kInternal, "tap " + tap.options().name +
                                        ": the system cannot watch another socket; raise "
                                        "fs.epoll.max_user_watches");
}

void Worker::Start() {
  // The thread inherits the mask: signals are for those who wait for them, and writing to a pipe or socket
  // that nobody reads is an error and no SIGPIPE.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::thread([this] { loop_->Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "tap");
}

void Worker::StopAccepting() {
  loop_->Post([this] {
    for (const auto& proxy : proxies_) proxy->StopAccepting();
  });
}

void Worker::Drain(Duration deadline, std::function<void()> done) {
  loop_->Post([this, deadline, done = std::move(done)]() mutable { DrainHere(deadline, std::move(done)); });
}

void Worker::DrainHere(Duration deadline, std::function<void()> done) {
  drained_.push_back(std::move(done));
  for (const auto& proxy : proxies_) proxy->Drain();
  loop_->RunAfter(deadline, [this] {
    for (const auto& proxy : proxies_) proxy->Shutdown();
  });
  ReportWhenEmpty();
}

void Worker::ReportWhenEmpty() {
  if (context_.open > 0) return;
  for (const auto& done : std::exchange(drained_, {})) {
    if (done) done();
  }
}

void Worker::Stop() {
  if (thread_.joinable()) {
    loop_->Stop();
    thread_.join();
  }
  proxies_.clear();
}

}  // namespace sidelight::tap
