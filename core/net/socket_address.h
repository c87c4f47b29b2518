// SocketAddress: an address as the system takes it (sockaddr), of IPv4, IPv6 or a unix socket. A plain value.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>

#include "core/net/address.h"

namespace sidelight::net {

class SocketAddress {
 public:
  SocketAddress() { generic()->sa_family = AF_UNSPEC; }
  SocketAddress(const sockaddr* address, socklen_t size);

  // Of a numeric Address; a name gives nothing, it has to be resolved.
  static std::optional<SocketAddress> Of(const Address& address);
  // The two ends of a connected or listening socket; unspecified when there is none.
  static SocketAddress Local(int fd);
  static SocketAddress Peer(int fd);

  int family() const { return generic()->sa_family; }
  bool is_ip() const { return family() == AF_INET || family() == AF_INET6; }
  const sockaddr* generic() const { return reinterpret_cast<const sockaddr*>(&any_); }
  const sockaddr_in& v4() const { return any_.v4; }
  const sockaddr_in6& v6() const { return any_.v6; }
  const sockaddr_un& local() const { return any_.local; }
  socklen_t size() const { return size_; }

  uint16_t port() const;  // 0 for a unix socket
  void set_port(uint16_t port);
  // The path of a unix socket, empty when it has none.
  std::string path() const;
  // As Address writes it; "unix:" without a path for an unnamed one.
  std::string ToString() const;
  // The same in Address' form.
  Address ToAddress() const;
  // An IPv4 address that came in over an IPv6 socket (::ffff:10.0.0.1) as the IPv4 address that it is.
  SocketAddress Unmapped() const;

 private:
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&any_); }
  union {
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  } any_{};
  socklen_t size_ = sizeof(sa_family_t);
};

}  // namespace sidelight::net
