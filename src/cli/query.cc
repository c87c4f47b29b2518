#include "src/cli/query.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/http/client.h"
#include "core/http/form.h"
#include "core/http/url.h"
#include "core/yaml/yaml.h"
#include "src/cli/query_table.h"

namespace sidelight::cli {
namespace {

// For the answer to come over when the query has taken all of its time.
constexpr Duration kSpare = std::chrono::seconds(5);
constexpr size_t kMostBytes = size_t{1} << 30;

Report Failure(std::string message, int exit_code = 1) {
  return {.output = {}, .errors = fmt::format("sidelight query: {}\n", message), .exit_code = exit_code};
}

http::Fields FormOf(const Query& query, const Clock& clock) {
  http::Fields form = {{"query", query.expression}, {"timeout", query.timeout}};
  if (query.start.empty()) {
    if (!query.time.empty()) form.emplace_back("time", query.time);
    return form;
  }
  form.emplace_back("start", query.start);
  form.emplace_back("end", query.end.empty() ? FormatRfc3339(clock.UnixNow()) : query.end);
  form.emplace_back("step", query.step);
  return form;
}

// Why the answer is none: what the API says, or what came instead.
std::string Complaint(const http::Response& response, const nlohmann::json& answer) {
  if (answer.is_object() && answer.contains("error") && answer["error"].is_string()) {
    return answer["error"].get<std::string>();
  }
  return fmt::format("the answer is none of Prometheus' API (status {}); does --url name a Sidelight?",
                     response.status);
}

}  // namespace

Report RunQuery(const Query& query, const Clock& clock) {
  const Result<http::Url> url = http::Url::Parse(query.url);
  if (!url) return Failure("--url: " + url.error().message, kUsageError);
  const Result<Duration> timeout = yaml::ParseDuration(query.timeout);
  if (!timeout) return Failure("--timeout: " + timeout.error().message, kUsageError);
  const Result<http::Response> response =
      http::Fetch(*url,
                  {.method = "POST",
                   .target = query.start.empty() ? "/api/v1/query" : "/api/v1/query_range",
                   .content_type = "application/x-www-form-urlencoded",
                   .body = http::FormatForm(FormOf(query, clock))},
                  {.timeout = *timeout + kSpare, .max_body_bytes = kMostBytes});
  if (!response) {
    return Failure(response.error().message + "; does a Sidelight listen there? --url says where to ask");
  }

  const nlohmann::json answer = nlohmann::json::parse(response->body, nullptr, false);
  if (response->status != 200) return Failure(Complaint(*response, answer));
  if (query.format == Query::Format::kJson && !answer.is_discarded()) {
    return {.output = response->body + "\n", .errors = {}, .exit_code = 0};
  }
  Result<std::string> table = FormatTable(answer);
  if (!table) return Failure(Complaint(*response, answer));
  return {.output = *std::move(table), .errors = {}, .exit_code = 0};
}

}  // namespace sidelight::cli
