// Observer: reads one connection's bytes, in both directions, and says what was asked and answered. It does
// no I/O and owns no socket: a proxy, a packet capture and a fuzzer feed it alike.
//
// Order of calls, per direction: (OnBytes | OnSkipped)* OnClosed. The two directions interleave as they
// happened. Times never decrease. One thread at a time.
//
// An observer never fails: what it cannot parse turns the connection opaque (ExchangeSink::WentOpaque, once)
// and from then on it only says that it can skip everything. Memory per connection is bounded, whatever
// comes.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "collector/protocols/exchange.h"
#include "core/base/clock.h"

namespace sidelight {

enum class Direction : uint8_t {
  kRequest,   // from the client to the upstream
  kResponse,  // from the upstream to the client
};

enum class CloseReason : uint8_t {
  kEnd,             // an orderly end of this direction (FIN); the other may go on
  kReset,           // the peer of this direction reset the connection or is gone
  kConnectRefused,  // kResponse only, as the following: the upstream was never reached
  kConnectTimeout,
  kDns,
  kOverloaded,
  kTimeout,   // the upstream was silent for too long, and the tap gave up
  kShutdown,  // we end, and the deadline for draining has passed
};

class Observer {
 public:
  static constexpr uint64_t kEverything = UINT64_MAX;

  virtual ~Observer() = default;

  virtual void OnBytes(Direction direction, std::string_view bytes, TimePoint t) = 0;
  // `n` bytes, at most Skippable(direction) in sum, went by without being shown.
  virtual void OnSkipped(Direction direction, uint64_t n, TimePoint t) = 0;
  virtual void OnClosed(Direction direction, CloseReason reason, TimePoint t) = 0;

  // How many of the coming bytes of that direction it can do without seeing; kEverything once opaque.
  virtual uint64_t Skippable(Direction direction) const = 0;
  // A request's head was read whole and its answer is not whole yet: the connection is busy.
  virtual bool AwaitingResponse() const = 0;
  // The client will come back, to what it has begun and the server holds for it: a transaction, even when no
  // request is under way. To close the connection now would undo it.
  virtual bool InTransaction() const { return false; }
  // A request has begun (a byte of it came) and its head is not whole yet.
  virtual bool InRequestHead() const = 0;
};

// Which side of the traffic is ours: the backend beside us (server), or a dependency that we call (client).
enum class Role : uint8_t { kServer, kClient };

}  // namespace sidelight
