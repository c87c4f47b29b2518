// Resolver: host names to IP addresses, without ever blocking a loop.
//
// An answer is kept and given at once; one older than its time to live is still given, while a new one is
// asked for behind it. The last good answer stays when a later lookup fails: a name server that is away takes
// nobody's upstream with it. Numeric addresses never come here.
//
// An interface, so that tests give the answers by hand. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/net/event_loop.h"
#include "core/net/socket_address.h"

namespace sidelight::net {

// In the order in which they are to be tried; never empty. Ports are 0.
using Addresses = std::shared_ptr<const std::vector<SocketAddress>>;

class Resolver {
 public:
  virtual ~Resolver() = default;

  // The answer that is at hand, or null when there is none yet (or the last lookup failed and none was ever
  // good): then ask with Resolve(). Looks the name up again in the background when the answer has become old.
  virtual Addresses Cached(const std::string& host) = 0;

  // Calls `done` on the loop's thread, with null when the name did not resolve. Several that ask for one name
  // share one lookup.
  virtual void Resolve(const std::string& host, EventLoop& loop, std::function<void(Addresses)> done) = 0;

  // The answer at hand did not work (no connection): asks again soon, unless that was done within the last
  // second.
  virtual void Refresh(const std::string& host) = 0;
};

// The system's resolver (getaddrinfo: /etc/hosts, DNS), called on a thread of its own. Loops that were passed
// to Resolve() must outlive it, or Stop() must have been called before.
class SystemResolver final : public Resolver {
 public:
  using LookupFn = std::function<Result<std::vector<SocketAddress>>(const std::string& host)>;
  struct Options {
    Duration time_to_live = std::chrono::seconds(30);
    LookupFn lookup;  // the default asks the system
  };

  SystemResolver() : SystemResolver(Options{}) {}
  explicit SystemResolver(Options options, const Clock& clock = SystemClock());
  ~SystemResolver() override;

  Addresses Cached(const std::string& host) override;
  void Resolve(const std::string& host, EventLoop& loop, std::function<void(Addresses)> done) override;
  void Refresh(const std::string& host) override;
  // No callback after this. Does not wait for a lookup that hangs in the system.
  void Stop();

 private:
  struct State;
  static void Run(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;  // shared with the thread, which may outlive us in a lookup that hangs
};

// Looks a name up now, blocking; at most 16 addresses, each once.
Result<std::vector<SocketAddress>> LookUp(const std::string& host);

}  // namespace sidelight::net
