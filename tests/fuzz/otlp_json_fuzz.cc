// OTLP's JSON decoders, of requests and of what a receiver answers, take any text within their limits; their
// errors quote it, and stay UTF-8.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/utf8.h"
#include "core/wire/otlp/answer.h"
#include "core/wire/otlp/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidelight;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = otlp::DecodeJson(text, {.max_bytes = 1 << 20, .max_memory = 1 << 22, .max_depth = 8});
  if (message && otlp::CountPoints(*message) > size / 2) std::abort();
  if (!message && !IsValidUtf8(message.error().message)) std::abort();
  const auto answer = otlp::DecodeAnswer(text, otlp::Encoding::kJson);
  if (answer && !IsValidUtf8(answer->error_message)) std::abort();
  const auto status = otlp::DecodeStatus(text, otlp::Encoding::kJson);
  if (status && status->retry_delay && *status->retry_delay < Duration::zero()) std::abort();
  return 0;
}
