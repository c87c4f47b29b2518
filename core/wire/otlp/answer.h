// What a receiver of OTLP answers: ExportMetricsServiceResponse when it took the request, google.rpc.Status
// when it did not. Both in the encoding of the request.
//
// Source: opentelemetry-proto 1.11, docs/specification.md, "Partial Success" and "Failures"; googleapis,
// google/rpc/{status,error_details}.proto .
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/wire/otlp/encode.h"

namespace sidelight::otlp {

struct Answer {
  int64_t rejected_data_points = 0;
  std::string error_message;  // with nothing rejected: a warning

  bool partial() const { return rejected_data_points != 0 || !error_message.empty(); }
};

struct StatusMessage {
  int32_t code = 0;  // gRPC's
  std::string message;
  std::optional<Duration> retry_delay;  // of a RetryInfo among its details
};

inline constexpr size_t kMaxAnswerBytes = size_t{4} << 20;  // the specification's limit
inline constexpr size_t kMaxMessageBytes = 64 * 1024;       // of a text in it; the rest is cut off

// No bytes are an answer without anything to say, as in gRPC and from servers that answer 200 with an empty
// body. kLimit for more than `max_bytes`, kInvalidArgument for what is no such message. Broken UTF-8 in texts
// becomes U+FFFD: they go to a log. Thread-safe.
Result<Answer> DecodeAnswer(std::string_view bytes, Encoding encoding, size_t max_bytes = kMaxAnswerBytes);
Result<StatusMessage> DecodeStatus(std::string_view bytes, Encoding encoding,
                                   size_t max_bytes = kMaxAnswerBytes);

}  // namespace sidelight::otlp
