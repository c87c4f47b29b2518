#include "src/api/prometheus_problem.h"

#include <algorithm>
#include <array>

#include "src/api/query_json.h"

namespace sidelight::api {
namespace {

std::string_view ErrorType(const Problem& problem) {
  constexpr std::array<std::string_view, 9> kTypes = {"bad_data", "canceled",          "execution",
                                                      "internal", "not_found",         "not_acceptable",
                                                      "timeout",  "too_many_requests", "unavailable"};
  if (const auto* const known = std::find(kTypes.begin(), kTypes.end(), problem.code);
      known != kTypes.end()) {
    return *known;
  }
  if (problem.status == 503) return "unavailable";
  return problem.status >= 500 ? "internal" : "bad_data";
}

}  // namespace

bool IsPrometheusPath(std::string_view path) {
  return path == "/api/v1" || path.starts_with("/api/v1/");
}

http::Response RenderPrometheusProblem(const Problem& problem) {
  return {.status = problem.status,
          .content_type = "application/json",
          .headers = problem.headers,
          .body = WriteError(ErrorType(problem), problem.message)};
}

}  // namespace sidelight::api
