// /api/v1/features: which of the abilities that Prometheus 3 lists there Sidelight has, under its words. What
// makes no sense here (service discovery, scraping) is left out.
//
// Source: Prometheus' answers; https://prometheus.io/docs/prometheus/latest/querying/api/ .
#pragma once

#include <string>

namespace sidelight::api {

struct Features {
  bool experimental = false;  // PromQL with what Prometheus has behind flags
  bool lifecycle = false;     // POST /-/reload is allowed
};

// {"api":{"exclude_alerts":true,...},"promql":{...},...}
std::string WriteFeatures(const Features& features);

}  // namespace sidelight::api
