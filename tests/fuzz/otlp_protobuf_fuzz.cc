// OTLP's protobuf decoders, of requests and of what a receiver answers, take any bytes within their limits.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/utf8.h"
#include "core/wire/otlp/answer.h"
#include "core/wire/otlp/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidelight;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = otlp::DecodeProtobuf(bytes, {.max_bytes = 1 << 20, .max_memory = 1 << 22});
  // Two bytes are the least that a point takes.
  if (message && otlp::CountPoints(*message) > size / 2) std::abort();
  if (!message && message.error().message.empty()) std::abort();
  const auto answer = otlp::DecodeAnswer(bytes, otlp::Encoding::kProtobuf);
  if (answer && !IsValidUtf8(answer->error_message)) std::abort();
  const auto status = otlp::DecodeStatus(bytes, otlp::Encoding::kProtobuf);
  if (status && status->retry_delay && *status->retry_delay < Duration::zero()) std::abort();
  return 0;
}
