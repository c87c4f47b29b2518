// Sender: brings alerts to every Alertmanager, as Prometheus does: POST {path}/api/v2/alerts, at most 256
// alerts in a request, from a queue in memory for each Alertmanager. A batch that fails is dropped and
// counted: the next resend, a minute later at most, repairs it.
//
//   auto sender = Sender::Start({.alertmanagers = ..., .external_labels = ...}, self, SystemClock());
//   manager_options.notify = [&](std::vector<rules::Notification> alerts) { sender->Send(std::move(alerts));
//   };
//
// Each Alertmanager has a thread of its own, so that one that hangs holds up nobody else. Send() and the
// counts may be used from any thread; Send() never waits for an Alertmanager.
//
// Source: Prometheus' notifier, https://prometheus.io/docs/alerting/latest/clients/ .
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/self.h"
#include "core/model/labels.h"
#include "core/relabel/relabel.h"
#include "exporters/alertmanager/settings.h"
#include "rules/evaluation/alert.h"

namespace sidelight::alertmanager {

class Sender {
 public:
  // `self` counts, and outlives the sender.
  static Result<std::unique_ptr<Sender>> Start(Settings settings, metrics::Self& self);
  // Tries for a moment to send what is queued (a last batch), then ends its threads.
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // External labels are added where the alert has none of that name, then alert_relabel_configs. Of a queue
  // that is full the oldest are dropped and counted.
  void Send(std::vector<rules::Notification> alerts);
  // New settings, up to where nothing can fail any more: what it gives takes them over when it is called,
  // once, and changes nothing when it is not. Queues of Alertmanagers that stay keep what is in them.
  // kInternal when there are no threads to be had. One thread at a time; the sender outlives what it gives.
  Result<std::function<void()>> Prepare(Settings settings);

  // For the API: the URLs that alerts go to, without user or secret.
  std::vector<std::string> Urls() const;

 private:
  struct State;
  explicit Sender(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace sidelight::alertmanager
