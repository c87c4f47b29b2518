// The observer of memcached, text and binary protocol over TCP (protocol.txt and protocol-binary.txt of its
// sources): a parser for each direction, and between them the queue of requests that wait for their answers.
// The first byte that the client sends says which of the two protocols the connection speaks.
//
// What is an exchange, beyond a command and its answer:
// - A request that asks for no answer (noreply, quit, QuitQ) is an exchange that starts with its first byte
// and
//   ends with its last, kAnswered without a first byte of an answer.
// - The answer to a quiet one (binary GetQ, SetQ ..., meta commands with the q flag) may be silence: a miss,
// or
//   success. Silence is told by the answer to a later request, at the time of whose first byte the quiet one
//   ends. Quiet requests are Started only when their answer begins, or together with their end: nobody waits
//   for them. Those of which nothing was heard when the connection ends are kUnobserved, but answered if the
//   client had said quit and the server then closed in order.
// - `cache` is set for lookups that were answered without an error: get, gets, gat, gats and mg.
//   docs/protocols/memcached.md has the rules, which are those of memcached's own get_hits and get_misses.
// - Under pipelining a request's own clock starts when the answer before it has ended; silence does not
// count.
//
// An answer without a request, or one that does not fit it, makes the connection opaque (kDesynchronized), as
// do more requests than PendingQueue holds, a line above kMaxLine (kLimit), and what we cannot read
// (kNotProtocol). `watch` turns a connection into a log and so is kUpgraded.
#pragma once

#include <memory>

#include "collector/protocols/observer.h"

namespace sidelight::memcached {

// `sink` must outlive the observer.
std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink);

}  // namespace sidelight::memcached
