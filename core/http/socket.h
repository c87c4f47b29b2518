// The bytes of one connection, with deadlines that hold for a whole read or write. Used by the
// thread of its connection; only Cut(), Hush() and PeerGone() may be called from others.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace sidelight::http {

enum class Io { kOk, kTimeout, kClosed };

class Socket {
 public:
  // Owns `fd`, which does not block.
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Appends what is there, at least a byte.
  Io Read(std::string* into, TimePoint deadline);
  Io Write(std::string_view bytes, TimePoint deadline);

  // Whether the other side has closed the connection, or ended its half of it.
  bool PeerGone() const;

  // Whether nothing waits to be read, no end of the connection either.
  bool IsQuiet() const;

  // No further byte will be read, what is being written may end.
  void Hush();
  // Ends whatever the connection's thread is waiting for.
  void Cut();
  // The descriptor, which the caller then owns.
  int Release();

 private:
  Io Wait(short events, TimePoint deadline);

  int fd_;
  std::atomic<bool> hushed_{false};
};

}  // namespace sidelight::http
