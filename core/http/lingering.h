// Gentle closing: connections whose last response was sent, kept until the client has left or a second has
// gone. Closing at once while the client still sends makes the kernel reset the connection, and a reset may
// overtake the response.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/net/event_loop.h"

namespace sidelight::http {

// Used on the loop's thread, or when the loop has stopped.
class Lingering {
 public:
  explicit Lingering(net::EventLoop& loop);
  // Closes what is left.
  ~Lingering();
  Lingering(const Lingering&) = delete;
  Lingering& operator=(const Lingering&) = delete;

  // Takes the descriptor, which does not block. Past a fixed number the oldest is closed.
  void Add(int fd);

 private:
  class Entry;
  void Close(Entry* entry);

  net::EventLoop& loop_;
  std::vector<std::unique_ptr<Entry>> entries_;  // oldest first
};

}  // namespace sidelight::http
