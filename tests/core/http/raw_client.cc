#include "tests/core/http/raw_client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "core/base/error.h"
#include "core/http/message.h"
#include "core/net/socket_address.h"

namespace sidelight {
namespace {

constexpr Duration kPatience = std::chrono::seconds(60);

bool Readable(int fd, Duration wait) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, static_cast<int>(wait.count() / 1'000'000)) > 0;
}

}  // namespace

std::string RawResponse::Header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    if (http::EqualsIgnoringCase(line.substr(0, colon), name)) return std::string(line.substr(colon + 2));
  }
  return {};
}

RawClient::RawClient(const net::Address& address) {
  const auto to = net::SocketAddress::Of(address);
  if (!to) {
    ADD_FAILURE() << "no numeric address: " << address.ToString();
    return;
  }
  fd_ = ::socket(to->family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0 || ::connect(fd_, to->generic(), to->size()) != 0) {
    ADD_FAILURE() << "cannot connect to " << address.ToString() << ": " << ErrnoText(errno);
    Close();
  }
}

RawClient::~RawClient() {
  Close();
}

void RawClient::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void RawClient::SendSlowly(std::string_view bytes, Duration pause) {
  for (const char c : bytes) {
    if (Readable(fd_, pause) || !Send(std::string_view(&c, 1))) return;
  }
}

bool RawClient::More(TimePoint deadline) {
  const Duration left = deadline - SystemClock().Now();
  if (left <= Duration::zero() || !Readable(fd_, left)) return false;
  std::array<char, 64 * 1024> piece;
  const ssize_t n = ::recv(fd_, piece.data(), piece.size(), 0);
  if (n <= 0) return false;
  unread_.append(piece.data(), static_cast<size_t>(n));
  return true;
}

std::optional<RawResponse> RawClient::Receive(bool to_head) {
  const TimePoint deadline = SystemClock().Now() + kPatience;
  size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    if (!More(deadline)) return std::nullopt;
  }
  RawResponse response;
  response.head = unread_.substr(0, end + 4);
  unread_.erase(0, end + 4);
  response.status = std::atoi(response.head.c_str() + 9);
  const size_t length = to_head || response.status < 200
                            ? 0
                            : std::strtoull(response.Header("Content-Length").c_str(), nullptr, 10);
  while (unread_.size() < length) {
    if (!More(deadline)) return std::nullopt;
  }
  response.body = unread_.substr(0, length);
  unread_.erase(0, length);
  return response;
}

bool RawClient::WaitForEnd() {
  const TimePoint deadline = SystemClock().Now() + kPatience;
  std::array<char, 64 * 1024> dropped;
  while (SystemClock().Now() < deadline) {
    if (!Readable(fd_, deadline - SystemClock().Now())) return false;
    const ssize_t n = ::recv(fd_, dropped.data(), dropped.size(), 0);
    if (n <= 0) return true;
  }
  return false;
}

}  // namespace sidelight
