#include "collector/meter/families.h"

#include <fmt/format.h>

#include <array>
#include <memory>

#include "collector/meter/tap_families.h"
#include "collector/protocols/http1/methods.h"
#include "core/model/naming.h"

namespace sidelight::meter {
namespace {

constexpr std::array<std::string_view, 5> kVersions = {"", "1.1", "1.0", "2", "3"};
// The tap sees plain text; whoever encrypts does it outside of the tap.
constexpr std::string_view kScheme = "http";

// The semantic conventions' advice for HTTP durations, in seconds.
const BucketBounds& DurationBounds() {
  static const BucketBounds bounds = std::make_shared<const std::vector<double>>(
      std::vector<double>{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10});
  return bounds;
}

// 256 B to 16 MiB by powers of four; the conventions advise none.
const BucketBounds& SizeBounds() {
  static const BucketBounds bounds = std::make_shared<const std::vector<double>>(
      std::vector<double>{0x1p8, 0x1p10, 0x1p12, 0x1p14, 0x1p16, 0x1p18, 0x1p20, 0x1p22, 0x1p24});
  return bounds;
}

// What a reverse proxy would have logged, for the status label of naming plain.
uint16_t PlainStatus(Outcome outcome, uint16_t status) {
  switch (outcome) {
    case Outcome::kConnectRefused:
    case Outcome::kDns:
    case Outcome::kUpstreamClosed:
    case Outcome::kResponseIncomplete:
      return 502;
    case Outcome::kConnectTimeout:
    case Outcome::kTimeout:
      return 504;
    case Outcome::kOverloaded:
      return 503;
    case Outcome::kClientGone:
      return 499;
    case Outcome::kAnswered:
    case Outcome::kUnobserved:
      break;
  }
  return status;
}

}  // namespace

// Labels with the bytes of those that are made on the way.
class Families::Builder {
 public:
  void Add(std::string_view name, std::string_view value) {
    if (!value.empty()) labels_[size_++] = {name, value};
  }
  Labels Build() const { return Labels(std::span<const Label>(labels_.data(), size_)); }

