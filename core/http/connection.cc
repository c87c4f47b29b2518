#include "core/http/connection.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "core/base/log.h"

namespace sidelight::http {
namespace {

// Up to here a head and its body leave in one piece.
constexpr size_t kJoinBytes = 64 * 1024;

}  // namespace

Connection::Connection(const ServerOptions& options, const Handler& handler, Peer peer, Socket* socket,
                       Departures& departures)
    : options_(options),
      handler_(handler),
      peer_(std::move(peer)),
      socket_(socket),
      client_(departures, *socket) {}

bool Connection::Serve() {
  while (true) {
    RequestParser parser(options_.max_head_bytes, options_.max_body_bytes);
    parser.request().remote_address = peer_.address;
    parser.request().from_loopback = peer_.loopback;
    parser.request().client = &client_;
    if (Read(&parser) == Step::kEnd || Answer(&parser) == Step::kEnd) return answered_last_;
    if (!input_.empty()) continue;
    // An idle connection owns no buffer.
    input_ = std::string();
    const TimePoint idle_until = SystemClock().Now() + options_.idle_deadline;
    if (socket_->Read(&input_, idle_until) != Io::kOk) return answered_last_;
  }
}

Connection::Step Connection::Read(RequestParser* parser) {
  bool in_body = false;
  Duration patience = options_.header_deadline;
  TimePoint deadline = SystemClock().Now() + patience;
  while (true) {
    const auto used = parser->Feed(input_);
    if (!used) return Refuse(parser->request(), used.error());
    input_.erase(0, *used);
    if (parser->is_whole()) return Step::kGoOn;
    if (parser->head_is_whole() && !std::exchange(in_body, true)) {
      patience = options_.body_deadline;
      deadline = SystemClock().Now() + patience;
      if (parser->expects_continue() &&
          socket_->Write("HTTP/1.1 100 Continue\r\n\r\n", deadline) != Io::kOk) {
        return Step::kEnd;
      }
    }
    const Io io = socket_->Read(&input_, deadline);
    if (io == Io::kOk) continue;
    if (io == Io::kClosed || !parser->begun()) {
      answered_last_ = false;
      return Step::kEnd;
    }
    return Refuse(parser->request(), {408, "request_timeout",
                                      fmt::format("the {} of the request was not complete after {} s",
                                                  in_body ? "body" : "head", Seconds(patience))});
  }
}

Connection::Step Connection::Answer(RequestParser* parser) {
  auto afterwards = Afterwards::kClose;
  if (parser->keep_alive()) {
    afterwards = parser->is_http_1_0() ? Afterwards::kKeepAliveSaid : Afterwards::kKeepAlive;
  }
  const Request& request = parser->request();
  answered_last_ = Write(request, Call(request), afterwards);
  return answered_last_ && parser->keep_alive() ? Step::kGoOn : Step::kEnd;
}

Response Connection::Call(const Request& request) {
  std::string what = "an unknown exception";
  try {
    return handler_(request);
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
  }
  log::Error("an API handler failed", {{"method", request.method}, {"path", request.path}, {"error", what}});
  return options_.error_page(
      request, {500, "internal", "the request failed inside the server; its log has a line about it"});
}

Connection::Step Connection::Refuse(const Request& request, const Failure& failure) {
  answered_last_ = Write(request, options_.error_page(request, failure), Afterwards::kClose);
  return Step::kEnd;
}

bool Connection::Write(const Request& request, const Response& response, Afterwards afterwards) {
  std::string head = ResponseHead(response, afterwards, SystemClock().UnixNow());
  std::string_view body = response.body;
  if (request.method == "HEAD" || response.status == 204) body = {};
  if (body.size() <= kJoinBytes) head += std::exchange(body, {});
  // The deadline begins here: the handler's own time is not the client's fault.
  const TimePoint deadline = SystemClock().Now() + options_.write_deadline;
  return socket_->Write(head, deadline) == Io::kOk && socket_->Write(body, deadline) == Io::kOk;
}

}  // namespace sidelight::http
