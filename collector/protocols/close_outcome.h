// What becomes of requests without a whole answer when a side of their connection is closed: the part of it
// that is the same in every protocol.
#pragma once

#include "collector/protocols/exchange.h"
#include "collector/protocols/observer.h"

namespace sidelight {

// When the response side is closed for `reason`. kEnd and kReset depend on more than that: on whether the
// answer had begun (then it is kResponseIncomplete), and whether the client was gone before (kClientGone).
inline Outcome OutcomeOf(CloseReason reason) {
  switch (reason) {
    case CloseReason::kEnd:
    case CloseReason::kReset:
      return Outcome::kUpstreamClosed;
    case CloseReason::kConnectRefused:
      return Outcome::kConnectRefused;
    case CloseReason::kConnectTimeout:
      return Outcome::kConnectTimeout;
    case CloseReason::kDns:
      return Outcome::kDns;
    case CloseReason::kOverloaded:
      return Outcome::kOverloaded;
    case CloseReason::kTimeout:
      return Outcome::kTimeout;
    case CloseReason::kShutdown:
      return Outcome::kUnobserved;
  }
  return Outcome::kUnobserved;
}

}  // namespace sidelight
