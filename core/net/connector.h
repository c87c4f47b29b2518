// Starts connections without blocking.
#pragma once

#include "core/net/socket_address.h"

namespace sidelight::net {

enum class ConnectStatus {
  kConnected,   // at once: a unix socket
  kInProgress,  // the descriptor becomes writable when it is decided; then FinishConnect()
  kBusy,        // a unix socket whose backlog is full: try again shortly
  kFailed,
};

struct ConnectResult {
  ConnectStatus status = ConnectStatus::kFailed;
  int fd = -1;    // of kConnected and kInProgress; the caller owns it
  int error = 0;  // errno of kFailed
};

// The socket is non-blocking, with SetConnectionOptions(). `source` (may be null) is our own IP address; its
// port is chosen late, so that as many connections as there are ports to each destination are possible. A
// source of the other family than `to` fails with EAFNOSUPPORT.
ConnectResult StartConnect(const SocketAddress& to, const SocketAddress* source);

// 0 when it is connected, else the errno that says why not.
int FinishConnect(int fd);

}  // namespace sidelight::net
