// The client's response reader: any bytes, whole and in pieces, must give the same response, in bounded
// memory.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/http/response_parser.h"

namespace sidelight::http {
namespace {

constexpr size_t kMaxHead = 512;
constexpr size_t kMaxBody = 256;

std::string Read(std::string_view bytes, size_t piece, Excess excess) {
  ResponseParser parser(kMaxHead, kMaxBody, excess);
  for (; !bytes.empty() && !parser.is_whole(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    if (!parser.Feed(bytes.substr(0, piece))) return "refused";
  }
  if (!parser.Finish()) return "refused";
  const Response& response = parser.response();
  if (!parser.is_whole() || response.body.size() > kMaxBody) std::abort();
  std::string text = std::to_string(response.status) + response.content_type + "\n" + response.body;
  for (const auto& [name, value] : response.headers) text += "\n" + name + ": " + value;
  return text;
}

}  // namespace
}  // namespace sidelight::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sidelight::http::Excess;
  using sidelight::http::Read;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const Excess excess : {Excess::kRefuse, Excess::kCut}) {
    const std::string whole = Read(bytes, std::max<size_t>(size, 1), excess);
    if (Read(bytes, 1, excess) != whole || Read(bytes, 7, excess) != whole) std::abort();
  }
  return 0;
}
