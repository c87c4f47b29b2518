// Any bytes as a configuration file: it is taken or refused, and a refusal names a place in it.
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "src/config/config.h"

namespace {

using sidelight::Result;
using sidelight::config::Config;

constexpr std::string_view kSecret = "hunter2-from-the-environment";

void Require(bool good, std::string_view what, std::string_view message) {
  if (good) return;
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(message.size()), message.data());
  std::abort();
}

// "NAME:LINE:COLUMN: " with numbers from 1.
bool BeginsWithPlace(std::string_view message, std::string_view name) {
  if (!message.starts_with(name)) return false;
  message.remove_prefix(name.size());
  for (int part = 0; part < 2; ++part) {
    if (!message.starts_with(':')) return false;
    message.remove_prefix(1);
    size_t digits = 0;
    while (digits < message.size() && std::isdigit(static_cast<unsigned char>(message[digits]))) ++digits;
    if (digits == 0 || message.front() == '0') return false;
    message.remove_prefix(digits);
  }
  return message.starts_with(": ") && message.size() > 2;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Result<Config> config =
      sidelight::config::Parse(text, "f.yaml", [](const std::string& name) -> std::optional<std::string> {
        if (name == "GONE") return std::nullopt;
        return std::string(kSecret);
      });
  if (config) {
    Require(!config->taps.empty(), "a configuration without a tap was taken", text);
    return 0;
  }
  const std::string& message = config.error().message;
  Require(BeginsWithPlace(message, "f.yaml"), "the error has no place", message);
  // Fifty errors at most, each cut to what fits on a screen.
  Require(message.size() < 200'000, "the error is too long", std::to_string(message.size()));
  const bool in_file = text.find(kSecret) != std::string::npos;
  Require(in_file || message.find(kSecret) == std::string::npos, "the environment's value is shown", message);
  return 0;
}
