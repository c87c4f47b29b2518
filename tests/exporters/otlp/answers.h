// What receivers answer, in protobuf, written out by hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sidelight::otlp {

inline std::string Varint(int field, uint64_t value) {
  std::string out(1, static_cast<char>(field << 3));
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  return out += static_cast<char>(value);
}

inline std::string Bytes(int field, std::string_view bytes) {
  std::string out = Varint(field, bytes.size());
  out[0] = static_cast<char>(field << 3 | 2);
  return out += bytes;
}

// ExportMetricsServiceResponse.
inline std::string PartialSuccess(uint64_t rejected, std::string_view message) {
  return Bytes(1, Varint(1, rejected) + Bytes(2, message));
}

// google.rpc.Status, with a RetryInfo when `retry_seconds` is not negative.
inline std::string RpcStatus(int code, std::string_view message, int retry_seconds = -1) {
  std::string status = Varint(1, static_cast<uint64_t>(code)) + Bytes(2, message);
  if (retry_seconds < 0) return status;
  const std::string info = Bytes(1, Varint(1, static_cast<uint64_t>(retry_seconds)));
  return status += Bytes(3, Bytes(1, "type.googleapis.com/google.rpc.RetryInfo") + Bytes(2, info));
}

}  // namespace sidelight::otlp
