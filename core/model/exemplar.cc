#include "core/model/exemplar.h"

#include <span>

namespace sidelight {
namespace {

std::string Hex(std::span<const uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const uint8_t b : bytes) {
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

}  // namespace

std::string TraceHex(const TraceId& id) {
  return Hex(id.trace);
}
std::string SpanHex(const TraceId& id) {
  return Hex(id.span);
}

}  // namespace sidelight
