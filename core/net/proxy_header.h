// The PROXY protocol: a header before a connection's first bytes, in which a proxy says who the client is.
//
// Follows haproxy's doc/proxy-protocol.txt: version 1 is a line of text, version 2 binary. We write version 2
// and read both. Sans-I/O: the functions look at the bytes so far and say "done", "need more" or "not a
// header".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/net/socket_address.h"

namespace sidelight::net {

enum class ProxyHeaderStatus {
  kDone,
  kNeedMore,   // what is there could be the beginning of one
  kNotHeader,  // it is something else; its bytes belong to the connection's own protocol
};

struct ProxyHeaderSize {
  ProxyHeaderStatus status = ProxyHeaderStatus::kNotHeader;
  size_t size = 0;  // of kDone: the whole header in bytes, which may be more than were passed
};

// How many of a connection's first bytes are a header. Needs at most kMaxProxyHeaderProbe bytes to decide.
ProxyHeaderSize MeasureProxyHeader(std::string_view bytes);
inline constexpr size_t kMaxProxyHeaderProbe = 107;  // version 1 as a whole; of version 2 the first 16

struct ProxyHeader {
  int version = 2;
  // The proxy speaks for itself (a health check), or does not know the addresses: they are unspecified.
  bool local = false;
  SocketAddress source;       // the client
  SocketAddress destination;  // what the client connected to
  size_t size = 0;            // bytes, with the extensions of version 2 (TLVs), which are skipped
};

struct ProxyHeaderResult {
  ProxyHeaderStatus status = ProxyHeaderStatus::kNotHeader;
  ProxyHeader header;
};

ProxyHeaderResult DecodeProxyHeader(std::string_view bytes);

// Version 2, of TCP over IPv4 (IPv4 mapped into IPv6 included), TCP over IPv6 or a unix socket; LOCAL when
// the two addresses are of different families or unspecified.
std::string EncodeProxyHeader(const SocketAddress& source, const SocketAddress& destination);

}  // namespace sidelight::net
