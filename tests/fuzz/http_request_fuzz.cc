// The API's request reader: any bytes, whole and in pieces, must give the same requests, in bounded memory.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/request_parser.h"

namespace sidelight::http {
namespace {

constexpr size_t kMaxHead = 512;
constexpr size_t kMaxBody = 256;

// What a connection would make of the bytes: one line for each request, and why it ended.
std::vector<std::string> ReadAll(std::string_view bytes, size_t piece) {
  std::vector<std::string> seen;
  while (true) {
    RequestParser parser(kMaxHead, kMaxBody);
    while (!parser.is_whole()) {
      if (bytes.empty()) return seen;
      const auto used = parser.Feed(bytes.substr(0, piece));
      if (!used) {
        seen.push_back(std::to_string(used.error().status) + used.error().message);
        return seen;
      }
      if (*used == 0) std::abort();
      bytes.remove_prefix(*used);
    }
    const Request& request = parser.request();
    if (request.body.size() > kMaxBody) std::abort();
    seen.push_back(request.method + " " + request.path + " " + request.body);
    for (const auto& [name, value] : request.headers) seen.back() += "\n" + name + ": " + value;
  }
}

}  // namespace
}  // namespace sidelight::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sidelight::http::ReadAll;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = ReadAll(bytes, std::max<size_t>(size, 1));
  if (ReadAll(bytes, 1) != whole || ReadAll(bytes, 7) != whole) std::abort();
  return 0;
}
