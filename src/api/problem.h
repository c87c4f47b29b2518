// Problem: why the API does not do what it was asked, and the one shape in which it says so:
//
//   {"error":{"code":"not_found","message":"...","details":{"field":"...","issue":"..."},
//             "correlation_id":"...","timestamp":"2026-11-20T21:40:00.123Z"}}
//
// `details` is there only when one field of the request is to blame: its path, its method, a value in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/base/clock.h"
#include "core/http/message.h"

namespace sidelight::api {

struct Problem {
  struct Details {
    std::string field;  // "path", "method", or the name of what is in the query, the headers or the body
    std::string issue;
  };

  int status = 500;
  std::string code;     // a lower snake word that programs may compare: docs/api.md lists them
  std::string message;  // a sentence for people
  std::optional<Details> details = {};
  http::Fields headers = {};  // further ones of the response, such as Allow
};

// What an endpoint gives.
using Answer = tl::expected<http::Response, Problem>;

// `return Refuse(404, "not_found", "...")` in any endpoint.
tl::unexpected<Problem> Refuse(int status, std::string code, std::string message);

http::Response RenderProblem(const Problem& problem, std::string_view correlation_id, UnixMillis now);

}  // namespace sidelight::api
