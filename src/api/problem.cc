#include "src/api/problem.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace sidelight::api {

tl::unexpected<Problem> Refuse(int status, std::string code, std::string message) {
  return tl::unexpected<Problem>(
      Problem{.status = status, .code = std::move(code), .message = std::move(message)});
}

http::Response RenderProblem(const Problem& problem, std::string_view correlation_id, UnixMillis now) {
  nlohmann::ordered_json error;
  error["code"] = problem.code;
  error["message"] = problem.message;
  if (problem.details) {
    error["details"]["field"] = problem.details->field;
    error["details"]["issue"] = problem.details->issue;
  }
  error["correlation_id"] = correlation_id;
  error["timestamp"] = FormatRfc3339(now);
  nlohmann::ordered_json document;
  document["error"] = std::move(error);
  // A message may quote bytes of the request that are no UTF-8; they are replaced instead of thrown about.
  const std::string body = document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return {.status = problem.status,
          .content_type = "application/json",
          .headers = problem.headers,
          .body = body + "\n"};
}

}  // namespace sidelight::api
