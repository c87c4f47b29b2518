// Stream: a connected byte stream that never blocks. What the proxy moves bytes over; a plain socket today,
// TLS later, without the proxy knowing.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sidelight::net {

enum class IoStatus {
  kOk,          // `n` bytes were moved; for a read 0 < n
  kWouldBlock,  // nothing now; the loop will say when
  kEnd,         // read only: the peer has finished sending
  kError,       // the connection is gone; `error` is the errno
};

struct IoResult {
  IoStatus status = IoStatus::kOk;
  size_t n = 0;
  int error = 0;
};

class Stream {
 public:
  virtual ~Stream() = default;

  virtual IoResult Read(std::span<char> into) = 0;
  virtual IoResult Write(std::string_view bytes) = 0;
  // Whether there are bytes to read now; an end or an error is none.
  virtual bool HasUnread() const = 0;
  // Bytes that were written and that the peer's system has not taken yet.
  virtual size_t Unsent() const = 0;
  // No more will be written: the peer sees the end, its own direction goes on.
  virtual void ShutdownWrite() = 0;
  // Closes so that the peer sees a reset and not an orderly end.
  virtual void Reset() = 0;
  // The descriptor to wait for.
  virtual int fd() const = 0;
  // Whether the descriptor carries the bytes as they are, so that splice(2) may move them.
  virtual bool spliceable() const = 0;
};

}  // namespace sidelight::net
