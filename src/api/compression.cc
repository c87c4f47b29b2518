#include "src/api/compression.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/http/accept.h"
#include "core/wire/gzip.h"

namespace sidelight::api {
namespace {

constexpr std::string_view kRequestHeader = "Accept-Encoding";
// With its head it fits into one packet, where fewer bytes save nothing.
constexpr size_t kMinBytes = 1024;

void AddVary(http::Fields* headers) {
  const auto vary =
      std::find_if(headers->begin(), headers->end(), [](const auto& field) { return field.first == "Vary"; });
  if (vary == headers->end()) {
    headers->emplace_back("Vary", kRequestHeader);
  } else {
    vary->second.append(", ").append(kRequestHeader);
  }
}

}  // namespace

void Compress(const http::Request& request, http::Response* response) {
  if (response->body.empty()) return;
  AddVary(&response->headers);
  if (response->body.size() < kMinBytes || !http::AcceptsGzip(request.HeaderList(kRequestHeader))) return;
  if (Result<std::string> packed = wire::Gzip(response->body)) {
    response->body = *std::move(packed);
    response->headers.emplace_back("Content-Encoding", "gzip");
  }
}

}  // namespace sidelight::api
