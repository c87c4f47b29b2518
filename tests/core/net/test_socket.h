// A blocking socket for tests, with a deadline on everything: what a client or a backend would do by hand.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "core/net/socket_address.h"
#include "core/net/socket_stream.h"

namespace sidelight::net {

// Whether loopback has IPv6 here: containers often have none. Says so when it has not.
inline bool HasIpv6() {
  const SocketAddress at = *SocketAddress::Of(Address::Tcp("::1", 0));
  const int fd = socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool has = fd >= 0 && bind(fd, at.generic(), at.size()) == 0;
  if (fd >= 0) close(fd);
  if (!has) std::printf("left out what needs IPv6: ::1 cannot be listened on\n");
  return has;
}

class TestSocket {
 public:
  static constexpr int kDeadlineMillis = 60'000;

  TestSocket() = default;
  explicit TestSocket(int fd) : fd_(fd) {}
  TestSocket(TestSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  TestSocket& operator=(TestSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~TestSocket() { Close(); }

  // Connects, or has fd() < 0.
  static TestSocket Connect(const Address& address, int receive_buffer = 0) {
    const SocketAddress to = *SocketAddress::Of(address);
    TestSocket result(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) result.Set(SO_RCVBUF, receive_buffer);
    if (connect(result.fd_, to.generic(), to.size()) < 0) result.Close();
    return result;
  }
  // A listening socket on a free port of loopback (or as given).
  static TestSocket Listen(const Address& address = Address::Tcp("127.0.0.1", 0), int backlog = 128) {
    const SocketAddress at = *SocketAddress::Of(address);
    TestSocket result(socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(result.fd_, at.generic(), at.size()), 0) << address.ToString();
    EXPECT_EQ(listen(result.fd_, backlog), 0);
    return result;
  }
  TestSocket Accept() {
    if (!WaitFor(POLLIN)) return TestSocket();
    return TestSocket(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  }
  Address address() const { return SocketAddress::Local(fd_).ToAddress(); }
  Address peer() const { return SocketAddress::Peer(fd_).ToAddress(); }
  int fd() const { return fd_; }
  void Set(int option, int value) { setsockopt(fd_, SOL_SOCKET, option, &value, sizeof(value)); }

  // Everything, or false.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!WaitFor(POLLOUT)) return false;
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) return false;
      if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // Sends until nothing more is taken for `quiet`; returns how much it was, at most `most`.
  size_t SendUntilFull(size_t most, int quiet_millis = 300) {
    const std::string chunk(64 * 1024, 'x');
    size_t sent = 0;
    while (sent < most) {
      pollfd wait{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (poll(&wait, 1, quiet_millis) <= 0) break;
      const ssize_t n =
          send(fd_, chunk.data(), std::min(chunk.size(), most - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) sent += static_cast<size_t>(n);
    }
    return sent;
  }
  // Exactly `n` bytes, or fewer when the connection ends or the deadline passes.
  std::string Receive(size_t n) {
    std::string got(n, '\0');
    size_t have = 0;
    while (have < n && WaitFor(POLLIN)) {
      const ssize_t more = recv(fd_, got.data() + have, n - have, 0);
      if (more <= 0) break;
      have += static_cast<size_t>(more);
    }
    got.resize(have);
    return got;
  }
  // What comes until the end; `how` says which one: "end", "reset" or "deadline".
  std::pair<std::string, std::string> ReceiveAll() {
    std::string got;
    std::string buffer(64 * 1024, '\0');
    for (;;) {
      if (!WaitFor(POLLIN)) return {got, "deadline"};
      const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
      if (n < 0) return {got, errno == ECONNRESET ? "reset" : "error"};
      if (n == 0) return {got, "end"};
      got.append(buffer.data(), static_cast<size_t>(n));
    }
  }
  std::string End() { return ReceiveAll().second; }
  bool Readable(int millis) {
    pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&wait, 1, millis) > 0;
  }
  void ShutdownWrite() { shutdown(fd_, SHUT_WR); }
  void Reset() { ResetSocket(std::exchange(fd_, -1)); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  bool WaitFor(short what) {
    pollfd wait{.fd = fd_, .events = what, .revents = 0};
    return poll(&wait, 1, kDeadlineMillis) > 0;
  }
  int fd_ = -1;
};

}  // namespace sidelight::net
