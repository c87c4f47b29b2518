// Gzip: one block of bytes in, one gzip member (RFC 1952) out.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sidelight::wire {

// The fastest level: an exposition shrinks to about a twentieth with it, and the higher levels take several
// times as long for a few per cent (bench/exposition_bench.cc).
inline constexpr int kGzipLevel = 1;

// `level` is zlib's, 1 (fast) to 9 (small). Fails with kInternal when zlib does: no memory, or a level it
// does not know.
Result<std::string> Gzip(std::string_view data, int level = kGzipLevel);

}  // namespace sidelight::wire
