// The observer of PostgreSQL's protocol 3.x ("Frontend/Backend Protocol" in PostgreSQL's documentation): two
// framers, one for each direction, and between them the queue of what the server has still to answer.
//
// What is an exchange:
// - Each executed statement: of a Query each statement in its string, else each Execute and FunctionCall. It
//   ends with its CommandComplete, EmptyQueryResponse, PortalSuspended, FunctionCallResponse or
//   ErrorResponse, not with ReadyForQuery. Its `error` is the SQLSTATE.
// - The second and further Execute of a portal is a FETCH of its tables.
// - A Parse that fails and that no Execute followed, as the statement that it would have been.
// - The startup, "CONNECT": from its first byte to the first ReadyForQuery, so that a server that is down,
//   full or that refuses the user shows as errors.
// - What the server discards after an error, up to the next Sync, was never executed: its exchanges end as
//   kUnobserved, or never start. A Sync, a CancelRequest and what is only prepared are no exchanges.
// - A COPY in both directions (replication) is `blocking`: it waits on purpose.
//
// Passwords and parameters are never looked at, and of SQL only a summary is kept. An accepted SSLRequest or
// GSSENCRequest makes the connection opaque (kUpgraded), an answer to nothing does (kDesynchronized), and so
// do more than PendingQueue holds (kLimit) and whatever else we cannot read (kNotProtocol).
#pragma once

#include <memory>

#include "collector/protocols/observer.h"

namespace sidelight::postgres {

// `sink` must outlive the observer.
std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink);

}  // namespace sidelight::postgres
