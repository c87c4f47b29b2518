#include "core/http/link.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>
#include <vector>

#include "core/http/tls_context.h"
#include "core/net/connector.h"
#include "core/net/resolver.h"
#include "core/net/socket_address.h"

namespace sidelight::http {
namespace {

// Until when a step may take that has a limit of its own, and how long that is for whom it is too long.
struct Patience {
  TimePoint end;
  Duration length;
};

Patience PatienceFor(const ClientOptions& options, TimePoint deadline) {
  const TimePoint own = SystemClock().Now() + options.connect_timeout;
  return own < deadline ? Patience{own, options.connect_timeout}
                        : Patience{deadline, std::min(options.connect_timeout, options.timeout)};
}

// Whether the connection that was started is decided before the deadline.
bool Decided(int fd, TimePoint deadline) {
  while (true) {
    const Duration left = deadline - SystemClock().Now();
    if (left <= Duration::zero()) return false;
    pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
    const int64_t millis = left.count() / 1'000'000 + 1;
    const int n = ::poll(&entry, 1, static_cast<int>(std::min<int64_t>(millis, INT_MAX)));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return true;
  }
}

// The descriptor of a connection, which the caller owns.
Result<int> ConnectTo(const net::SocketAddress& to, const Patience& patience) {
  const net::ConnectResult started = net::StartConnect(to, nullptr);
  if (started.status == net::ConnectStatus::kFailed) {
    return Fail(ErrorCode::kUnavailable, "cannot connect: " + ErrnoText(started.error));
  }
  const int fd = started.fd;
  if (started.status == net::ConnectStatus::kConnected) return fd;
  if (!Decided(fd, patience.end)) {
    ::close(fd);
    return Fail(ErrorCode::kTimeout,
                fmt::format("the connection was not there after {:.6g} s", Seconds(patience.length)));
  }
  if (const int error = net::FinishConnect(fd); error != 0) {
    ::close(fd);
    return Fail(ErrorCode::kUnavailable, "cannot connect: " + ErrnoText(error));
  }
  return fd;
}

Result<std::vector<net::SocketAddress>> AddressesOf(const Url& url) {
  if (const auto numeric = net::SocketAddress::Of(url.address)) return std::vector{*numeric};
  Result<std::vector<net::SocketAddress>> found = net::LookUp(url.address.host());
  if (!found) return Fail(ErrorCode::kNotFound, found.error().message);
  for (net::SocketAddress& address : *found) address.set_port(url.address.port());
  return found;
}

Result<int> Connect(const Url& url, const ClientOptions& options, TimePoint deadline) {
  const Result<std::vector<net::SocketAddress>> addresses = AddressesOf(url);
  if (!addresses) return tl::unexpected<Error>(addresses.error());
  Result<int> fd = Fail(ErrorCode::kNotFound, "the name has no address");
  for (const net::SocketAddress& address : *addresses) {
    fd = ConnectTo(address, PatienceFor(options, deadline));
    if (fd || SystemClock().Now() >= deadline) break;
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<Link>> Link::Make(const Url& url, const ClientOptions& options, TimePoint deadline,
                                         Version version) {
  Result<std::shared_ptr<SSL_CTX>> context = nullptr;
  if (url.tls) context = TlsContextFor(options.tls);
  if (!context) return tl::unexpected<Error>(std::move(context.error()));
  const Result<int> fd = Connect(url, options, deadline);
  if (!fd) return tl::unexpected<Error>(fd.error());
  auto link = std::make_unique<Link>(*fd);
  if (*context != nullptr) {
    if (const Status started = link->StartTls(*std::move(context), url, options, deadline, version);
        !started) {
      return tl::unexpected<Error>(started.error());
    }
  }
  return link;
}

Status Link::StartTls(std::shared_ptr<SSL_CTX> context, const Url& url, const ClientOptions& options,
                      TimePoint deadline, Version version) {
  context_ = std::move(context);
  tls_.emplace(socket_, context_, options.tls, url.address.host());
  if (version == Version::kHttp2) tls_->Offer("h2");
  const Patience patience = PatienceFor(options, deadline);
  switch (tls_->Handshake(patience.end)) {
    case Io::kTimeout:
      return Fail(ErrorCode::kTimeout,
                  fmt::format("the TLS handshake was not done after {:.6g} s", Seconds(patience.length)));
    case Io::kClosed:
      return Fail(ErrorCode::kUnavailable, tls_->failure());
    case Io::kOk:
      break;
  }
  return {};
}

Io Link::Read(std::string* into, TimePoint deadline) {
  return tls_ ? tls_->Read(into, deadline) : socket_.Read(into, deadline);
}

Io Link::Write(std::string_view bytes, TimePoint deadline) {
  return tls_ ? tls_->Write(bytes, deadline) : socket_.Write(bytes, deadline);
}

std::string_view Link::failure() const {
  return tls_ ? std::string_view(tls_->failure()) : std::string_view();
}

bool Link::IsQuiet() const {
  return socket_.IsQuiet() && (!tls_ || tls_->IsDrained());
}

bool Link::IsCurrent(const ClientOptions& options) const {
  if (!tls_) return true;
  const Result<std::shared_ptr<SSL_CTX>> context = TlsContextFor(options.tls);
  return !context || *context == context_;
}

}  // namespace sidelight::http
