#include "src/api/router.h"

#include <fmt/format.h>

#include <utility>

namespace sidelight::api {
namespace {

// Enough to recognise what was asked for, and no more, goes back into a message.
std::string Clip(std::string_view text) {
  constexpr size_t kMax = 200;
  return text.size() <= kMax ? std::string(text) : std::string(text.substr(0, kMax)) + "...";
}

}  // namespace

void Router::Add(std::string method, std::string path, Endpoint endpoint) {
  entries_.push_back({std::move(method), std::move(path), std::move(endpoint)});
}

Answer Router::Route(const Call& call) const {
  const http::Request& request = call.request;
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allow;
  for (const Entry& entry : entries_) {
    if (entry.path != request.path) continue;
    if (entry.method == method) return entry.endpoint(call);
    if (!allow.empty()) allow += ", ";
    allow += entry.method == "GET" ? "GET, HEAD" : entry.method;
  }
  if (allow.empty()) {
    return tl::unexpected<Problem>(
        Problem{.status = 404,
                .code = "not_found",
                .message = fmt::format("there is nothing at {}; / lists what there is", Clip(request.path)),
                .details = Problem::Details{"path", "unknown"}});
  }
  return tl::unexpected<Problem>(Problem{
      .status = 405,
      .code = "method_not_allowed",
      .message = fmt::format("{} is not allowed at {}; use {}", Clip(request.method), request.path, allow),
      .details = Problem::Details{"method", fmt::format("expected {}", allow)},
      .headers = {{"Allow", allow}}});
}

std::string_view Router::RouteOf(std::string_view path) const {
  for (const Entry& entry : entries_) {
    if (entry.path == path) return entry.path;
  }
  return "other";
}

}  // namespace sidelight::api
