#include "src/api/request_parameters.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/http/form.h"

namespace sidelight::api {
namespace {

bool IsForm(const http::Request& request) {
  const std::string_view type = request.Header("Content-Type");
  return http::EqualsIgnoringCase(type.substr(0, type.find_first_of("; ")),
                                  "application/x-www-form-urlencoded");
}

}  // namespace

tl::expected<http::Fields, Problem> ParametersOf(const http::Request& request) {
  if (request.method != "POST" || !IsForm(request)) return request.query;
  std::optional<http::Fields> form = http::ParseForm(request.body);
  if (!form) {
    return Refuse(400, "bad_data", "the form has a '%' without two hexadecimal digits after it");
  }
  form->insert(form->end(), request.query.begin(), request.query.end());
  return *std::move(form);
}

std::string_view FirstOf(const http::Fields& parameters, std::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string> AllOf(const http::Fields& parameters, std::string_view name) {
  std::vector<std::string> all;
  for (const auto& [key, value] : parameters) {
    if (key == name) all.push_back(value);
  }
  return all;
}

tl::unexpected<Problem> BadData(std::string message) {
  return Refuse(400, "bad_data", std::move(message));
}

tl::unexpected<Problem> BadParameter(std::string_view name, std::string_view message) {
  return tl::unexpected<Problem>(
      Problem{.status = 400,
              .code = "bad_data",
              .message = fmt::format("invalid parameter \"{}\": {}", name, message),
              .details = Problem::Details{std::string(name), std::string(message)}});
}

http::Response JsonResponse(std::string body) {
  return {.status = 200, .content_type = "application/json", .headers = {}, .body = std::move(body)};
}

http::Response DataResponse(std::string_view data) {
  return JsonResponse(fmt::format("{{\"status\":\"success\",\"data\":{}}}", data));
}

http::Response Success(const nlohmann::ordered_json& data) {
  return DataResponse(data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace sidelight::api
