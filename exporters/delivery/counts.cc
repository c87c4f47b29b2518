#include "exporters/delivery/counts.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sidelight::delivery {
namespace {

Labels Of(const Destination& destination) {
  return {{"destination", destination.name}, {"exporter", destination.exporter}};
}

metrics::SelfCounter& DroppedPoints(metrics::Self& self, const Destination& destination, DropReason reason) {
  return self.Counter(
      "sidelight_export_points_dropped_total",
      "Data points that were let go and not brought to the destination.",
      {{"destination", destination.name}, {"exporter", destination.exporter}, {"reason", Word(reason)}});
}

metrics::SelfCounter& DroppedRequests(metrics::Self& self, const Destination& destination,
                                      DropReason reason) {
  return self.Counter(
      "sidelight_export_requests_dropped_total", "Requests that were let go as a whole.",
      {{"destination", destination.name}, {"exporter", destination.exporter}, {"reason", Word(reason)}});
}

metrics::SelfCounter& Requests(metrics::Self& self, const Destination& destination, std::string_view result) {
  return self.Counter(
      "sidelight_export_requests_total", "Requests that were sent, by what became of them.",
      {{"destination", destination.name}, {"exporter", destination.exporter}, {"result", result}});
}

using Value = double (*)(const Waiting&, UnixMillis now);

MetricFamily PerDestination(const char* name, const char* help, const std::vector<Waiting>& all,
                            UnixMillis now, Value value) {
  MetricFamily family{.name = name, .help = help, .type = MetricType::kGauge};
  for (const Waiting& waiting : all) {
    family.metrics.push_back({.labels = Of(waiting.destination), .value = value(waiting, now)});
  }
  return family;
}

MetricFamily Single(const char* name, const char* help, MetricType type, double value) {
  MetricFamily family{.name = name, .help = help, .type = type};
  family.metrics.push_back({.value = value});
  return family;
}

MetricFamily Mode(QueueHealth::Mode mode) {
  using Mode = QueueHealth::Mode;
  MetricFamily family{.name = "sidelight_export_queue_mode",
                      .help = "Where the queue of exports is: 1 for what is the case.",
                      .type = MetricType::kGauge};
  for (const auto& [word, which] : {std::pair("durable", Mode::kDurable), std::pair("memory", Mode::kMemory),
                                    std::pair("off", Mode::kOff)}) {
    family.metrics.push_back({.labels = {{"mode", word}}, .value = mode == which ? 1.0 : 0.0});
  }
  return family;
}

}  // namespace

void DropCounts::Add(const Destination& destination, DropReason reason, uint64_t entries, uint64_t points) {
  if (entries == 0) {
    for (int i = 0; i < kDropReasons; ++i) {
      (void)DroppedPoints(self_, destination, static_cast<DropReason>(i));
      (void)DroppedRequests(self_, destination, static_cast<DropReason>(i));
    }
    return;
  }
  DroppedRequests(self_, destination, reason).Add(static_cast<double>(entries));
  DroppedPoints(self_, destination, reason).Add(static_cast<double>(points));
}

void DropCounts::AddPoints(const Destination& destination, DropReason reason, uint64_t points) {
  DroppedPoints(self_, destination, reason).Add(static_cast<double>(points));
}

DeliveryCounts::DeliveryCounts(metrics::Self& self, const Destination& destination)
    : points_sent(self.Counter("sidelight_export_points_sent_total",
                               "Data points that the destination has taken.", Of(destination))),
      points_rejected(DroppedPoints(self, destination, DropReason::kRejected)),
      delivered(Requests(self, destination, "delivered")),
      retry(Requests(self, destination, "retry")),
      refused(Requests(self, destination, "refused")),
      retries(self.Counter("sidelight_export_retries_total",
                           "Requests that were sent again after they had failed.", Of(destination))),
      seconds(self.Counter("sidelight_export_request_seconds_total",
                           "Time that requests to the destination took.", Of(destination))),
      failing(self.Gauge("sidelight_export_failing",
                         "Whether the last request to the destination failed or was refused.",
                         Of(destination))),
      breaker_open(self.Gauge("sidelight_export_breaker_open",
                              "Whether the destination gets one request at a time only, on trial.",
                              Of(destination))) {}

std::vector<MetricFamily> QueueSource::Collect() const {
  const std::vector<Waiting> all = queue_.Stats();
  const QueueHealth health = queue_.Health();
  const UnixMillis now = clock_.UnixNow();
  std::vector<MetricFamily> out;
  out.push_back(PerDestination("sidelight_export_queue_entries", "Requests that wait for the destination.",
                               all, now,
                               [](const Waiting& w, UnixMillis) { return static_cast<double>(w.entries); }));
  out.push_back(PerDestination("sidelight_export_queue_bytes", "Size of what waits for the destination.", all,
                               now,
                               [](const Waiting& w, UnixMillis) { return static_cast<double>(w.bytes); }));
  out.push_back(PerDestination("sidelight_export_queue_points", "Data points that wait for the destination.",
                               all, now,
                               [](const Waiting& w, UnixMillis) { return static_cast<double>(w.points); }));
  out.push_back(
      PerDestination("sidelight_export_queue_oldest_age_seconds",
                     "Age of the oldest data that waits for the destination; 0: none does.", all, now,
                     [](const Waiting& w, UnixMillis t) {
                       return static_cast<double>(std::max<UnixMillis>(t - w.oldest.value_or(t), 0)) / 1000;
                     }));
  out.push_back(PerDestination(
      "sidelight_export_queue_memory_entries", "The part of the requests that wait which is in memory only.",
      all, now, [](const Waiting& w, UnixMillis) { return static_cast<double>(w.in_memory); }));
  out.push_back(Mode(health.mode));
  out.push_back(Single("sidelight_export_queue_disk_bytes", "What the queue of exports takes of the disk.",
                       MetricType::kGauge, static_cast<double>(health.disk_bytes)));
  out.push_back(Single("sidelight_export_queue_max_bytes", "What it may take.", MetricType::kGauge,
                       static_cast<double>(health.max_bytes)));
  out.push_back(Single("sidelight_export_queue_errors_total",
                       "Reads and writes of the queue of exports that failed.", MetricType::kCounter,
                       static_cast<double>(health.errors)));
  out.push_back(Single("sidelight_export_queue_set_aside_total",
                       "Files of the queue of exports that could not be used as they were.",
                       MetricType::kCounter, static_cast<double>(health.set_aside)));
  // A family of which there is nothing to say is not shown.
  std::erase_if(out, [](const MetricFamily& family) { return family.metrics.empty(); });
  return out;
}

}  // namespace sidelight::delivery
