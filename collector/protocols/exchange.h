// Exchange: one request and what became of it, as an observer saw it on the wire. What every protocol emits
// and the meter turns into instruments.
//
// The words mean what docs/metrics.md says: start is when the request's first byte was readable at the tap
// (or, under pipelining, when the response before it ended), first_byte and end when the response's first and
// last byte were read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/clock.h"
#include "core/model/exemplar.h"

namespace sidelight {

// How an exchange ended. Everything but kAnswered is the tap's own word and not the backend's.
enum class Outcome : uint8_t {
  kAnswered,            // a whole answer came; whether it is an error is in its status
  kConnectRefused,      // the upstream refused or could not be reached
  kConnectTimeout,      // the upstream did not accept in time
  kDns,                 // the upstream's name did not resolve
  kUpstreamClosed,      // the upstream closed or reset before the answer began
  kResponseIncomplete,  // ... or within it
  kTimeout,             // the upstream was silent beyond the tap's timeout
  kOverloaded,          // the tap was over its connection limit
  kClientGone,          // the client left before the answer was whole: counted apart, in no error rate
  kUnobserved,          // the connection went opaque before the answer was seen: not measured, not an error
};

// What a cache's reply told of the keys of one request, for one keyspace: MGET counts each of its keys. Of
// HTTP: what the headers of the answer told of the caches on its way.
struct CacheLookup {
  uint32_t keyspace = 0;  // as ExchangeSink::Keyspace() named it; HTTP: 0, as its route stands in its place
  uint32_t hits = 0;
  uint32_t misses = 0;
};

struct Exchange {
  // HTTP: the method; Redis, memcached: the command; PostgreSQL: the first word of the statement; "_OTHER"
  // when unknown.
  std::string_view operation;
  std::string_view target;            // HTTP: the path without query; cut at a limit of the observer's
  std::string_view protocol_version;  // HTTP: "1.0", "1.1"
  int status = 0;                     // HTTP status code; 0 when there was no answer
  Outcome outcome = Outcome::kAnswered;
  uint64_t request_bytes = 0;   // body bytes as sent on the wire, chunk framing excluded
  uint64_t response_bytes = 0;  // likewise
  TimePoint start{};
  TimePoint first_byte{};  // meaningful when a byte of the response came
  bool has_first_byte = false;
  TimePoint end{};
  Duration pipeline_wait{};  // from readable to start, for a request that waited behind others; 0 otherwise
  bool pipelined = false;    // there was another exchange before it on the connection when it arrived
  std::optional<TraceId> trace;        // from a sampled traceparent
  std::span<const CacheLookup> cache;  // at most one for each keyspace; empty when nothing was looked up

  // Databases and caches only.
  std::string_view database;  // db.namespace: Redis: the selected index, "0"; PostgreSQL: its database
  std::string_view error;  // Redis: the error's prefix, "WRONGTYPE"; PostgreSQL: the SQLSTATE; "" for success
  std::string_view summary;  // db.query.summary: operation and tables, no literals, at most 255 bytes
  std::string_view query;    // the statement with its literals removed, cut at 2 KiB; when the sink wants it
  int64_t returned_rows = -1;  // -1: the protocol does not say
  bool blocking = false;       // it waits on purpose (BLPOP): its time is no latency
};

// What the session of a database connection is doing.
enum class SessionState : uint8_t { kClosed, kIdle, kActive, kInTransaction };
inline constexpr int kSessionStates = 4;

// Why an observer gave up on a connection.
enum class OpaqueReason : uint8_t {
  kNotProtocol,    // the bytes are not this protocol, or broke its rules
  kUpgraded,       // by agreement: CONNECT, encryption, replication; not a fault
  kLimit,          // a limit of the observer was reached: size of a head, depth of a pipeline
  kDesynchronized  // an answer without a request
};
inline constexpr int kOpaqueReasons = 4;

struct Protocol;

// Where observers put what they saw. One for each worker thread, called only there. Views in an Exchange live
// until the call returns.
class ExchangeSink {
 public:
  virtual ~ExchangeSink() = default;
  // The head of a request was read; `operation` and `target` are set. Each Started is followed by one Ended.
  virtual void Started(const Exchange& exchange) = 0;
  virtual void Ended(const Exchange& exchange) = 0;
  // Once at most for each connection; from here on its bytes are only counted.
  virtual void WentOpaque(OpaqueReason reason) = 0;

  // The keyspace that a key belongs to, as a small number that stays valid; so an observer keeps a number for
  // each key that it waits for and not the key. 0 is "no keyspace".
  virtual uint32_t Keyspace(std::string_view key) {
    (void)key;
    return 0;
  }
  // Whether Exchange::query is of use to it; asked once for each connection, when its observer is made.
  virtual bool WantsQueries() const { return false; }
  // Where the exchanges of a connection go whose protocol was told from its first bytes (protocol.h's
  // `auto`). Lives as long as this one. Asked once for each connection, and not of a sink that knows its
  // protocol.
  virtual ExchangeSink& Detected(const Protocol& protocol) {
    (void)protocol;
    return *this;
  }
  // A connection's session changes what it does; the first is from kClosed, the last to kClosed.
  virtual void SessionChanged(SessionState from, SessionState to) {
    (void)from;
    (void)to;
  }
};

}  // namespace sidelight
