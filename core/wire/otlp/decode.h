// The decoders of OTLP's ExportMetricsServiceRequest.
//
// Protobuf: fields that are unknown, or of another wire type than theirs, are skipped; packed and unpacked
// lists are both taken; text must be UTF-8. JSON: names in lowerCamelCase only, enums as integers, trace and
// span ids as hex, 64-bit integers as strings or numbers, "NaN" and "Infinity" as strings, null as absent;
// what is unknown is ignored, also names in snake_case. An entry of a known name but the wrong type is an
// error.
//
// Neither looks for sense in what it read: lengths of buckets and bounds, scales and duplicates are for the
// receiver, which refuses the point and not the request.
//
// Source: opentelemetry-proto 1.11, docs/specification.md, "JSON Protobuf Encoding"; the protobuf JSON
// mapping.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/error.h"
#include "core/wire/otlp/message.h"

namespace sidelight::otlp {

struct DecodeLimits {
  size_t max_bytes = size_t{64} << 20;    // of the request, decompressed
  size_t max_memory = size_t{256} << 20;  // of what it becomes; two bytes can say "one more data point"
  int max_depth = 32;                     // of attribute values within attribute values
};

// kLimit for one of the limits, kInvalidArgument for what is not such a message; the sentence says where.
// Thread-safe.
Result<MetricsRequest> DecodeProtobuf(std::string_view bytes, const DecodeLimits& limits = {});
Result<MetricsRequest> DecodeJson(std::string_view text, const DecodeLimits& limits = {});

}  // namespace sidelight::otlp
