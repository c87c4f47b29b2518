#include "core/wire/backward_writer.h"

#include <algorithm>

namespace sidelight::wire {

void BackwardWriter::Allocate(size_t size) {
  block_.reset(new char[size]);
  limit_ = block_.get() + size;
  begin_ = limit_;
}

void BackwardWriter::Grow(size_t size) {
  const std::unique_ptr<char[]> old = std::move(block_);
  const std::string_view kept = written();
  Allocate(std::max(2 * kept.size(), kept.size() + size) + 1024);
  begin_ -= kept.size();
  std::memcpy(begin_, kept.data(), kept.size());
}

}  // namespace sidelight::wire
