#include "exporters/prometheus/remote_write/sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/base/log.h"
#include "core/http/retry_after.h"
#include "core/wire/remote_write/decode.h"
#include "core/wire/remote_write/encode.h"

namespace sidelight::remote_write {
namespace {

using delivery::Outcome;
using enum Outcome::Result;

constexpr size_t kMaxAnswerBytes = 64 * 1024;  // an error's text; nothing else is read
constexpr size_t kShownBytes = 200;
constexpr int kUnsupportedMediaType = 415;
constexpr int kTooManyRequests = 429;

http::ClientOptions OptionsOf(const Destination& destination) {
  http::ClientOptions options = destination.client.Options(destination.timeout, kMaxAnswerBytes);
  options.excess = http::Excess::kCut;
  return options;
}

std::optional<std::string_view> HeaderOf(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (http::EqualsIgnoringCase(key, name)) return value;
  }
  return std::nullopt;
}

// What it says it has written; nothing when it does not say.
std::optional<uint64_t> Written(const http::Response& response) {
  std::optional<uint64_t> sum;
  for (const std::string_view kind : {"Samples", "Histograms", "Exemplars"}) {
    const auto text = HeaderOf(response, fmt::format("X-Prometheus-Remote-Write-{}-Written", kind));
    if (!text) continue;
    uint64_t n = 0;  // also of what is no number
    std::from_chars(text->data(), text->data() + text->size(), n);
    // Exemplars are no points.
    sum = sum.value_or(0) + (kind == "Exemplars" ? 0 : n);
  }
  return sum;
}

std::string FirstLine(std::string_view body) {
  return std::string(body.substr(0, std::min(body.find_first_of("\r\n"), kShownBytes)));
}

}  // namespace

Sender::Sender(const Destination& destination, std::string user_agent, std::shared_ptr<Receiver> receiver,
               const Clock& clock)
    : settings_(destination.client),
      target_(destination.url.path.empty() ? "/" : ""),
      name_(destination.name),
      user_agent_(std::move(user_agent)),
      native_histograms_(destination.send_native_histograms),
      receiver_(std::move(receiver)),
      clock_(clock),
      connection_(destination.url, OptionsOf(destination)) {}

Outcome Sender::Send(const delivery::Request& request) {
  const Result<Payload> payload = Unpack(request.body);
  if (!payload) return {.result = kRefused, .problem = payload.error().message};
  if (payload->message == Message::kWrite1)
    return SendAs(Message::kWrite1, std::string(payload->body), request);
  if (!receiver_->knows_only_1.load(std::memory_order_relaxed)) {
    Outcome outcome = SendAs(Message::kWrite2, std::string(payload->body), request);
    if (!misread_) return outcome;
    if (!receiver_->knows_only_1.exchange(true)) {
      log::Warn("the receiver does not know remote write 2.0; it gets 1.0 from now on",
                {{"destination", name_}});
    }
  }
  return SendDowngraded(payload->body, request);
}

Outcome Sender::SendDowngraded(std::string_view body, const delivery::Request& request) {
  const Result<std::vector<Series>> series = Decode2(body);
  if (!series) return {.result = kRefused, .problem = series.error().message};
  EncodedWrite encoded = Encode1(*series, {}, {.native_histograms = native_histograms_});
  // All of it were histograms, which 1.0 does not know.
  if (encoded.samples + encoded.histograms == 0) return {.rejected_points = request.points};
  return SendAs(Message::kWrite1, std::move(encoded.body), request);
}

Outcome Sender::SendAs(Message message, std::string body, const delivery::Request& request) {
  misread_ = false;
  const bool second = message == Message::kWrite2;
  Result<http::Fields> headers = settings_.Headers();
  // A file that cannot be read may be there again soon.
  if (!headers) return {.result = kRetry, .problem = std::move(headers.error().message)};
  const http::Fields secrets = *headers;
  headers->emplace_back("User-Agent", user_agent_);
  headers->emplace_back("Content-Encoding", "snappy");
  headers->emplace_back("X-Prometheus-Remote-Write-Version", second ? "2.0.0" : "0.1.0");
  Result<http::Response> response =
      connection_.Send({.method = "POST",
                        .target = target_,
                        .content_type = second ? "application/x-protobuf;proto=io.prometheus.write.v2.Request"
                                               : "application/x-protobuf",
                        .headers = *std::move(headers),
                        .body = std::move(body),
                        .repeatable = true});
  if (!response) return {.result = kRetry, .problem = response.error().message};
  // Before it is cut, as a part of a secret would not be recognised.
  response->body = http::WithoutSecrets(std::move(response->body), secrets);
  Outcome outcome = second ? Understand2(*response, request) : Understand(*response);
  outcome.answer = std::to_string(response->status);
  return outcome;
}

// Of an answer to 2.0, which may say how much it has written.
Outcome Sender::Understand2(const http::Response& response, const delivery::Request& request) {
  Outcome outcome = Understand(response);
  const std::optional<uint64_t> written = Written(response);
  misread_ = response.status == kUnsupportedMediaType || (outcome.result == kDelivered && !written);
  if (misread_ || outcome.result == kRetry || !written || *written >= request.points) return outcome;
  // Of what it refuses it may have written a part all the same.
  if (outcome.result == kRefused && *written == 0) return outcome;
  outcome.result = kDelivered;
  outcome.rejected_points = request.points - *written;
  if (!outcome.problem.empty()) outcome.problem += "; ";
  outcome.problem += fmt::format("it has written {} of {} samples", *written, request.points);
  return outcome;
}

Outcome Sender::Understand(const http::Response& response) const {
  if (response.status / 100 == 2) return {};
  std::string problem = fmt::format("it answered {}", response.status);
  if (response.status / 100 == 3) problem += "; redirects are not followed, configure where it leads";
  if (const std::string text = FirstLine(response.body); !text.empty()) problem += ": " + text;
  const bool retryable = response.status / 100 == 5 || response.status == kTooManyRequests;
  if (!retryable) return {.result = kRefused, .problem = std::move(problem)};
  const std::optional<std::string_view> retry_after = HeaderOf(response, "Retry-After");
  return {.result = kRetry,
          .retry_after = retry_after ? http::ParseRetryAfter(*retry_after, clock_.UnixNow()) : std::nullopt,
          .problem = std::move(problem)};
}

}  // namespace sidelight::remote_write
