#include "src/cli/connect.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "core/http/client.h"
#include "core/wire/gzip.h"
#include "core/wire/remote_write/encode.h"
#include "exporters/alertmanager/post.h"
#include "exporters/otlp/payload.h"
#include "exporters/otlp/sender.h"
#include "exporters/prometheus/remote_write/payload.h"
#include "exporters/prometheus/remote_write/sender.h"

namespace sidelight::cli {
namespace {

using delivery::Outcome;

constexpr Duration kLongest = std::chrono::seconds(10);
constexpr char kUserAgent[] = "sidelight";

// What a server says is for a terminal: a line, and nothing that moves its cursor.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return text;
}

Connected Good(std::string_view name, std::string_view answer, std::string_view remark = {}) {
  std::string line = fmt::format("{}: ok ({})", name, answer);
  if (!remark.empty()) line += fmt::format("; {}", remark);
  return {.line = Printable(std::move(line)), .ok = true};
}

Connected Bad(std::string_view name, std::string_view problem) {
  return {.line = Printable(fmt::format("{}: {}", name, problem)), .ok = false};
}

Connected Told(std::string_view name, const Outcome& outcome) {
  if (outcome.result != Outcome::Result::kDelivered) return Bad(name, outcome.problem);
  return Good(name, outcome.answer, outcome.problem);
}

Connected ConnectTo(const alertmanager::Destination& destination) {
  const std::string name = fmt::format("alertmanager {}", alertmanager::Endpoint(destination));
  Result<http::Fields> headers = destination.client.Headers();
  if (!headers) return Bad(name, headers.error().message);
  http::ClientOptions options;
  options.timeout = std::min(destination.timeout, kLongest);
  options.connect_timeout = std::min(options.connect_timeout, options.timeout);
  options.max_body_bytes = 1 << 20;
  options.tls = destination.client.tls;
  const Result<http::Response> response =
      http::Fetch(destination.url, {.target = "/api/v2/status", .headers = *std::move(headers)}, options);
  if (!response) return Bad(name, response.error().message);
  if (response->status / 100 == 3) {
    return Bad(name, fmt::format("it answered {}; redirects are not followed, configure where it leads",
                                 response->status));
  }
  if (response->status != 200) return Bad(name, fmt::format("it answered {}", response->status));
  // A proxy's page to log in is an answer too.
  if (!nlohmann::json::parse(response->body, nullptr, false).is_object()) {
    return Bad(name, "it answered 200, and not as an Alertmanager does: /api/v2/status is no JSON object");
  }
  return Good(name, "200");
}

Connected ConnectTo(otlp::Destination destination) {
  destination.timeout = std::min(destination.timeout, kLongest);
  const bool json = destination.protocol == otlp::Protocol::kHttpJson;
  std::string message = json ? "{}" : "";
  otlp::Payload payload{.encoding = json ? otlp::Encoding::kJson : otlp::Encoding::kProtobuf,
                        .message = message};
  Result<std::string> compressed = wire::Gzip(message);
  if (destination.gzip && compressed) {
    payload.gzip = true;
    payload.message = *compressed;
  }
  const auto sender = otlp::MakeSender(destination, kUserAgent, SystemClock());
  return Told(fmt::format("otlp {}", destination.Name()), sender->Send({.body = Pack(payload)}));
}

Connected ConnectTo(remote_write::Destination destination) {
  using remote_write::Message;
  const std::string name = fmt::format("remote_write {}", destination.name);
  destination.timeout = std::min(destination.timeout, kLongest);
  const auto receiver = std::make_shared<remote_write::Receiver>();
  remote_write::Sender sender(destination, kUserAgent, receiver, SystemClock());
  const std::string first = remote_write::Encode1({}).body;
  const std::string second = remote_write::Encode2({}).body;
  const auto send = [&](Message message) {
    const remote_write::Payload payload{.message = message,
                                        .body = message == Message::kWrite2 ? second : first};
    return sender.Send({.body = Pack(payload)});
  };
  const Outcome outcome = send(destination.message);
  if (!receiver->knows_only_1) return Told(name, outcome);
  const Outcome again = send(Message::kWrite1);
  if (again.result != Outcome::Result::kDelivered) return Told(name, again);
  return Good(name, again.answer, "it does not know remote write 2.0, and gets 1.0");
}

}  // namespace

std::vector<Connected> Connect(const config::Config& config) {
  // Without a thread to be had it is done when its turn to be told comes.
  constexpr auto kHow = std::launch::async | std::launch::deferred;
  std::vector<std::future<Connected>> asked;
  const auto ask = [&](const auto& destination) {
    asked.push_back(std::async(kHow, [&destination] { return ConnectTo(destination); }));
  };
  std::for_each(config.alerting.settings.alertmanagers.begin(), config.alerting.settings.alertmanagers.end(),
                ask);
  std::for_each(config.exporters.otlp.begin(), config.exporters.otlp.end(), ask);
  std::for_each(config.exporters.remote_write.begin(), config.exporters.remote_write.end(), ask);
  std::vector<Connected> answers;
  for (std::future<Connected>& one : asked) answers.push_back(one.get());
  return answers;
}

}  // namespace sidelight::cli
