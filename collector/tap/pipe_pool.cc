#include "collector/tap/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace sidelight::tap {
namespace {

// More room than a worker's buffer has: a pipe counts pages, and a page may hold a single segment.
constexpr int kPipeBytes = 256 * 1024;

}  // namespace

PipePool::~PipePool() {
  for (Pipe& pipe : free_) Discard(pipe);
}

Pipe PipePool::Take() {
  if (!free_.empty()) {
    const Pipe pipe = free_.back();
    free_.pop_back();
    return pipe;
  }
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) < 0) return {};
  // Refused when the user's share of pipe memory is used up; the default size works too.
  fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);
  return {.read_fd = ends[0], .write_fd = ends[1]};
}

void PipePool::Return(Pipe& pipe) {
  if (!pipe) return;
  if (free_.size() >= kKept) return Discard(pipe);
  free_.push_back(pipe);
  pipe = {};
}

void PipePool::Discard(Pipe& pipe) {
  if (!pipe) return;
  close(pipe.read_fd);
  close(pipe.write_fd);
  pipe = {};
}

}  // namespace sidelight::tap
