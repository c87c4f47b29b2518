// Gzip: one block of bytes in, one gzip member (RFC 1952) out.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sidelight::wire {

// An exposition shrinks to about a twentieth with it. Level 1 is no faster, level 6 takes two and a half
// times as long for 7 % fewer bytes (bench/exposition_bench.cc).
inline constexpr int kGzipLevel = 3;

// `level` is zlib's, 1 (fast) to 9 (small). Fails with kInternal when zlib does: no memory, or a level it
// does not know.
Result<std::string> Gzip(std::string_view data, int level = kGzipLevel);

}  // namespace sidelight::wire
