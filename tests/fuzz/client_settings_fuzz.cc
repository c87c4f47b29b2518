// Any bytes as a destination's block: it is taken or refused. What comes from the environment, as secrets do,
// is in no error; and no header has a line break in it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/http/client_settings.h"

namespace {

using namespace sidelight;

constexpr std::string_view kSecret = "hunter2-from-the-environment";

void Require(bool good, std::string_view what, std::string_view text) {
  if (good) return;
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(text.size()), text.data());
  std::abort();
}

void RequireSecrecy(const std::string& input, const std::string& message) {
  const bool in_file = input.find(kSecret) != std::string::npos;
  Require(in_file || message.find(kSecret) == std::string::npos, "the environment's value is shown", message);
}

// No name in it leads to a file: what is read must not depend on the machine.
bool NamesFiles(const http::ClientSettings& settings) {
  if (settings.basic_auth &&
      !(settings.basic_auth->username.file + settings.basic_auth->password.file).empty()) {
    return true;
  }
  if (settings.authorization && !settings.authorization->credentials.file.empty()) return true;
  for (const auto& [name, source] : settings.headers) {
    if (!source.file.empty()) return true;
  }
  return false;
}

void Run(const std::string& text) {
  yaml::Document document = yaml::Document::Parse(
      text, "f", {.environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "GONE") return std::nullopt;
        return std::string(kSecret) + (name == "LINES" ? "\nEvil: 1" : "");
      }});
  http::ClientSettings settings;
  yaml::Mapping mapping = document.Root().AsMapping();
  http::Decode(mapping, &settings);
  mapping.Finish();
  if (const Status status = document.status(); !status) return RequireSecrecy(text, status.error().message);
  if (NamesFiles(settings)) return;
  const Result<http::Fields> headers = settings.Headers();
  if (!headers) return RequireSecrecy(text, headers.error().message);
  for (const auto& [name, value] : *headers) {
    Require(http::IsHeaderName(name) && http::IsHeaderValue(value), "no header", name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
