#include "core/http/connection.h"

#include <fmt/format.h>

#include <utility>

#include "core/http/body.h"

namespace sidelight::http {

Connection::Connection(const ServerOptions& options, const Handler& handler, Peer peer, Socket* socket)
    : options_(options), peer_(std::move(peer)), socket_(socket), exchange_(options, handler) {}

bool Connection::Serve() {
  TimePoint deadline = SystemClock().Now() + options_.header_deadline;
  while (true) {
    Head head;
    head.request.remote_address = peer_.address;
    head.request.from_loopback = peer_.loopback;
    if (ReadHead(deadline, &head) == Step::kEnd || ReadBody(&head) == Step::kEnd ||
        Answer(&head) == Step::kEnd) {
      return answered_last_;
    }
    if (input_.empty()) {
      // An idle connection owns no buffer.
      input_ = std::string();
      const TimePoint idle_until = SystemClock().Now() + options_.idle_deadline;
      if (socket_->Read(&input_, idle_until) != Io::kOk) return answered_last_;
    }
    deadline = SystemClock().Now() + options_.header_deadline;
  }
}

Connection::Step Connection::ReadHead(TimePoint deadline, Head* head) {
  size_t searched = 0;
  size_t end = 0;
  while ((end = FindHeadEnd(input_, &searched)) == 0 && input_.size() < options_.max_head_bytes) {
    const Io io = socket_->Read(&input_, deadline);
    if (io == Io::kOk) continue;
    if (io == Io::kClosed || input_.empty()) {
      answered_last_ = false;
      return Step::kEnd;
    }
    return Refuse(head->request, {408, "request_timeout",
                                  fmt::format("the head of the request was not complete after {} s",
                                              Seconds(options_.header_deadline))});
  }
  if (end == 0 || end > options_.max_head_bytes) {
    if (input_.find('\n') >= options_.max_head_bytes) {
      return Refuse(head->request,
                    {414, "uri_too_long",
                     fmt::format("the request line has more than {} bytes", options_.max_head_bytes)});
    }
    return Refuse(head->request,
                  {431, "headers_too_large",
                   fmt::format("the head of the request has more than {} bytes", options_.max_head_bytes)});
  }
  const auto parsed = ParseHead(std::string_view(input_).substr(0, end), head);
  input_.erase(0, end);
  if (!parsed) return Refuse(head->request, parsed.error());
  return Step::kGoOn;
}

Connection::Step Connection::ReadBody(Head* head) {
  if (head->framing == BodyFraming::kNone) return Step::kGoOn;
  const TimePoint deadline = SystemClock().Now() + options_.body_deadline;
  BodyReader reader(head->framing, head->content_length, options_.max_body_bytes);
  bool continue_said = !head->expect_continue;
  while (true) {
    const auto used = reader.Feed(input_);
    if (!used) return Refuse(head->request, used.error());
    input_.erase(0, *used);
    if (reader.done()) break;
    if (!std::exchange(continue_said, true)) {
      if (socket_->Write("HTTP/1.1 100 Continue\r\n\r\n", deadline) != Io::kOk) return Step::kEnd;
    }
    const Io io = socket_->Read(&input_, deadline);
    if (io == Io::kOk) continue;
    if (io == Io::kClosed) {
      answered_last_ = false;
      return Step::kEnd;
    }
    return Refuse(head->request, {408, "request_timeout",
                                  fmt::format("the body of the request was not complete after {} s",
                                              Seconds(options_.body_deadline))});
  }
  head->request.body = reader.TakeBody();
  return Step::kGoOn;
}

Connection::Step Connection::Answer(Head* head) {
  auto after = Exchange::Connection::kClose;
  if (head->keep_alive) {
    after = head->http_1_0 ? Exchange::Connection::kKeepAliveSaid : Exchange::Connection::kKeepAlive;
  }
  answered_last_ = exchange_.Answer(&head->request, after, NewSink());
  return answered_last_ && head->keep_alive ? Step::kGoOn : Step::kEnd;
}

Connection::Step Connection::Refuse(const Request& request, const Failure& failure) {
  answered_last_ = exchange_.Refuse(request, failure, NewSink());
  return Step::kEnd;
}

Exchange::Sink Connection::NewSink() {
  // The deadline begins with the first byte of the response: the handler's own time is not the client's
  // fault.
  return [this, deadline = TimePoint()](std::string_view bytes) mutable {
    if (deadline == TimePoint()) deadline = SystemClock().Now() + options_.write_deadline;
    return socket_->Write(bytes, deadline) == Io::kOk;
  };
}

}  // namespace sidelight::http
