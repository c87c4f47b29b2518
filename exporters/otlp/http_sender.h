// OTLP/HTTP, protobuf and JSON alike.
#pragma once

#include <string>

#include "core/base/clock.h"
#include "core/http/client_connection.h"
#include "core/http/message.h"
#include "exporters/otlp/sender.h"

namespace sidelight::otlp {

class HttpSender final : public Sender {
 public:
  HttpSender(const Destination& destination, std::string user_agent, const Clock& clock);
  delivery::Outcome Send(const delivery::Request& request) override;

 private:
  delivery::Outcome Understand(const http::Response& response) const;

  const http::ClientSettings settings_;
  const std::string target_;
  const std::string user_agent_;
  const Clock& clock_;
  http::ClientConnection connection_;
};

}  // namespace sidelight::otlp
