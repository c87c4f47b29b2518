#include "core/wire/otlp/message.h"

namespace sidelight::otlp {
namespace {

size_t CountPoints(const MetricMessage& metric) {
  return std::visit(
      [](const auto& data) -> size_t {
        if constexpr (requires { data.points; }) {
          return data.points.size();
        } else {
          return 0;
        }
      },
      metric.data);
}

}  // namespace

size_t CountPoints(const MetricsRequest& request) {
  size_t points = 0;
  for (const ResourceMetrics& resource : request.resources) {
    for (const ScopeMetrics& scope : resource.scopes) {
      for (const MetricMessage& metric : scope.metrics) points += CountPoints(metric);
    }
  }
  return points;
}

}  // namespace sidelight::otlp
