#include "exporters/alertmanager/counts.h"

namespace sidelight::alertmanager {
namespace {

metrics::SelfCounter& DroppedFor(metrics::Self& self, std::string_view reason) {
  return self.Counter("sidelight_notifications_dropped_total",
                      "Alerts that were let go and not brought to an Alertmanager.", {{"reason", reason}});
}

}  // namespace

Dropped::Dropped(metrics::Self& self)
    : overflow(DroppedFor(self, "overflow")),
      failed(DroppedFor(self, "failed")),
      relabelled(DroppedFor(self, "relabelled")),
      stopped(DroppedFor(self, "stopped")) {}

Counts::Counts(metrics::Self& self, const std::string& alertmanager)
    : sent(self.Counter("sidelight_notifications_sent_total",
                        "Alerts sent to this Alertmanager, failed ones included.",
                        {{"alertmanager", alertmanager}})),
      errors(self.Counter("sidelight_notifications_errors_total",
                          "Alerts sent to this Alertmanager in a request that failed.",
                          {{"alertmanager", alertmanager}})),
      batches(self.Counter("sidelight_notifications_batches_total", "Requests to this Alertmanager.",
                           {{"alertmanager", alertmanager}})),
      latency(self.Counter("sidelight_notifications_latency_seconds_total",
                           "Time that requests to this Alertmanager took.",
                           {{"alertmanager", alertmanager}})),
      queue_length(self.Gauge("sidelight_notifications_queue_length",
                              "Alerts that wait for this Alertmanager.", {{"alertmanager", alertmanager}})),
      dropped(self) {}

}  // namespace sidelight::alertmanager
