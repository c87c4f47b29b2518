#include "exporters/otlp/http_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/http/retry_after.h"
#include "core/wire/otlp/answer.h"
#include "exporters/otlp/payload.h"

namespace sidelight::otlp {
namespace {

using delivery::Outcome;
using enum Outcome::Result;

constexpr std::string_view kProtobufType = "application/x-protobuf";
constexpr std::string_view kJsonType = "application/json";
constexpr std::array kRetryable = {429, 502, 503, 504};

Encoding EncodingOf(const http::Response& response) {
  const std::string_view type = std::string_view(response.content_type).substr(0, kJsonType.size());
  return http::EqualsIgnoringCase(type, kJsonType) ? Encoding::kJson : Encoding::kProtobuf;
}

// What it says is wrong; "" when it says nothing that can be read.
std::string ComplaintOf(const http::Response& response) {
  const Result<StatusMessage> status = DecodeStatus(response.body, EncodingOf(response));
  return status ? status->message : "";
}

}  // namespace

HttpSender::HttpSender(const Destination& destination, std::string user_agent, const Clock& clock)
    : settings_(destination.client),
      target_(destination.target.empty() && destination.url.path.empty() ? "/" : destination.target),
      user_agent_(std::move(user_agent)),
      clock_(clock),
      connection_(destination.url, destination.client.Options(destination.timeout, kMaxAnswerBytes)) {}

Outcome HttpSender::Send(const delivery::Request& request) {
  const Result<Payload> payload = Unpack(request.body);
  if (!payload) return {.result = kRefused, .problem = payload.error().message};
  Result<http::Fields> headers = settings_.Headers();
  // A file that cannot be read may be there again soon.
  if (!headers) return {.result = kRetry, .problem = std::move(headers.error().message)};
  const http::Fields secrets = *headers;
  headers->emplace_back("User-Agent", user_agent_);
  if (payload->gzip) headers->emplace_back("Content-Encoding", "gzip");
  const Result<http::Response> response = connection_.Send(
      {.method = "POST",
       .target = target_,
       .content_type = std::string(payload->encoding == Encoding::kJson ? kJsonType : kProtobufType),
       .headers = *std::move(headers),
       .body = std::string(payload->message),
       // As delivery would, but at once: a server that gives an idle connection up is no failure.
       .repeatable = true});
  if (!response) {
    // An answer beyond the limit is an answer: the specification wants it not to be tried again.
    const bool answered = response.error().code == ErrorCode::kLimit;
    return {.result = answered ? kRefused : kRetry, .problem = response.error().message};
  }
  Outcome outcome = Understand(*response);
  outcome.problem = http::WithoutSecrets(std::move(outcome.problem), secrets);
  outcome.answer = std::to_string(response->status);
  return outcome;
}

Outcome HttpSender::Understand(const http::Response& response) const {
  if (response.status / 100 == 2) {
    const Result<Answer> answer = DecodeAnswer(response.body, EncodingOf(response));
    // It took the request, whatever else it says.
    if (!answer) return {.problem = "its answer cannot be read: " + answer.error().message};
    return {.rejected_points = static_cast<uint64_t>(std::max<int64_t>(0, answer->rejected_data_points)),
            .problem = answer->error_message};
  }
  std::string problem = fmt::format("it answered {}", response.status);
  if (response.status / 100 == 3) problem += "; redirects are not followed, configure where it leads";
  if (const std::string complaint = ComplaintOf(response); !complaint.empty()) problem += ": " + complaint;
  if (std::find(kRetryable.begin(), kRetryable.end(), response.status) == kRetryable.end()) {
    return {.result = kRefused, .problem = std::move(problem)};
  }
  return {.result = kRetry,
          .retry_after = http::ParseRetryAfter(response.Header("Retry-After"), clock_.UnixNow()),
          .problem = std::move(problem)};
}

}  // namespace sidelight::otlp
