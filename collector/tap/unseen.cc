#include "collector/tap/unseen.h"

#include <cassert>

#include "collector/tap/connection.h"

namespace sidelight::tap {

Unseen::Unseen(size_t capacity) : capacity_(capacity), buffer_(new char[capacity]) {
  reads_.reserve(kMaxReads);
}

std::span<char> Unseen::Room(size_t size) {
  assert(size <= capacity_);
  if (capacity_ - used_ < size || reads_.size() == kMaxReads) Show();
  return {buffer_.get() + used_, size};
}

void Unseen::Keep(Connection& connection, Direction direction, size_t size, TimePoint t) {
  reads_.push_back({&connection, {buffer_.get() + used_, size}, t, direction});
  used_ += size;
}

void Unseen::Show() {
  for (const Read& read : reads_) read.connection->Observe(read.direction, read.bytes, read.t);
  reads_.clear();
  used_ = 0;
}

}  // namespace sidelight::tap
