// Proxy: one worker's share of one tap. It accepts, connects the backend at once and lets a Connection copy
// the bytes both ways, while the protocol's observer looks on.
//
// Everything here happens on the thread of the worker's loop; what the workers share (Context) is
// thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "collector/protocols/protocol.h"
#include "collector/tap/connection_limit.h"
#include "collector/tap/counters.h"
#include "collector/tap/options.h"
#include "collector/tap/pipe_pool.h"
#include "collector/tap/reach.h"
#include "collector/tap/unseen.h"
#include "core/net/event_loop.h"
#include "core/net/listener.h"
#include "core/net/resolver.h"

namespace sidelight::tap {

class Connection;

// What is decided by measurement, or shortened by tests.
struct Tuning {
  size_t buffer =
      64 * 1024;  // what a worker reads into, and with it what a slow peer may leave over per direction
  // A direction that was idle is read in pieces of this size at first; who fills one has more to send, and
  // from then on whole buffers are read, or spliced, if the observer can do without `splice_from` bytes or
  // more. Measured against the bare relay, 64 KiB bodies: 1.1 copying, 0.9 so. Small ones are cheaper to
  // copy.
  size_t first_read = 16 * 1024;
  uint64_t splice_from = 32 * 1024;
  // For how long a request is read whose upstream cannot be reached.
  Duration explain = std::chrono::seconds(1);
};

// What a worker lends to its proxies. All of it outlives them.
struct Context {
  net::EventLoop& loop;
  Unseen& unseen;
  PipePool& pipes;
  net::Resolver& resolver;
  ConnectionLimit& limit;
  const Tuning& tuning;
  size_t open = 0;                  // connections of all of the worker's proxies
  std::function<void()> on_closed;  // after each; may be empty
};

class Proxy final : private net::Acceptor::Handler {
 public:
  // `sink` belongs to the worker's thread, and outlives the proxy; so does `reach`, which all workers share.
  Proxy(const Options& options, net::Listener& listener, const Protocol& protocol, ExchangeSink& sink,
        const Counters& counters, Reach& reach, Context& context);
  ~Proxy() override;  // resets what is still open, without telling the observers more

  // False when the loop cannot watch the listener.
  bool Start();
  void StopAccepting();
  // Stops accepting; idle connections are closed now, the others as they become idle.
  void Drain();
  // Ends what is still open: the observers are told kShutdown, the peers get a reset.
  void Shutdown();

  const Options& options() const { return options_; }
  Context& context() { return context_; }
  const Counters& counters() const { return counters_; }
  Reach& reach() { return reach_; }
  bool draining() const { return draining_; }

 private:
  friend class Connection;

  void OnAccept(int fd) override;
  void OnNoDescriptor() override;
  void Link(Connection* connection);
  void Unlink(Connection* connection);
  // Calls each with the connections that were open at the start; they may close meanwhile.
  void ForEach(const std::function<void(Connection&)>& each);
  // The upstream's addresses, or null while its name is being resolved; then the connection is told.
  net::Addresses UpstreamAddresses();
  void OnResolved(const net::Addresses& addresses);
  void Sweep();

  const Options& options_;
  const Protocol& protocol_;
  ExchangeSink& sink_;
  const Counters counters_;
  Reach& reach_;
  Context& context_;
  net::Acceptor acceptor_;
  const std::optional<net::SocketAddress> source_;
  const bool listens_on_unix_;
  net::Addresses numeric_;  // null when the upstream is a name
  size_t preferred_ = 0;    // which address worked last
  bool resolving_ = false;
  bool draining_ = false;
  Connection* first_ = nullptr;
  net::TimerId sweep_ = net::kNoTimer;
  std::shared_ptr<Proxy*> self_;  // for the resolver's answer: null inside once we are gone
};

}  // namespace sidelight::tap
