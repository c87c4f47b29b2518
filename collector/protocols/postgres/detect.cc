#include "collector/protocols/postgres/detect.h"

#include <cstddef>
#include <cstdint>

#include "collector/protocols/postgres/request_reader.h"
#include "collector/protocols/postgres/startup.h"

namespace sidelight::postgres {
namespace {

uint32_t ReadNumber(std::string_view bytes) {
  uint32_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

}  // namespace

Likeness LikenessOf(std::string_view prefix) {
  constexpr size_t kLengthBytes = 4;
  constexpr uint32_t kSmallest = kLengthBytes + kCodeBytes;
  // The length is small, so its first bytes are zero; no other protocol begins so.
  if (!prefix.empty() && prefix[0] != '\0') return Likeness::kNo;
  if (prefix.size() < kLengthBytes) return Likeness::kMaybe;
  const uint32_t length = ReadNumber(prefix.substr(0, kLengthBytes));
  if (length < kSmallest || length > RequestReader::kMaxStartup) return Likeness::kNo;
  if (prefix.size() < kSmallest) return Likeness::kMaybe;

  const uint32_t code = ReadNumber(prefix.substr(kLengthBytes, kCodeBytes));
  const bool encryption = code == kSslRequest || code == kGssEncRequest;
  const bool fits = encryption ? length == kSmallest : code >> 16 == kMajorVersion || code == kCancelRequest;
  return fits ? Likeness::kYes : Likeness::kNo;
}

}  // namespace sidelight::postgres
