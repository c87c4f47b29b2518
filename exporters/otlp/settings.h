// The settings of the OTLP exporter: what `exporters.otlp` of the configuration says, and where it says
// nothing, OpenTelemetry's environment variables.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/client_settings.h"
#include "core/http/url.h"
#include "core/relabel/relabel.h"
#include "core/wire/otlp/encode.h"
#include "core/yaml/yaml.h"

namespace sidelight::otlp {

enum class Protocol : uint8_t { kHttpProtobuf, kHttpJson, kGrpc };

struct Destination {
  http::Url url;
  std::string target;  // behind the URL's path: "/v1/metrics"; "" or "/" of a whole URL; of gRPC unused
  Protocol protocol = Protocol::kHttpProtobuf;
  http::ClientSettings client;
  bool gzip = false;
  Temporality temporality = Temporality::kCumulative;
  HistogramForm histograms = HistogramForm::kExplicit;
  Duration interval = std::chrono::seconds(60);
  Duration timeout = std::chrono::seconds(10);
  std::vector<relabel::Rule> metric_relabel_configs;

  // Sends to that URL: as it is, or as the base to which HTTP's /v1/metrics is added. `protocol` is set.
  // kInvalidArgument says what is wrong with it.
  Status PointTo(std::string_view text, bool is_whole);

  // The URL as logs and metrics have it: "http://collector:4318/v1/metrics".
  std::string Name() const;

  friend bool operator==(const Destination&, const Destination&) = default;
};

// Reads the list `exporters.otlp`; what is wrong is recorded at its node. Each entry has
//   endpoint            the base, to which /v1/metrics is added; of grpc the server
//   metrics_endpoint    instead of it: the whole URL, for HTTP
//   protocol, compression, temporality, histograms, interval, timeout, headers,
//   metric_relabel_configs, and the keys of http_config.
void Decode(const yaml::Node& list, std::vector<Destination>* out);

// Looks up an environment variable.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

// What OTEL_EXPORTER_OTLP_* name, those of METRICS before the general ones. Nothing when no endpoint is set
// and OTEL_METRICS_EXPORTER is not "otlp", or when the SDK is disabled or metrics go to another exporter. The
// error names the variable.
Result<std::optional<Destination>> FromEnvironment(const Environment& environment);

// service.name, service.instance.id and the k8s.* that the downward API gives (POD_NAME, POD_NAMESPACE,
// POD_UID, NODE_NAME, CONTAINER_NAME), and OTEL_RESOURCE_ATTRIBUTES, whose service.name counts less than
// `service`; "" for either leaves it out. The error names the variable and the pair.
Result<Resource> ResourceFrom(const std::string& service, const std::string& instance,
                              const Environment& environment);

}  // namespace sidelight::otlp
