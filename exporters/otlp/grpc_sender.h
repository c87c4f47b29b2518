// OTLP/gRPC.
#pragma once

#include <string>

#include "core/http/grpc_connection.h"
#include "exporters/otlp/sender.h"

namespace sidelight::otlp {

class GrpcSender final : public Sender {
 public:
  GrpcSender(const Destination& destination, std::string user_agent);
  delivery::Outcome Send(const delivery::Request& request) override;

 private:
  const http::ClientSettings settings_;
  const std::string user_agent_;
  http::GrpcConnection connection_;
};

}  // namespace sidelight::otlp
