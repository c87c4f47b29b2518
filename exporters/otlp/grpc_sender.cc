#include "exporters/otlp/grpc_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/wire/otlp/answer.h"
#include "exporters/otlp/payload.h"

namespace sidelight::otlp {
namespace {

using delivery::Outcome;
using http::GrpcStatus;
using enum Outcome::Result;

constexpr char kExport[] = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

bool IsRetryable(GrpcStatus status, bool has_delay) {
  switch (status) {
    case GrpcStatus::kCancelled:
    case GrpcStatus::kDeadlineExceeded:
    case GrpcStatus::kAborted:
    case GrpcStatus::kOutOfRange:
    case GrpcStatus::kUnavailable:
    case GrpcStatus::kDataLoss:
      return true;
    // Only when the server says that it will recover.
    case GrpcStatus::kResourceExhausted:
      return has_delay;
    default:
      return false;
  }
}

Outcome Understand(const http::GrpcAnswer& answer) {
  if (answer.status == GrpcStatus::kOk) {
    // It took the request, whatever else it says.
    if (!answer.problem.empty()) return {.problem = answer.problem};
    const Result<Answer> message = DecodeAnswer(answer.message, Encoding::kProtobuf);
    if (!message) return {.problem = "its answer cannot be read: " + message.error().message};
    return {.rejected_points = static_cast<uint64_t>(std::max<int64_t>(0, message->rejected_data_points)),
            .problem = message->error_message};
  }
  std::optional<Duration> delay;
  if (const Result<StatusMessage> details = DecodeStatus(answer.details, Encoding::kProtobuf)) {
    delay = details->retry_delay;
  }
  std::string problem = fmt::format("it answered {}", http::GrpcStatusName(answer.status));
  if (!answer.text.empty()) problem += ": " + answer.text;
  return {.result = IsRetryable(answer.status, delay.has_value()) ? kRetry : kRefused,
          .retry_after = delay,
          .problem = std::move(problem)};
}

}  // namespace

GrpcSender::GrpcSender(const Destination& destination, std::string user_agent)
    : settings_(destination.client),
      user_agent_(std::move(user_agent)),
      connection_(destination.url, destination.client.Options(destination.timeout, kMaxAnswerBytes)) {}

Outcome GrpcSender::Send(const delivery::Request& request) {
  const Result<Payload> payload = Unpack(request.body);
  if (!payload) return {.result = kRefused, .problem = payload.error().message};
  if (payload->encoding != Encoding::kProtobuf) {
    return {.result = kRefused, .problem = "it was queued as JSON, which gRPC does not carry"};
  }
  Result<http::Fields> headers = settings_.Headers();
  if (!headers) return {.result = kRetry, .problem = std::move(headers.error().message)};
  const http::Fields secrets = *headers;
  headers->emplace_back("User-Agent", user_agent_);
  const Result<http::GrpcAnswer> answer = connection_.Call({.method = kExport,
                                                            .message = std::string(payload->message),
                                                            .is_gzip = payload->gzip,
                                                            .metadata = *std::move(headers)});
  if (answer) {
    Outcome outcome = Understand(*answer);
    outcome.problem = http::WithoutSecrets(std::move(outcome.problem), secrets);
    outcome.answer = http::GrpcStatusName(answer->status);
    return outcome;
  }
  const bool answered = answer.error().code == ErrorCode::kLimit;
  return {.result = answered ? kRefused : kRetry, .problem = answer.error().message};
}

}  // namespace sidelight::otlp
