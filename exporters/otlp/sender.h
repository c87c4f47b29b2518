// Sender: one destination's end of a connection, and what its answers mean: delivered, to be tried again, or
// refused for good. Blocks; one thread at a time.
//
// Source: opentelemetry-proto, docs/specification.md: "OTLP/HTTP Response", "OTLP/gRPC Response",
// "OTLP/HTTP Throttling", "Retryable Response Codes".
#pragma once

#include <memory>
#include <string>

#include "core/base/clock.h"
#include "exporters/delivery/delivery.h"
#include "exporters/delivery/request.h"
#include "exporters/otlp/settings.h"

namespace sidelight::otlp {

class Sender {
 public:
  virtual ~Sender() = default;
  // Of a request whose body is a packed message (payload.h).
  virtual delivery::Outcome Send(const delivery::Request& request) = 0;
};

// By the destination's protocol. `user_agent` as "sidelight/1.2.3".
std::unique_ptr<Sender> MakeSender(const Destination& destination, std::string user_agent,
                                   const Clock& clock);

}  // namespace sidelight::otlp
