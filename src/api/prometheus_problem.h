// A Problem in the shape that Prometheus' API gives its errors, for the paths that are Prometheus':
//
//   {"status":"error","errorType":"bad_data","error":"invalid parameter \"step\": ..."}
#pragma once

#include <string_view>

#include "core/http/message.h"
#include "src/api/problem.h"

namespace sidelight::api {

// "/api/v1" and what is below it.
bool IsPrometheusPath(std::string_view path);

// A code that is no errorType of Prometheus becomes the one that fits its status.
http::Response RenderPrometheusProblem(const Problem& problem);

}  // namespace sidelight::api
