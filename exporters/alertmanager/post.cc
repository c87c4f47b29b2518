#include "exporters/alertmanager/post.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/http/client.h"

namespace sidelight::alertmanager {
namespace {

constexpr std::string_view kAlerts = "/api/v2/alerts";
// An Alertmanager says nothing, or in a few lines what is wrong with the alerts.
constexpr size_t kMaxAnswerBytes = 64 * 1024;

}  // namespace

std::string Endpoint(const Destination& destination) {
  return fmt::format("{}://{}{}{}", destination.url.tls ? "https" : "http", destination.url.authority,
                     destination.url.path, kAlerts);
}

Status Post(const Destination& destination, std::string payload, Duration timeout) {
  Result<http::Fields> headers = destination.client.Headers();
  if (!headers) return tl::unexpected<Error>(std::move(headers.error()));
  http::ClientOptions options;
  options.connect_timeout = std::min(options.connect_timeout, timeout);
  options.timeout = timeout;
  options.max_body_bytes = kMaxAnswerBytes;
  options.tls = destination.client.tls;
  const Result<http::Response> answer = http::Fetch(destination.url,
                                                    {.method = "POST",
                                                     .target = std::string(kAlerts),
                                                     .content_type = "application/json",
                                                     .headers = *std::move(headers),
                                                     .body = std::move(payload)},
                                                    options);
  if (!answer) return tl::unexpected<Error>(answer.error());
  if (answer->status / 100 != 2) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{}: it answered {}", destination.url.authority, answer->status));
  }
  return {};
}

}  // namespace sidelight::alertmanager
