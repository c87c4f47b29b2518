#include "core/net/socket_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sidelight::net {

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size)
    : size_(std::min<socklen_t>(size, sizeof(any_))) {
  std::memcpy(&any_, address, size_);
}

std::optional<SocketAddress> SocketAddress::Of(const Address& address) {
  SocketAddress result;
  if (address.is_unix()) {
    if (address.path().size() >= sizeof(result.any_.local.sun_path)) return std::nullopt;
    result.any_.local.sun_family = AF_UNIX;
    std::memcpy(result.any_.local.sun_path, address.path().data(), address.path().size());
    result.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.path().size() + 1);
    return result;
  }
  if (inet_pton(AF_INET, address.host().c_str(), &result.any_.v4.sin_addr) == 1) {
    result.any_.v4.sin_family = AF_INET;
    result.size_ = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, address.host().c_str(), &result.any_.v6.sin6_addr) == 1) {
    result.any_.v6.sin6_family = AF_INET6;
    result.size_ = sizeof(sockaddr_in6);
  } else {
    return std::nullopt;
  }
  result.set_port(address.port());
  return result;
}

SocketAddress SocketAddress::Local(int fd) {
  SocketAddress result;
  socklen_t size = sizeof(any_);
  if (getsockname(fd, result.generic(), &size) < 0) return SocketAddress();
  result.size_ = std::min<socklen_t>(size, sizeof(any_));
  return result;
}

SocketAddress SocketAddress::Peer(int fd) {
  SocketAddress result;
  socklen_t size = sizeof(any_);
  if (getpeername(fd, result.generic(), &size) < 0) return SocketAddress();
  result.size_ = std::min<socklen_t>(size, sizeof(any_));
  return result;
}

uint16_t SocketAddress::port() const {
  switch (family()) {
    case AF_INET:
      return ntohs(any_.v4.sin_port);
    case AF_INET6:
      return ntohs(any_.v6.sin6_port);
    default:
      return 0;
  }
}

void SocketAddress::set_port(uint16_t port) {
  if (family() == AF_INET) any_.v4.sin_port = htons(port);
  if (family() == AF_INET6) any_.v6.sin6_port = htons(port);
}

std::string SocketAddress::path() const {
  if (family() != AF_UNIX || size_ <= offsetof(sockaddr_un, sun_path)) return "";
  return std::string(any_.local.sun_path,
                     strnlen(any_.local.sun_path, size_ - offsetof(sockaddr_un, sun_path)));
}

Address SocketAddress::ToAddress() const {
  char text[INET6_ADDRSTRLEN] = "";
  switch (family()) {
    case AF_INET:
      inet_ntop(AF_INET, &any_.v4.sin_addr, text, sizeof(text));
      break;
    case AF_INET6:
      inet_ntop(AF_INET6, &any_.v6.sin6_addr, text, sizeof(text));
      break;
    case AF_UNIX:
      return Address::Unix(path());
    default:
      return Address();
  }
  return Address::Tcp(text, port());
}

std::string SocketAddress::ToString() const {
  return ToAddress().ToString();
}

SocketAddress SocketAddress::Unmapped() const {
  if (family() != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&any_.v6.sin6_addr)) return *this;
  SocketAddress result;
  result.any_.v4.sin_family = AF_INET;
  std::memcpy(&result.any_.v4.sin_addr, any_.v6.sin6_addr.s6_addr + 12, 4);
  result.any_.v4.sin_port = any_.v6.sin6_port;
  result.size_ = sizeof(sockaddr_in);
  return result;
}

}  // namespace sidelight::net
