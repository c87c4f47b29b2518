#include "exporters/alertmanager/sender.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "core/base/log.h"
#include "exporters/alertmanager/counts.h"
#include "exporters/alertmanager/delivery.h"
#include "exporters/alertmanager/labelling.h"
#include "exporters/alertmanager/post.h"

namespace sidelight::alertmanager {
namespace {

// What is queued when the process ends may take so long, all Alertmanagers together.
constexpr Duration kLastMoment = std::chrono::seconds(1);

}  // namespace

struct Sender::State {
  explicit State(metrics::Self& s);

  // Deliveries that are there already are kept and updated.
  Status Take(Settings next);

  metrics::Self& self;
  Dropped dropped;
  metrics::SelfGauge& capacity;
  metrics::SelfGauge& discovered;
  mutable std::mutex mutex;
  std::shared_ptr<const Settings> settings = std::make_shared<const Settings>();
  std::map<std::string, std::unique_ptr<Delivery>> deliveries;  // by endpoint
};

Sender::State::State(metrics::Self& s)
    : self(s),
      dropped(s),
      capacity(s.Gauge("sidelight_notifications_queue_capacity",
                       "Alerts that the queue of an Alertmanager holds.")),
      discovered(
          s.Gauge("sidelight_notifications_alertmanagers_discovered", "Alertmanagers that alerts go to.")) {}

Status Sender::State::Take(Settings next) {
  const std::lock_guard lock(mutex);
  Status status;
  std::map<std::string, std::unique_ptr<Delivery>> kept;
  for (const Destination& destination : next.alertmanagers) {
    Delivery::Options options{destination, next.queue_capacity, next.max_batch};
    const std::string endpoint = Endpoint(destination);
    if (const auto found = deliveries.find(endpoint); found != deliveries.end()) {
      found->second->Update(std::move(options));
      kept[endpoint] = std::move(found->second);
      deliveries.erase(found);
    } else if (!kept.contains(endpoint)) {
      Result<std::unique_ptr<Delivery>> started = Delivery::Start(std::move(options), Counts(self, endpoint));
      if (started)
        kept[endpoint] = *std::move(started);
      else
        status = tl::unexpected<Error>(std::move(started.error()));
    }
  }
  deliveries = std::move(kept);
  capacity.Set(static_cast<double>(next.queue_capacity));
  discovered.Set(static_cast<double>(deliveries.size()));
  settings = std::make_shared<const Settings>(std::move(next));
  return status;
}

Result<std::unique_ptr<Sender>> Sender::Start(Settings settings, metrics::Self& self) {
  auto state = std::make_unique<State>(self);
  if (Status taken = state->Take(std::move(settings)); !taken) {
    return tl::unexpected<Error>(std::move(taken.error()));
  }
  return std::unique_ptr<Sender>(new Sender(std::move(state)));
}

Sender::Sender(std::unique_ptr<State> state) : state_(std::move(state)) {}

Sender::~Sender() {
  const TimePoint deadline = SystemClock().Now() + kLastMoment;
  for (const auto& [endpoint, delivery] : state_->deliveries) delivery->BeginStop(deadline);
  for (const auto& [endpoint, delivery] : state_->deliveries) delivery->AwaitStop(deadline);
}

void Sender::Send(std::vector<rules::Notification> alerts) {
  const std::lock_guard lock(state_->mutex);
  const Settings& settings = *state_->settings;
  if (state_->deliveries.empty()) return;
  std::vector<SharedAlert> shared;
  shared.reserve(alerts.size());
  for (rules::Notification& alert : alerts) {
    alert.labels = WithExternal(alert.labels, settings.external_labels);
    shared.push_back(std::make_shared<const rules::Notification>(std::move(alert)));
  }
  const size_t before = shared.size();
  shared = Relabel(std::move(shared), settings.alert_relabel_configs);
  state_->dropped.relabelled.Add(static_cast<double>(before - shared.size()));
  for (const auto& [endpoint, delivery] : state_->deliveries) delivery->Push(shared);
}

void Sender::Update(Settings settings) {
  if (const Status taken = state_->Take(std::move(settings)); !taken) {
    log::Error("an Alertmanager is left out", {{"error", taken.error().message}});
  }
}

std::vector<std::string> Sender::Urls() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<std::string> urls;
  for (const Destination& destination : state_->settings->alertmanagers)
    urls.push_back(Endpoint(destination));
  return urls;
}

}  // namespace sidelight::alertmanager
