// The observer of HTTP/1.0 and 1.1 (RFC 9110, RFC 9112): two parsers, one for each direction, and between
// them the queue of requests that wait for their answers.
//
// What is an exchange, beyond a request and its response:
// - An interim response (1xx but 101) is not the answer; time to first byte is that of the final response.
// - A 101, or a 2xx to a CONNECT, ends the exchange with its head; the connection is opaque (kUpgraded) from
// there.
// - A response of text/event-stream ends the exchange with its head too; its body is skipped to its end, then
// the
//   connection goes on. Requests sent meanwhile wait for that end like any pipelined request.
// - A response may end before its request does; that ends the exchange, and the rest of the body is consumed.
// - An answer when no request's head was read whole makes the connection opaque (kDesynchronized); so does
// more
//   than PendingQueue holds, or a head above Parser::kMaxHead (kLimit), and whatever else we cannot read
//   (kNotProtocol). Requests that wait then end as kUnobserved.
// - When the response side is closed, the first waiting request was within its answer if a byte of its final
//   response came. A request whose head becomes whole after that gets the same outcome at once.
#pragma once

#include <memory>

#include "collector/protocols/http1/methods.h"
#include "collector/protocols/observer.h"

namespace sidelight::http1 {

// `sink` must outlive the observer. Methods are those of KnownMethods::FromEnvironment.
std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink);
// `methods` must outlive it as well.
std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink, const KnownMethods& methods);

}  // namespace sidelight::http1
