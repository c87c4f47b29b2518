#include "core/wire/snappy_block.h"

#include <snappy.h>

namespace sidelight::wire {

std::string SnappyCompress(std::string_view data) {
  std::string out;
  snappy::Compress(data.data(), data.size(), &out);
  return out;
}

Result<std::string> SnappyUncompress(std::string_view block, size_t max_bytes) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) {
    return Fail(ErrorCode::kInvalidArgument, "not compressed with snappy's block format");
  }
  if (size > max_bytes) {
    return Fail(ErrorCode::kLimit, std::to_string(size) + " bytes when uncompressed, more than the " +
                                       std::to_string(max_bytes) + " that are taken");
  }
  // A few bytes cannot hold many: a block grows at most 64 bytes for 3, so no memory is taken for a lie.
  constexpr size_t kMostGrowth = 22;
  if (size / kMostGrowth > block.size()) {
    return Fail(ErrorCode::kInvalidArgument, "a snappy block that is cut short");
  }
  std::string out;
  if (!snappy::Uncompress(block.data(), block.size(), &out)) {
    return Fail(ErrorCode::kInvalidArgument, "a broken snappy block");
  }
  return out;
}

}  // namespace sidelight::wire
