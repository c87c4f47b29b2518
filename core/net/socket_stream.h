// SocketStream: a plain TCP or unix socket as a Stream. Owns the descriptor.
#pragma once

#include <memory>

#include "core/net/stream.h"

namespace sidelight::net {

class SocketStream final : public Stream {
 public:
  // `fd` is connected or connecting, and non-blocking.
  explicit SocketStream(int fd) : fd_(fd) {}
  ~SocketStream() override;  // an orderly close
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  IoResult Read(std::span<char> into) override;
  IoResult Write(std::string_view bytes) override;
  bool HasUnread() const override;
  size_t Unsent() const override;
  void ShutdownWrite() override;
  void Reset() override;
  int fd() const override { return fd_; }
  bool spliceable() const override { return true; }

 private:
  int fd_;
};

// Closes a descriptor so that the peer sees a reset.
void ResetSocket(int fd);

// What every connection of ours gets: TCP_NODELAY, and keepalive that finds a dead peer within about two
// minutes. Nothing for a unix socket.
void SetConnectionOptions(int fd, int family);

}  // namespace sidelight::net
