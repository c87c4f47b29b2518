#include "collector/tap/counters.h"

#include <memory>
#include <vector>

#include "core/model/labels.h"

namespace sidelight::tap {
namespace {

using metrics::Budget;

constexpr std::array<std::string_view, 4> kConnectFailures = {"connect_refused", "connect_timeout", "dns",
                                                              "no_descriptor"};
constexpr std::array<std::string_view, 2> kRefusals = {"overloaded", "no_descriptor"};
constexpr std::array<std::string_view, 2> kDirections = {"request", "response"};

BucketBounds ConnectBounds() {
  return std::make_shared<const std::vector<double>>(std::vector<double>{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5});
}

}  // namespace

Families::Families(metrics::Registry& registry) {
  const auto add = [&registry](const char* name, const char* help, const char* unit, MetricType type) {
    metrics::FamilyOptions options{.name = name, .help = help, .unit = unit, .type = type, .histogram = {}};
    if (type == MetricType::kHistogram) options.histogram.bounds = ConnectBounds();
    return registry.AddFamily(std::move(options));
  };
  connections_total = add("sidelight_tap_connections_total", "Connections that clients opened to the tap.",
                          "", MetricType::kCounter);
  connections = add("sidelight_tap_open_connections", "Connections of clients that are open now.", "",
                    MetricType::kGauge);
  connect_failures_total =
      add("sidelight_tap_connect_failures_total",
          "Connections for which the upstream could not be reached, by reason.", "", MetricType::kCounter);
  connections_refused_total =
      add("sidelight_tap_connections_refused_total",
          "Connections of clients that the tap turned away, by reason.", "", MetricType::kCounter);
  bytes_total = add("sidelight_tap_bytes_total", "Bytes that the tap read, by direction.", "bytes",
                    MetricType::kCounter);
  bytes_unparsed_total = add("sidelight_tap_unparsed_bytes_total",
                             "Bytes that went by on connections that could not be parsed, or no longer.",
                             "bytes", MetricType::kCounter);
  connect_duration_seconds = add("sidelight_tap_connect_duration_seconds",
                                 "Time from a client's connection until the upstream's was there.", "seconds",
                                 MetricType::kHistogram);
}

Counters::Counters(const Families& families, metrics::Shard& shard, std::string_view tap) {
  const Labels labels{{"tap", tap}};
  connections_total = shard.GetCounter(families.connections_total, labels, Budget::kExempt);
  connections = shard.GetGauge(families.connections, labels, Budget::kExempt);
  for (size_t i = 0; i < kConnectFailures.size(); ++i) {
    connect_failures[i] = shard.GetCounter(families.connect_failures_total,
                                           {{"tap", tap}, {"reason", kConnectFailures[i]}}, Budget::kExempt);
  }
  for (size_t i = 0; i < kRefusals.size(); ++i) {
    refused[i] = shard.GetCounter(families.connections_refused_total,
                                  {{"tap", tap}, {"reason", kRefusals[i]}}, Budget::kExempt);
  }
  for (size_t i = 0; i < kDirections.size(); ++i) {
    bytes[i] = shard.GetCounter(families.bytes_total, {{"tap", tap}, {"direction", kDirections[i]}},
                                Budget::kExempt);
  }
  bytes_unparsed = shard.GetCounter(families.bytes_unparsed_total, labels, Budget::kExempt);
  connect_duration = shard.GetHistogram(families.connect_duration_seconds, labels, Budget::kExempt);
}

}  // namespace sidelight::tap
