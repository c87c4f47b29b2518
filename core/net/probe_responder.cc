#include "core/net/probe_responder.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <array>
#include <utility>

#include "core/net/socket_stream.h"

namespace sidelight::net {
namespace {

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string Render(const ProbeAnswer& answer, bool with_body) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n{}Connection: "
      "close\r\n"
      "\r\n{}",
      answer.status, Reason(answer.status), answer.text.size(),
      answer.status == 405 ? "Allow: GET, HEAD\r\n" : "", with_body ? answer.text : "");
}

}  // namespace

class ProbeResponder::Connection final : public EventHandler, public Buried {
 public:
  Connection(ProbeResponder* owner, int fd) : owner_(owner), stream_(fd) {}

  bool Start() {
    deadline_ = owner_->loop_.RunAfter(kHeaderDeadline, [this] {
      deadline_ = kNoTimer;
      // Who has been answered and does not go away gets no second answer.
      if (!answered_) stream_.Write(Render({408, "The header did not come in time.\n"}, true));
      owner_->Close(this);
    });
    return owner_->loop_.Add(stream_.fd(), EPOLLIN, this);
  }
  // After this it is not called again; the owner may be gone before it is destroyed.
  void Leave() {
    owner_->loop_.Remove(stream_.fd(), this);
    owner_->loop_.Cancel(deadline_);
  }

 private:
  void OnEvents(uint32_t) override {
    std::array<char, 2048> chunk;
    const IoResult got = stream_.Read(chunk);
    if (got.status == IoStatus::kWouldBlock) return;
    if (got.status != IoStatus::kOk) return owner_->Close(this);
    // After the answer we only wait for the client's end: a close with bytes unread would be a reset, and
    // could take the answer with it.
    if (answered_) return;
    head_.append(chunk.data(), got.n);
    const size_t end = head_.find("\r\n\r\n");
    if (end == head_.npos && head_.size() < kMaxHeader) return;
    const std::string answer =
        end == head_.npos || end > kMaxHeader
            ? Render({431, fmt::format("The header is longer than {} bytes.\n", kMaxHeader)}, true)
            : owner_->Answer(std::string_view(head_).substr(0, end));
    // A few hundred bytes into an empty socket: they fit.
    stream_.Write(answer);
    stream_.ShutdownWrite();
    answered_ = true;
    head_ = std::string();
  }

  ProbeResponder* const owner_;
  SocketStream stream_;
  TimerId deadline_ = kNoTimer;
  std::string head_;
  bool answered_ = false;
};

ProbeResponder::ProbeResponder(Listener& listener, EventLoop& loop, Handler handler)
    : loop_(loop), handler_(std::move(handler)), acceptor_(listener, loop, *this) {}

ProbeResponder::~ProbeResponder() {
  for (const auto& connection : connections_) connection->Leave();
}

bool ProbeResponder::Start() {
  return acceptor_.Start();
}

void ProbeResponder::OnAccept(int fd) {
  if (connections_.size() >= kMaxConnections) Close(connections_.front().get());
  connections_.push_back(std::make_unique<Connection>(this, fd));
  if (!connections_.back()->Start()) Close(connections_.back().get());
}

void ProbeResponder::Close(Connection* connection) {
  connection->Leave();
  for (auto at = connections_.begin(); at != connections_.end(); ++at) {
    if (at->get() != connection) continue;
    loop_.Bury(std::move(*at));
    connections_.erase(at);
    return;
  }
}

std::string ProbeResponder::Answer(std::string_view head) const {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == line.npos || last <= first + 1 || !line.substr(last + 1).starts_with("HTTP/1.")) {
    return Render({400, "This is not an HTTP/1 request.\n"}, true);
  }
  const std::string_view method = line.substr(0, first);
  std::string_view path = line.substr(first + 1, last - first - 1);
  path = path.substr(0, path.find('?'));
  const std::optional<ProbeAnswer> answer = handler_(path);
  if (!answer) return Render({404, "There is no such path here.\n"}, method != "HEAD");
  if (method != "GET" && method != "HEAD")
    return Render({405, "Only GET and HEAD are answered here.\n"}, true);
  return Render(*answer, method == "GET");
}

}  // namespace sidelight::net
