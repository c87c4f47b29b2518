// CRC-32C (Castagnoli), the checksum of what is on disk. Source: RFC 3720, appendix B.4.
#pragma once

#include <cstdint>
#include <string_view>

namespace sidelight {

// Of `bytes`, or of what had the checksum `before` followed by them.
uint32_t Crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace sidelight