 private:
  std::array<Label, 10> labels_;
  size_t size_ = 0;
};

Families::Families(metrics::Registry& registry, const Identity& identity, Role role, const Naming& naming)
    : methods_(http1::KnownMethods::FromEnvironment().names()),
      identity_(identity),
      port_(identity.server_port == 0 ? "" : fmt::to_string(identity.server_port)),
      role_(role),
      plain_(naming.style == NamingStyle::kPlain) {
  methods_.emplace_back(http1::kOtherMethod);
  const bool client = role == Role::kClient;
  names_ = {.method = PrometheusLabelName("http.request.method"),
            .scheme = PrometheusLabelName("url.scheme"),
            .status = PrometheusLabelName("http.response.status_code"),
            .route = PrometheusLabelName(client ? "url.template" : "http.route"),
            .error = PrometheusLabelName("error.type"),
            .version = PrometheusLabelName("network.protocol.version"),
            .address = PrometheusLabelName("server.address"),
            .port = PrometheusLabelName("server.port")};

  const auto histogram = [&](std::string name, std::string otel_name, std::string_view unit, std::string help,
                             const BucketBounds& bounds) {
    // Not all in one initializer: GCC 12 at -O2 then takes the bounds for uninitialized when a later member
    // throws.
    metrics::FamilyOptions family{.name = std::move(name),
                                  .help = std::move(help),
                                  .unit = PrometheusUnit(unit),
                                  .type = MetricType::kHistogram};
    family.histogram.bounds = bounds;
    if (!otel_name.empty()) {
      family.otel_name = std::move(otel_name);
      family.otel_unit = unit;
    }
    return registry.AddFamily(std::move(family));
  };
  const auto counter = [&](std::string name, std::string help) {
    return registry.AddFamily({.name = std::move(name),
                               .help = std::move(help),
                               .unit = "",
                               .type = MetricType::kCounter,
                               .histogram = {}});
  };

  const TapFamilies tap(registry);
  exchanges = tap.exchanges;
  unobserved = tap.unobserved;
  opaque = tap.opaque;
  overflow = tap.overflow;
  if (plain_) {
    requests =
        counter(naming.prefix + "_requests_total", "HTTP requests, by method, route template and status.");
    duration = histogram(naming.prefix + "_duration_seconds", "", "s",
                         "Time from a request's first byte to its answer's last.", DurationBounds());
    return;
  }

  const std::string side = client ? "http.client." : "http.server.";
  const std::string whose = client ? "Outgoing HTTP" : "HTTP";
  const auto otel_histogram = [&](std::string_view name, std::string_view unit, std::string help,
                                  const BucketBounds& bounds) {
    std::string otel_name = side + std::string(name);
    std::string prometheus_name = PrometheusName(otel_name, unit, MetricType::kHistogram);
    return histogram(std::move(prometheus_name), std::move(otel_name), unit, std::move(help), bounds);
  };
  duration = otel_histogram("request.duration", "s",
                            whose + " requests: time from a request's first byte to its answer's last.",
                            DurationBounds());
  time_to_first_byte = otel_histogram(
      "request.time_to_first_byte", "s",
      whose + " requests: time from a request's first byte to its answer's first.", DurationBounds());
  request_body_size = otel_histogram(
      "request.body.size", "By", whose + " requests: size of the request's body on the wire.", SizeBounds());
  response_body_size = otel_histogram(
      "response.body.size", "By", whose + " requests: size of the answer's body on the wire.", SizeBounds());
  pipeline_wait =
      otel_histogram("request.pipeline_wait", "s",
                     whose + " requests that were sent before the last answer had ended: the wait behind it.",
                     DurationBounds());
  metrics::FamilyOptions active{
      .name = PrometheusName(side + "active_requests", "{request}", MetricType::kGauge),
      .help = whose + " requests that have begun and not ended.",
      .unit = "",
      .type = MetricType::kGauge};
  active.otel_name = side + "active_requests";
  active.otel_unit = "{request}";
  active_requests = registry.AddFamily(std::move(active));
}

MethodId Families::MethodOf(std::string_view operation) const {
  MethodId id = 0;
  while (id + 1u < methods_.size() && operation != methods_[id]) ++id;
  return id;
}

Combination Families::CombinationOf(const Exchange& exchange, RouteId route) const {
  Combination combination;
  combination.route = route;
  combination.method = MethodOf(exchange.operation);
  if (exchange.status > 0 && exchange.status <= 999)
    combination.status = static_cast<uint16_t>(exchange.status);
  if (plain_) {
    combination.status = PlainStatus(exchange.outcome, combination.status);
    return combination;
  }
  combination.outcome = exchange.outcome;
  for (uint8_t i = 1; i < kVersions.size(); ++i) {
    if (exchange.protocol_version == kVersions[i]) combination.version = i;
  }
  return combination;
}

Labels Families::ExchangeLabels(const Combination& combination, std::string_view route) const {
  Builder labels;
  const std::string_view method = methods_[combination.method];
  if (plain_) {
    labels.Add("method", method);
    labels.Add("endpoint", route.empty() ? kUnmatched : route);
    return labels.Build();
  }
  const std::string status = combination.status == 0 ? "" : fmt::to_string(combination.status);
  std::string_view error = ErrorWord(combination.outcome);
  const int failure = role_ == Role::kClient ? 400 : 500;
  if (combination.outcome == Outcome::kAnswered && combination.status >= failure) error = status;
  labels.Add("tap", identity_.tap);
  labels.Add(names_.method, method);
  labels.Add(names_.route, route);
  labels.Add(names_.status, status);
  labels.Add(names_.error, error);
  labels.Add(names_.version, kVersions[combination.version]);
  if (role_ == Role::kClient) {
    labels.Add(names_.address, identity_.server_address);
    labels.Add(names_.port, port_);
  } else {
    labels.Add(names_.scheme, kScheme);
  }
  return labels.Build();
}

Labels Families::RequestLabels(const Combination& combination, std::string_view route) const {
  Builder labels;
  const std::string status = fmt::to_string(combination.status);
  labels.Add("method", methods_[combination.method]);
  labels.Add("endpoint", route.empty() ? kUnmatched : route);
  labels.Add("status_code", status);
  return labels.Build();
}

Labels Families::MethodLabels(MethodId method) const {
  return ExchangeLabels({.method = method}, "");
}

Labels Families::OverflowLabels() const {
  Builder labels;
  labels.Add("otel_metric_overflow", "true");
  if (!plain_) labels.Add("tap", identity_.tap);
  return labels.Build();
}

Labels Families::TapLabels() const {
  return meter::TapLabels(identity_.tap);
}

Labels Families::OpaqueLabels(OpaqueReason reason) const {
  return meter::OpaqueLabels(identity_.tap, reason);
}

}  // namespace sidelight::meter
