#include "core/http/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "core/http/response_parser.h"
#include "core/http/socket.h"
#include "core/net/connector.h"
#include "core/net/resolver.h"
#include "core/net/socket_address.h"

namespace sidelight::http {
namespace {

tl::unexpected<Error> About(const Url& url, ErrorCode code, std::string_view what) {
  return Fail(code, fmt::format("{}: {}", url.authority, what));
}

// Whether the connection that was started is decided before the deadline.
bool Decided(int fd, TimePoint deadline) {
  while (true) {
    const Duration left = deadline - SystemClock().Now();
    if (left <= Duration::zero()) return false;
    pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
    const int n = ::poll(&entry, 1, static_cast<int>(left.count() / 1'000'000 + 1));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return true;
  }
}

// The descriptor of a connection, which the caller owns.
Result<int> ConnectTo(const net::SocketAddress& to, const Url& url, Duration patience) {
  const net::ConnectResult started = net::StartConnect(to, nullptr);
  if (started.status == net::ConnectStatus::kFailed) {
    return About(url, ErrorCode::kUnavailable, "cannot connect: " + ErrnoText(started.error));
  }
  const int fd = started.fd;
  if (started.status == net::ConnectStatus::kConnected) return fd;
  if (!Decided(fd, SystemClock().Now() + patience)) {
    ::close(fd);
    return About(url, ErrorCode::kTimeout,
                 fmt::format("the connection was not there after {} s", Seconds(patience)));
  }
  if (const int error = net::FinishConnect(fd); error != 0) {
    ::close(fd);
    return About(url, ErrorCode::kUnavailable, "cannot connect: " + ErrnoText(error));
  }
  return fd;
}

Result<std::vector<net::SocketAddress>> AddressesOf(const Url& url) {
  if (const auto numeric = net::SocketAddress::Of(url.address)) return std::vector{*numeric};
  Result<std::vector<net::SocketAddress>> found = net::LookUp(url.address.host());
  if (!found) return About(url, ErrorCode::kNotFound, found.error().message);
  for (net::SocketAddress& address : *found) address.set_port(url.address.port());
  return found;
}

Result<int> Connect(const Url& url, Duration patience) {
  const Result<std::vector<net::SocketAddress>> addresses = AddressesOf(url);
  if (!addresses) return tl::unexpected<Error>(addresses.error());
  Result<int> fd = About(url, ErrorCode::kNotFound, "the name has no address");
  for (const net::SocketAddress& address : *addresses) {
    fd = ConnectTo(address, url, patience);
    if (fd) break;
  }
  return fd;
}

std::string RequestText(const Url& url, const ClientRequest& request) {
  std::string text =
      fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nUser-Agent: sidelight\r\n",
                  request.method, url.path, request.target, url.authority);
  for (const auto& [name, value] : request.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (!request.content_type.empty()) text += fmt::format("Content-Type: {}\r\n", request.content_type);
  if (!request.body.empty() || request.method == "POST") {
    text += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  return text + "\r\n" + request.body;
}

}  // namespace

Result<Response> Fetch(const Url& url, const ClientRequest& request, const ClientOptions& options) {
  const Result<int> fd = Connect(url, options.connect_timeout);
  if (!fd) return tl::unexpected<Error>(fd.error());
  Socket socket(*fd);
  const TimePoint deadline = SystemClock().Now() + options.timeout;
  const auto too_late = [&] {
    return About(url, ErrorCode::kTimeout,
                 fmt::format("the response was not whole after {} s", Seconds(options.timeout)));
  };
  // A server that refuses a request may answer and close before it has read all of it, so a failed write is
  // no reason not to read.
  if (socket.Write(RequestText(url, request), deadline) == Io::kTimeout) return too_late();

  ResponseParser parser(options.max_head_bytes, options.max_body_bytes);
  std::string bytes;
  while (!parser.is_whole()) {
    bytes.clear();
    const Io io = socket.Read(&bytes, deadline);
    if (io == Io::kTimeout) return too_late();
    const Status fed = io == Io::kOk ? parser.Feed(bytes) : parser.Finish();
    if (!fed) return About(url, fed.error().code, fed.error().message);
  }
  return std::move(parser.response());
}

}  // namespace sidelight::http
