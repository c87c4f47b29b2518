#include "exporters/alertmanager/post.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

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

Poster::Poster(const Destination& destination, Duration idle_limit)
    : settings_(destination.client),
      alertmanager_(destination.url.authority),
      connection_(destination.url, destination.client.Options(destination.timeout, kMaxAnswerBytes),
                  idle_limit) {}

Status Poster::Post(std::string payload) {
  Result<http::Fields> headers = settings_.Headers();
  if (!headers) return tl::unexpected<Error>(std::move(headers.error()));
  const Result<http::Response> answer = connection_.Send({.method = "POST",
                                                          .target = std::string(kAlerts),
                                                          .content_type = "application/json",
                                                          .headers = *std::move(headers),
                                                          .body = std::move(payload),
                                                          .repeatable = true});
  if (!answer) return tl::unexpected<Error>(answer.error());
  if (answer->status / 100 != 2) {
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: it answered {}", alertmanager_, answer->status));
  }
  return {};
}

}  // namespace sidelight::alertmanager
