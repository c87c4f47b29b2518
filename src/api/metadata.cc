#include "src/api/metadata.h"

#include <cstdint>
#include <string>
#include <utility>

#include "src/api/query_json.h"
#include "src/api/query_parameters.h"
#include "src/api/request_parameters.h"

namespace sidelight::api {
namespace {

// A limit where a negative one, and none, means that there is no limit.
tl::expected<int64_t, Problem> ReadLimit(const http::Fields& parameters, std::string_view name) {
  const std::string_view text = FirstOf(parameters, name);
  if (text.empty()) return -1;
  if (const Result<int64_t> limit = ParseInteger(text)) return *limit;
  return BadData(std::string(name) + " must be a number");
}

void AppendFamily(const MetricFamily& family, std::string* out) {
  AppendJsonString(family.name, out);
  *out += R"(:[{"type":)";
  AppendJsonString(MetricTypeWord(family.type), out);
  *out += R"(,"unit":)";
  AppendJsonString(family.unit, out);
  *out += R"(,"help":)";
  AppendJsonString(family.help, out);
  *out += "}]";
}

Answer ListMetadata(const http::Request& request, const Snapshot& snapshot) {
  const http::Fields& parameters = request.query;
  const auto limit = ReadLimit(parameters, "limit");
  if (!limit) return tl::unexpected<Problem>(limit.error());
  // Each metric has one entry, so that this limit has nothing to leave out.
  if (const auto checked = ReadLimit(parameters, "limit_per_metric"); !checked) {
    return tl::unexpected<Problem>(checked.error());
  }
  const std::string_view metric = FirstOf(parameters, "metric");
  int64_t listed = 0;
  std::string data = "{";
  for (const MetricFamily& family : snapshot.families) {
    if (!metric.empty() && family.name != metric) continue;
    if (*limit >= 0 && listed >= *limit) break;
    if (listed++ > 0) data += ',';
    AppendFamily(family, &data);
  }
  return DataResponse(data + "}");
}

}  // namespace

std::string_view MetricTypeWord(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kSummary:
      return "summary";
    case MetricType::kUnknown:
      break;
  }
  return "unknown";
}

void AddMetadata(std::function<std::shared_ptr<const Snapshot>()> collect, Router* router) {
  router->Add("GET", "/api/v1/metadata", [collect = std::move(collect)](const Call& call) {
    return ListMetadata(call.request, *collect());
  });
}

}  // namespace sidelight::api
