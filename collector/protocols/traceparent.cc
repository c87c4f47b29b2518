#include "collector/protocols/traceparent.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace sidelight {
namespace {

// "00-" 32 digits "-" 16 digits "-" 2 digits
constexpr size_t kTraceAt = 3;
constexpr size_t kSpanAt = 36;
constexpr size_t kFlagsAt = 53;
constexpr size_t kLength = 55;
constexpr uint8_t kSampled = 0x01;

// The specification allows lower case only.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool ReadHex(std::string_view text, std::span<uint8_t> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace

std::optional<Traceparent> ParseTraceparent(std::string_view value) {
  if (value.size() < kLength) return std::nullopt;
  if (value[kTraceAt - 1] != '-' || value[kSpanAt - 1] != '-' || value[kFlagsAt - 1] != '-')
    return std::nullopt;
  uint8_t version = 0;
  uint8_t flags = 0;
  Traceparent parent;
  if (!ReadHex(value, {&version, 1}) || !ReadHex(value.substr(kTraceAt), parent.id.trace) ||
      !ReadHex(value.substr(kSpanAt), parent.id.span) || !ReadHex(value.substr(kFlagsAt), {&flags, 1})) {
    return std::nullopt;
  }
  if (version == 0xff || !parent.id.valid()) return std::nullopt;
  // Version 00 ends here; a later one may go on behind another dash.
  if (value.size() > kLength && (version == 0 || value[kLength] != '-')) return std::nullopt;
  parent.sampled = (flags & kSampled) != 0;
  return parent;
}

}  // namespace sidelight
