// Exemplar: one measured value with the trace that it belongs to, so that a bucket leads to a request.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/base/clock.h"

namespace sidelight {

// The identifiers of a W3C traceparent header. All zero means "no trace".
struct TraceId {
  std::array<uint8_t, 16> trace{};
  std::array<uint8_t, 8> span{};

  bool valid() const { return trace != std::array<uint8_t, 16>{} && span != std::array<uint8_t, 8>{}; }
  friend bool operator==(const TraceId&, const TraceId&) = default;
};

struct Exemplar {
  TraceId id;  // exposed as the labels trace_id and span_id, lower-case hex
  double value = 0;
  UnixMillis time = 0;

  friend bool operator==(const Exemplar&, const Exemplar&) = default;
};

// Lower-case hex, 32 and 16 digits.
std::string TraceHex(const TraceId& id);
std::string SpanHex(const TraceId& id);

}  // namespace sidelight
