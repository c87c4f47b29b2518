// What the endpoints below /api/v1 read their parameters with, and what they answer in.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "core/http/message.h"
#include "src/api/problem.h"

namespace sidelight::api {

// Those of the query string; of a POST also those of its form, which come first, so that of a name that is in
// both the form's value counts. A Problem for a form that is none.
tl::expected<http::Fields, Problem> ParametersOf(const http::Request& request);

// The first value under that name; empty when there is none.
std::string_view FirstOf(const http::Fields& parameters, std::string_view name);

// All values under that name, in their order.
std::vector<std::string> AllOf(const http::Fields& parameters, std::string_view name);

// Status 400, bad_data.
tl::unexpected<Problem> BadData(std::string message);
// The same, `invalid parameter "name": message`.
tl::unexpected<Problem> BadParameter(std::string_view name, std::string_view message);

// Status 200 with this JSON.
http::Response JsonResponse(std::string body);
// The same with {"status":"success","data":...} around it.
http::Response DataResponse(std::string_view data);
// The same of an object; bytes that are no UTF-8 are replaced.
http::Response Success(const nlohmann::ordered_json& data);

}  // namespace sidelight::api
