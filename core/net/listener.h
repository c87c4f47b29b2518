// Listener: one listening socket, shared by every loop that accepts from it. Acceptor: one loop's share of
// it.
//
// There is no SO_REUSEPORT: a port that somebody else uses is an error. "[::]" takes IPv4 too. A unix
// socket's file gets mode 0666 (the folder says who may reach it, as with other servers); one that was left
// behind is replaced only when nobody answers on it, and ours is removed at the end.
#pragma once

#include <sys/stat.h>

#include <memory>

#include "core/base/error.h"
#include "core/net/address.h"
#include "core/net/event_loop.h"
#include "core/net/socket_address.h"

namespace sidelight::net {

class Listener {
 public:
  // Binds and listens. A host name is resolved at once, by the system, and its first address taken. The
  // error's sentence names the address and says what to do.
  static Result<std::unique_ptr<Listener>> Open(const Address& address);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Where it listens; with the port that was chosen when the address had port 0.
  Address bound() const { return bound_.ToAddress(); }
  const SocketAddress& bound_address() const { return bound_; }
  int fd() const { return fd_; }

 private:
  Listener(int fd, SocketAddress bound) : fd_(fd), bound_(bound) {}
  const int fd_;
  const SocketAddress bound_;
  struct stat file_ {};  // of a unix socket: so that a successor's file is left alone
};

// Accepts on one loop. Destroyed on the loop's thread (or when the loop has stopped).
class Acceptor final : private EventHandler {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    // A new connection: non-blocking, with SetConnectionOptions(). The handler owns the descriptor.
    virtual void OnAccept(int fd) = 0;
    // A connection was reset at once because the process has no descriptor left for it.
    virtual void OnNoDescriptor() = 0;
  };

  Acceptor(Listener& listener, EventLoop& loop, Handler& handler);
  ~Acceptor() override;
  // The loop's first call; false when the loop cannot watch the socket.
  bool Start();
  // Accepts no more; the socket stays open for the others.
  void Stop();

 private:
  void OnEvents(uint32_t events) override;
  void Pause();
  // Gives the reserve descriptor up for a moment, to reset the connection that waits.
  void Refuse();

  Listener& listener_;
  EventLoop& loop_;
  Handler& handler_;
  int reserve_fd_;
  bool watching_ = false;
  TimerId resume_ = kNoTimer;
};

// Raises the soft limit of open files to the hard one; returns the limit that is now in force.
uint64_t RaiseFileLimit();

}  // namespace sidelight::net
