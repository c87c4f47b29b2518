// A Snapshot as OTLP's ExportMetricsServiceRequest, in protobuf or JSON, without a message in between.
//
//   counter    Sum, monotonic           gauge, unknown   Gauge
//   histogram  Histogram or ExponentialHistogram, whichever form is wanted and there
//   summary    Summary                  a stale series   a point with the flag NO_RECORDED_VALUE
//
// Names are OpenTelemetry's where the family knows them (MetricFamily::otel_name), and then its labels become
// the semantic conventions' attributes (AttributeOfLabel); Prometheus' names otherwise. Text that is not
// UTF-8 has U+FFFD for what is broken, because a receiver would refuse the whole request for it.
//
// Source: opentelemetry-proto 1.11, opentelemetry/proto/metrics/v1/metrics.proto and docs/specification.md .
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/model/snapshot.h"

namespace sidelight::otlp {

struct Attribute {
  std::string key;
  std::variant<std::string, int64_t, double, bool> value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

// Who is measured: service.name, k8s.pod.name, ...
struct Resource {
  std::vector<Attribute> attributes;
  friend bool operator==(const Resource&, const Resource&) = default;
};

// Who measures.
struct Scope {
  std::string name;
  std::string version;
  friend bool operator==(const Scope&, const Scope&) = default;
};

enum class Temporality : uint8_t { kCumulative, kDelta };
// A histogram that lacks the wanted form is sent in the other.
enum class HistogramForm : uint8_t { kExplicit, kExponential };
enum class Encoding : uint8_t { kProtobuf, kJson };

struct EncodeOptions {
  // What the snapshot is: whoever wants deltas has subtracted already, and set the points' start times.
  Temporality temporality = Temporality::kCumulative;
  HistogramForm histograms = HistogramForm::kExplicit;
  Encoding encoding = Encoding::kProtobuf;
  size_t max_bytes =
      size_t{64} << 20;   // of one request; the specification's limit, which is before compression
  size_t max_points = 0;  // of one request; 0: no limit
};

struct EncodedRequest {
  std::string body;
  size_t points = 0;  // never 0
};

// As few requests as the limits allow, in the snapshot's order; none for a snapshot without points. A point
// that is too large for a request of its own is left out and counted in `*too_large`. Thread-safe: reads
// only.
std::vector<EncodedRequest> EncodeMetrics(const Snapshot& snapshot, const Resource& resource,
                                          const Scope& scope, const EncodeOptions& options = {},
                                          size_t* too_large = nullptr);

}  // namespace sidelight::otlp
