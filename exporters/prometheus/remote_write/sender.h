// Sender: one receiver's end of a connection, and what its answers mean: delivered, to be tried again, or
// refused for good. A receiver that does not know 2.0 gets 1.0 from then on.
//
// Blocks; one thread at a time: each shard has its own, and all of a destination share what they learned.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ , "Required Partial Write Support",
// "Retries & Backoff", "415".
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/http/client_connection.h"
#include "core/http/message.h"
#include "exporters/delivery/delivery.h"
#include "exporters/prometheus/remote_write/payload.h"
#include "exporters/prometheus/remote_write/settings.h"

namespace sidelight::remote_write {

// What the shards of a destination know of its receiver.
struct Receiver {
  std::atomic<bool> knows_only_1{false};
};

class Sender {
 public:
  Sender(const Destination& destination, std::string user_agent, std::shared_ptr<Receiver> receiver,
         const Clock& clock);

  // Of a request whose body is a packed one (payload.h).
  delivery::Outcome Send(const delivery::Request& request);

 private:
  delivery::Outcome SendAs(Message message, std::string body, const delivery::Request& request);
  delivery::Outcome SendDowngraded(std::string_view body, const delivery::Request& request);
  delivery::Outcome Understand(const http::Response& response) const;
  delivery::Outcome Understand2(const http::Response& response, const delivery::Request& request);

  const http::ClientSettings settings_;
  const std::string target_;
  const std::string name_;
  const std::string user_agent_;
  const bool native_histograms_;
  const std::shared_ptr<Receiver> receiver_;
  const Clock& clock_;
  http::ClientConnection connection_;
  bool misread_ = false;  // of the last answer: it is of a receiver that does not know 2.0
};

}  // namespace sidelight::remote_write
