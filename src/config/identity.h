// What a process is called when nobody says so: OpenTelemetry's service name, and the pod or host that tells
// one process of a service from another.
#pragma once

#include <map>
#include <string>

#include "src/config/config.h"

namespace sidelight::config {

// OTEL_SERVICE_NAME, else the service.name of OTEL_RESOURCE_ATTRIBUTES, else "unknown_service", as
// OpenTelemetry's SDKs do.
std::string DefaultService(const Environment& environment);

// POD_NAME, which Kubernetes' downward API can fill, else the host's name: what the label `instance` says.
std::string DefaultInstance(const Environment& environment);

// What goes on every alert: `service`, and `namespace` and `pod` where POD_NAMESPACE and POD_NAME are set.
std::map<std::string, std::string> DefaultExternalLabels(const std::string& service,
                                                         const Environment& environment);

// This host's; "localhost" when the system does not tell.
std::string HostName();

}  // namespace sidelight::config
