#include "core/http/client_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/http/link.h"
#include "core/http/response_parser.h"

namespace sidelight::http {
namespace {

constexpr std::string_view kUserAgent = "User-Agent";

// A value that would begin another header, or another request.
Status Check(const ClientRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (!IsHeaderName(name) || !IsHeaderValue(value)) {
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("the header {} has a line break or another character in it that does not belong "
                      "there",
                      IsHeaderName(name) ? name : "without a proper name"));
    }
  }
  return {};
}

std::string Head(const Url& url, const ClientRequest& request, bool keep) {
  const bool names_itself =
      std::any_of(request.headers.begin(), request.headers.end(),
                  [](const auto& field) { return EqualsIgnoringCase(field.first, kUserAgent); });
  std::string head = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", request.method, url.path, request.target,
                                 url.authority);
  if (!keep) head += "Connection: close\r\n";
  if (!names_itself) head += fmt::format("{}: sidelight\r\n", kUserAgent);
  for (const auto& [name, value] : request.headers) head += fmt::format("{}: {}\r\n", name, value);
  if (!request.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", request.content_type);
  if (!request.body.empty() || request.method == "POST") {
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  return head + "\r\n";
}

// What a server that expects TLS says to a request without it.
bool IsTlsAlert(std::string_view bytes) {
  return bytes.starts_with("\x15\x03");
}

Io SendAll(Link& link, const std::string& head, const std::string& body, TimePoint deadline) {
  constexpr size_t kTogether = 16 * 1024;  // copying less is cheaper than a packet of its own
  if (body.size() <= kTogether) {
    return link.Write(head + body, deadline);
  }
  const Io io = link.Write(head, deadline);
  return io == Io::kOk ? link.Write(body, deadline) : io;
}

}  // namespace

ClientConnection::ClientConnection(Url url, ClientOptions options, Duration idle_limit)
    : url_(std::move(url)), options_(std::move(options)), idle_limit_(idle_limit) {}

ClientConnection::~ClientConnection() = default;

void ClientConnection::Close() {
  link_.reset();
}

Result<Response> ClientConnection::Send(const ClientRequest& request) {
  Result<Response> answer = Try(request);
  if (!answer) {
    Close();
    answer.error().message = fmt::format("{}: {}", url_.authority, answer.error().message);
  }
  return answer;
}

Result<Response> ClientConnection::Try(const ClientRequest& request) {
  if (const Status checked = Check(request); !checked) return tl::unexpected<Error>(checked.error());
  const TimePoint deadline = SystemClock().Now() + options_.timeout;
  bool silent = false;
  if (link_ != nullptr) {
    if (SystemClock().Now() - idle_since_ <= idle_limit_ && link_->IsQuiet() && link_->IsCurrent(options_)) {
      Result<Response> answer = Exchange(request, deadline, &silent);
      if (answer || !silent || !request.repeatable) return answer;
    }
    Close();
  }
  Result<std::unique_ptr<Link>> made = Link::Make(url_, options_, deadline);
  if (!made) return tl::unexpected<Error>(std::move(made.error()));
  link_ = *std::move(made);
  ++connections_;
  return Exchange(request, deadline, &silent);
}

// `silent`: the connection ended before the first byte of a response.
Result<Response> ClientConnection::Exchange(const ClientRequest& request, TimePoint deadline, bool* silent) {
  const auto too_late = [&] {
    return Fail(ErrorCode::kTimeout,
                fmt::format("the response was not whole after {:.6g} s", Seconds(options_.timeout)));
  };
  const bool keep = idle_limit_ > Duration::zero();
  // A server that refuses a request may answer and close before it has read all of it, so a failed write is
  // no reason not to read.
  const Io sent = SendAll(*link_, Head(url_, request, keep), request.body, deadline);
  if (sent == Io::kTimeout) return too_late();

  ResponseParser parser(options_.max_head_bytes, options_.max_body_bytes, options_.excess);
  std::string bytes;
  *silent = true;
  while (!parser.is_whole()) {
    bytes.clear();
    const Io io = link_->Read(&bytes, deadline);
    if (io == Io::kTimeout) {
      *silent = false;
      return too_late();
    }
    // An end that anybody on the way could have made ends no body.
    if (io == Io::kClosed && !link_->failure().empty()) {
      return Fail(ErrorCode::kUnavailable, std::string(link_->failure()));
    }
    *silent = *silent && io == Io::kClosed;
    const Status fed = io == Io::kOk ? parser.Feed(bytes) : parser.Finish();
    if (!fed && !url_.tls && IsTlsAlert(bytes)) {
      return Fail(fed.error().code, fed.error().message + "; is TLS spoken at this port? then write https");
    }
    if (!fed) return tl::unexpected<Error>(fed.error());
  }
  if (keep && sent == Io::kOk && parser.connection_stays()) {
    idle_since_ = SystemClock().Now();
  } else {
    Close();
  }
  return std::move(parser.response());
}

}  // namespace sidelight::http
