// Snappy's block format, which remote write compresses with (and never the framed one).
// Source: https://github.com/google/snappy/blob/main/format_description.txt .
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sidelight::wire {

std::string SnappyCompress(std::string_view data);

// kLimit for what says that it is larger than `max_bytes`, before any memory is taken for it;
// kInvalidArgument for what is no block.
Result<std::string> SnappyUncompress(std::string_view block, size_t max_bytes);

}  // namespace sidelight::wire
