// PipePool: the pipes through which a worker splices. A connection holds one only while bytes are in it.
//
// Belongs to one thread.
#pragma once

#include <cstddef>
#include <vector>

namespace sidelight::tap {

struct Pipe {
  int read_fd = -1;
  int write_fd = -1;
  explicit operator bool() const { return read_fd >= 0; }
};

class PipePool {
 public:
  PipePool() = default;
  ~PipePool();
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  // An empty pipe; none when the system has no descriptor left.
  Pipe Take();
  // `pipe` must be empty; what still holds bytes is discarded instead. Both reset it.
  void Return(Pipe& pipe);
  static void Discard(Pipe& pipe);

 private:
  static constexpr size_t kKept = 8;
  std::vector<Pipe> free_;
};

}  // namespace sidelight::tap
