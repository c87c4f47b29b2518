#include "core/net/connector.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "core/net/socket_stream.h"

namespace sidelight::net {

ConnectResult StartConnect(const SocketAddress& to, const SocketAddress* source) {
  const bool bind_first = source != nullptr && to.is_ip();
  if (bind_first && source->family() != to.family()) return {.error = EAFNOSUPPORT};
  const int fd = socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return {.error = errno};
  SetConnectionOptions(fd, to.family());
  if (bind_first) {
    const int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  }
  const bool bound = !bind_first || bind(fd, source->generic(), source->size()) == 0;
  if (bound && connect(fd, to.generic(), to.size()) == 0)
    return {.status = ConnectStatus::kConnected, .fd = fd};
  if (bound && errno == EINPROGRESS) return {.status = ConnectStatus::kInProgress, .fd = fd};
  const int error = errno;
  close(fd);
  if (error == EAGAIN && to.family() == AF_UNIX) return {.status = ConnectStatus::kBusy};
  return {.error = error};
}

int FinishConnect(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return errno;
  return error;
}

}  // namespace sidelight::net
