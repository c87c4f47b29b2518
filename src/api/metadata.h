// /api/v1/metadata: what each metric is. The families are those that a scrape of /metrics sees now, under
// Prometheus' names; what rules record has no metadata.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#querying-metric-metadata .
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/http/message.h"
#include "core/model/snapshot.h"
#include "src/api/router.h"

namespace sidelight::api {

// Adds the endpoint; `collect` gives all families.
void AddMetadata(std::function<std::shared_ptr<const Snapshot>()> collect, Router* router);

// "counter", "gauge", "histogram", "summary", "unknown".
std::string_view MetricTypeWord(MetricType type);

}  // namespace sidelight::api
