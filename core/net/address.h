// Address: where somebody listens or connects to, as the configuration writes it: "host:port", "[v6]:port" or
// "unix:/path". Only text and numbers; names are resolved by core/net/resolver.h, sockets are opened
// elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sidelight::net {

class Address {
 public:
  // The unspecified address; useful only to be assigned to.
  Address() = default;

  // Errors name what was written and what would be right. Port 0 is allowed: a listener then chooses one.
  static Result<Address> Parse(std::string_view text);
  // An IP address alone, "127.0.0.6" or "::1" (in brackets or not), as a source of connections; its port is
  // 0.
  static Result<Address> ParseIp(std::string_view text);
  // The port as given; `host` is a name or an IP address without brackets.
  static Address Tcp(std::string host, uint16_t port);
  static Address Unix(std::string path);

  bool is_unix() const { return is_unix_; }
  // Whether no name has to be resolved: an IP address or a unix path.
  bool is_numeric() const { return is_numeric_; }
  // The name or IP address, without brackets; empty for unix.
  const std::string& host() const { return is_unix_ ? kNone : text_; }
  uint16_t port() const { return port_; }
  // The path of a unix socket; empty for TCP.
  const std::string& path() const { return is_unix_ ? text_ : kNone; }

  // What Parse() takes; of an address without a port (ParseIp) only the IP address.
  std::string ToString() const;

  friend bool operator==(const Address&, const Address&) = default;

 private:
  static const std::string kNone;
  std::string text_;  // host or path
  uint16_t port_ = 0;
  bool is_unix_ = false;
  bool is_numeric_ = false;
  bool has_port_ = false;
};

}  // namespace sidelight::net
