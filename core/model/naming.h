// How OpenTelemetry's names become Prometheus' ones and back, and which names each side takes.
// Source: opentelemetry-specification, compatibility/prometheus_and_openmetrics.md (strategy
// UnderscoreEscapingWithSuffixes), and Prometheus' naming rules.
#pragma once

#include <string>
#include <string_view>

#include "core/base/utf8.h"  // IsValidUtf8, which every name must pass
#include "core/model/snapshot.h"

namespace sidelight {

// "http.server.request.duration", "s", histogram -> "http_server_request_duration_seconds": the characters
// that Prometheus' classic names do not know become '_', runs of '_' collapse, the unit's word is appended
// unless the name ends in it, and a counter gets `_total`.
std::string PrometheusName(std::string_view otel_name, std::string_view unit, MetricType type);

// "http.request.method" -> "http_request_method".
std::string PrometheusLabelName(std::string_view otel_attribute);

// The word that a UCUM unit adds to a name: "s" -> "seconds", "By" -> "bytes", "By/s" -> "bytes_per_second",
// "1" -> "ratio" for gauges (the caller decides), "{request}" -> "".
std::string PrometheusUnit(std::string_view ucum);

// The way back, "seconds" -> "s", "bytes_per_second" -> "By/s"; a word that no UCUM unit has is its own unit.
std::string UcumUnit(std::string_view prometheus_unit);

enum class AttributeKind : uint8_t { kString, kInteger, kBoolean };
// An attribute of the semantic conventions (1.44.0), and of what kind its values are there.
struct OtelAttribute {
  std::string_view name;
  AttributeKind kind = AttributeKind::kString;
};
// The way back from a label: "http_request_method" -> "http.request.method", "server_port" -> "server.port",
// an integer. A label that no attribute of the conventions becomes keeps its name, and its text; the name
// then points into `label`.
OtelAttribute AttributeOfLabel(std::string_view label);

// [a-zA-Z_:][a-zA-Z0-9_:]* and, for labels, the same without ':'.
bool IsClassicMetricName(std::string_view name);
bool IsClassicLabelName(std::string_view name);

}  // namespace sidelight
