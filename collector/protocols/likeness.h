// What a protocol says about the first bytes of a client: whether a connection that begins so is its own.
// Each protocol that a tap can tell by itself has such a function, `LikenessOf` in its folder's detect.h.
//
// An answer other than kMaybe is final: whatever comes behind those bytes, the same is said of the longer
// prefix. So it does not matter in which pieces the bytes arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sidelight {

enum class Likeness : uint8_t {
  kNo,
  kMaybe,  // more bytes will tell
  kYes,
};

// No more than so many bytes are kept to be looked at. Of a prefix of this length kMaybe means kNo.
inline constexpr size_t kMaxPrefix = 64;

}  // namespace sidelight
