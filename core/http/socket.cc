#include "core/http/socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace sidelight::http {

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Io Socket::Wait(short events, TimePoint deadline) {
  while (true) {
    const Duration left = deadline - SystemClock().Now();
    if (left <= Duration::zero()) return Io::kTimeout;
    // Rounded up, so that the last part of a millisecond is not spent spinning.
    const int64_t millis = left.count() / 1'000'000 + 1;
    pollfd entry{.fd = fd_, .events = events, .revents = 0};
    const int n = ::poll(&entry, 1, static_cast<int>(std::min<int64_t>(millis, INT_MAX)));
    if (n > 0) return Io::kOk;
    if (n < 0 && errno != EINTR) return Io::kClosed;
  }
}

Io Socket::Read(std::string* into, TimePoint deadline) {
  std::array<char, 16 * 1024> piece;
  while (true) {
    if (hushed_.load(std::memory_order_relaxed)) return Io::kClosed;
    // The deadline is looked at before every read: a peer whose bytes never stop must not outlive it.
    if (SystemClock().Now() >= deadline) return Io::kTimeout;
    const ssize_t n = ::recv(fd_, piece.data(), piece.size(), 0);
    if (n > 0) {
      into->append(piece.data(), static_cast<size_t>(n));
      return Io::kOk;
    }
    if (n == 0) return Io::kClosed;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return Io::kClosed;
    if (const Io io = Wait(POLLIN, deadline); io != Io::kOk) return io;
  }
}

Io Socket::Write(std::string_view bytes, TimePoint deadline) {
  while (!bytes.empty()) {
    if (SystemClock().Now() >= deadline) return Io::kTimeout;
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return Io::kClosed;
    if (const Io io = Wait(POLLOUT, deadline); io != Io::kOk) return io;
  }
  return Io::kOk;
}

bool Socket::PeerGone() const {
  pollfd entry{.fd = fd_, .events = POLLRDHUP, .revents = 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool Socket::IsQuiet() const {
  pollfd entry{.fd = fd_, .events = POLLIN | POLLRDHUP, .revents = 0};
  return ::poll(&entry, 1, 0) == 0;
}

void Socket::Hush() {
  hushed_.store(true, std::memory_order_relaxed);
  ::shutdown(fd_, SHUT_RD);
}

void Socket::Cut() {
  ::shutdown(fd_, SHUT_RDWR);
}

int Socket::Release() {
  return std::exchange(fd_, -1);
}

}  // namespace sidelight::http
