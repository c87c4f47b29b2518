// What a process is called when nobody says so: OpenTelemetry's service name, and the labels that tell one
// pod from another on what leaves the process.
#pragma once

#include <string>

#include "core/model/labels.h"
#include "src/config/config.h"

namespace sidelight::config {

// OTEL_SERVICE_NAME, else "unknown_service", as OpenTelemetry's SDKs do.
std::string DefaultService(const Environment& environment);

// `given`, with service, namespace (POD_NAMESPACE) and pod (POD_NAME) where it does not name them and the
// environment, filled by Kubernetes' downward API, does. A label given as "" is left out.
Labels ExternalLabels(const std::vector<std::pair<std::string, std::string>>& given,
                      const std::string& service, const Environment& environment);

}  // namespace sidelight::config
