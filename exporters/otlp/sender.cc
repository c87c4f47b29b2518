#include "exporters/otlp/sender.h"

#include <string_view>
#include <utility>

#include "exporters/otlp/grpc_sender.h"
#include "exporters/otlp/http_sender.h"

namespace sidelight::otlp {
namespace {

// What is shorter is no secret worth the name, and half of every sentence.
constexpr size_t kShortestSecret = 4;

void Replace(std::string_view secret, std::string* text) {
  constexpr std::string_view kInstead = "<secret>";
  if (secret.size() < kShortestSecret) return;
  for (size_t at = 0; (at = text->find(secret, at)) != std::string::npos; at += kInstead.size()) {
    text->replace(at, secret.size(), kInstead);
  }
}

}  // namespace

std::string WithoutSecrets(std::string text, const http::Fields& sent) {
  for (const auto& [name, value] : sent) {
    Replace(value, &text);
    // "Bearer abc": what follows the scheme.
    const size_t space = value.find(' ');
    if (space != std::string::npos) Replace(std::string_view(value).substr(space + 1), &text);
  }
  return text;
}

std::unique_ptr<Sender> MakeSender(const Destination& destination, std::string user_agent,
                                   const Clock& clock) {
  if (destination.protocol == Protocol::kGrpc)
    return std::make_unique<GrpcSender>(destination, std::move(user_agent));
  return std::make_unique<HttpSender>(destination, std::move(user_agent), clock);
}

}  // namespace sidelight::otlp
