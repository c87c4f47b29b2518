#include "src/api/router.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace sidelight::api {
namespace {

// Enough to recognise what was asked for, and no more, goes back into a message.
std::string Clip(std::string_view text) {
  constexpr size_t kMax = 200;
  return text.size() <= kMax ? std::string(text) : std::string(text.substr(0, kMax)) + "...";
}

// What stands in the path for the {...} of the pattern, or an empty text where the pattern has none; nothing
// when the path is not the pattern's.
std::optional<std::string_view> Match(std::string_view pattern, std::string_view path) {
  const size_t brace = pattern.find('{');
  if (brace == std::string_view::npos) {
    return pattern == path ? std::optional<std::string_view>("") : std::nullopt;
  }
  const std::string_view tail = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= brace + tail.size() || !path.starts_with(pattern.substr(0, brace)) ||
      !path.ends_with(tail)) {
    return std::nullopt;
  }
  const std::string_view segment = path.substr(brace, path.size() - brace - tail.size());
  if (segment.find('/') != std::string_view::npos) return std::nullopt;
  return segment;
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
    const std::optional<std::string_view> segment = Match(entry.path, request.path);
    if (!segment) continue;
    if (entry.method == method) return entry.endpoint({request, call.correlation_id, *segment});
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
    if (Match(entry.path, path)) return entry.path;
  }
  return "other";
}

}  // namespace sidelight::api
