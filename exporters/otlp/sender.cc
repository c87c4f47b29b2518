#include "exporters/otlp/sender.h"

#include <utility>

#include "exporters/otlp/grpc_sender.h"
#include "exporters/otlp/http_sender.h"

namespace sidelight::otlp {
std::unique_ptr<Sender> MakeSender(const Destination& destination, std::string user_agent,
                                   const Clock& clock) {
  if (destination.protocol == Protocol::kGrpc)
    return std::make_unique<GrpcSender>(destination, std::move(user_agent));
  return std::make_unique<HttpSender>(destination, std::move(user_agent), clock);
}

}  // namespace sidelight::otlp
