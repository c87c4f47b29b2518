// The packets that a connection to PostgreSQL may begin with: a length of four bytes that counts itself, and
// a code ("Message Formats" in PostgreSQL's documentation).
#pragma once

#include <cstdint>

namespace sidelight::postgres {

inline constexpr uint32_t kCodeBytes = 4;
// In the upper half of the code of a StartupMessage; the lower half is the minor version.
inline constexpr uint32_t kMajorVersion = 3;
inline constexpr uint32_t kCancelRequest = 1234 << 16 | 5678;
inline constexpr uint32_t kSslRequest = 1234 << 16 | 5679;
inline constexpr uint32_t kGssEncRequest = 1234 << 16 | 5680;

}  // namespace sidelight::postgres
