// The header of a packet of memcached's binary protocol: 24 bytes, numbers big-endian
// (protocol-binary.txt of its sources, section 2.1). It is followed by extras, key and value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sidelight::memcached {

inline constexpr size_t kHeaderBytes = 24;
inline constexpr uint8_t kRequestMagic = 0x80;
inline constexpr uint8_t kResponseMagic = 0x81;

struct Header {
  uint8_t magic = 0;
  uint8_t opcode = 0;
  uint16_t key_bytes = 0;
  uint8_t extras_bytes = 0;
  uint16_t status = 0;  // of a response
  uint32_t body_bytes = 0;
  uint32_t opaque = 0;

  // Extras and key fit in the body.
  bool valid() const { return uint32_t{key_bytes} + extras_bytes <= body_bytes; }
  uint32_t value_bytes() const { return body_bytes - key_bytes - extras_bytes; }
};

// Of exactly kHeaderBytes.
inline Header ReadHeader(std::string_view bytes) {
  const auto number = [bytes](size_t at, size_t length) {
    uint32_t sum = 0;
    for (size_t i = 0; i < length; ++i) sum = sum << 8 | static_cast<uint8_t>(bytes[at + i]);
    return sum;
  };
  Header header;
  header.magic = static_cast<uint8_t>(number(0, 1));
  header.opcode = static_cast<uint8_t>(number(1, 1));
  header.key_bytes = static_cast<uint16_t>(number(2, 2));
  header.extras_bytes = static_cast<uint8_t>(number(4, 1));
  header.status = static_cast<uint16_t>(number(6, 2));
  header.body_bytes = number(8, 4);
  header.opaque = number(12, 4);
  return header;
}

}  // namespace sidelight::memcached
