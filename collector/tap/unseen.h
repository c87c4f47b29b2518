// Unseen: what a worker has passed on and has yet to show to the observers.
//
// Bytes are read into this buffer, written to the other side, and stay here until the events of a turn are
// dealt with; then they are shown all together. So nobody's bytes wait while somebody else's are looked at,
// and the code and tables of observers and meter, which a system call drives out of the inner caches, are
// fetched once for many reads instead of once for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "collector/protocols/observer.h"
#include "core/base/clock.h"

namespace sidelight::tap {

class Connection;

// Belongs to the worker's thread. Empty between two turns of its loop.
class Unseen {
 public:
  explicit Unseen(size_t capacity);

  size_t capacity() const { return capacity_; }
  // Where the next read goes: `size` bytes, at most capacity(). They are free until the next call, if Keep
  // does not say otherwise. May show what is kept, to make room.
  std::span<char> Room(size_t size);
  // The first `size` bytes of the last Room() are to be shown to the connection's observer, as of `t`.
  void Keep(Connection& connection, Direction direction, size_t size, TimePoint t);
  // Shows everything, in the order in which it was read.
  void Show();

 private:
  struct Read {
    Connection* connection;
    std::string_view bytes;
    TimePoint t;
    Direction direction;
  };
  static constexpr size_t kMaxReads = 256;  // about what fits in when messages are short

  const size_t capacity_;
  const std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
  std::vector<Read> reads_;
};

}  // namespace sidelight::tap
