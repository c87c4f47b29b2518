#include "core/net/socket_stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace sidelight::net {
namespace {

IoResult Failed() {
  if (errno == EAGAIN) return {.status = IoStatus::kWouldBlock};
  return {.status = IoStatus::kError, .error = errno};
}

}  // namespace

SocketStream::~SocketStream() {
  if (fd_ >= 0) close(fd_);
}

IoResult SocketStream::Read(std::span<char> into) {
  const ssize_t n = recv(fd_, into.data(), into.size(), 0);
  if (n > 0) return {.n = static_cast<size_t>(n)};
  if (n == 0) return {.status = IoStatus::kEnd};
  return Failed();
}

IoResult SocketStream::Write(std::string_view bytes) {
  const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n >= 0) return {.n = static_cast<size_t>(n)};
  return Failed();
}

bool SocketStream::HasUnread() const {
  char first;
  return recv(fd_, &first, 1, MSG_PEEK) > 0;
}

size_t SocketStream::Unsent() const {
  int bytes = 0;
  return ioctl(fd_, SIOCOUTQ, &bytes) == 0 ? static_cast<size_t>(bytes) : 0;
}

void SocketStream::ShutdownWrite() {
  shutdown(fd_, SHUT_WR);
}

void SocketStream::Reset() {
  if (fd_ >= 0) ResetSocket(fd_);
  fd_ = -1;
}

void ResetSocket(int fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd);
}

void SetConnectionOptions(int fd, int family) {
  if (family != AF_INET && family != AF_INET6) return;
  const auto set = [fd](int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  // Urgent data stays where it was in the stream, instead of being lost.
  set(SOL_SOCKET, SO_OOBINLINE, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

}  // namespace sidelight::net
