#include "exporters/alertmanager/sender.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "exporters/alertmanager/counts.h"
#include "exporters/alertmanager/delivery.h"
#include "exporters/alertmanager/labelling.h"
#include "exporters/alertmanager/post.h"

namespace sidelight::alertmanager {
namespace {

// What is queued when the process ends may take so long, all Alertmanagers together.
constexpr Duration kLastMoment = std::chrono::seconds(1);

Delivery::Options OptionsOf(const Settings& settings, const Destination& destination) {
  return {destination, settings.queue_capacity, settings.max_batch, settings.idle_limit};
}

}  // namespace

struct Sender::State {
  explicit State(metrics::Self& s);

  struct Next {
    Settings settings;
    std::map<std::string, std::unique_ptr<Delivery>> started;  // of Alertmanagers that are new
  };
  Result<std::shared_ptr<Next>> Prepare(Settings settings_then);
  // Deliveries that are there already are kept and updated.
  void Take(Next next);

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

Result<std::shared_ptr<Sender::State::Next>> Sender::State::Prepare(Settings settings_then) {
  auto next = std::make_shared<Next>(Next{.settings = std::move(settings_then), .started = {}});
  const std::lock_guard lock(mutex);
  for (const Destination& destination : next->settings.alertmanagers) {
    const std::string endpoint = Endpoint(destination);
    if (deliveries.contains(endpoint) || next->started.contains(endpoint)) continue;
    Result<std::unique_ptr<Delivery>> started =
        Delivery::Start(OptionsOf(next->settings, destination), Counts(self, endpoint));
    if (!started) return tl::unexpected<Error>(std::move(started.error()));
    next->started[endpoint] = *std::move(started);
  }
  return next;
}

void Sender::State::Take(Next next) {
  const std::lock_guard lock(mutex);
  std::map<std::string, std::unique_ptr<Delivery>> all = std::move(next.started);
  for (const Destination& destination : next.settings.alertmanagers) {
    const std::string endpoint = Endpoint(destination);
    const auto found = deliveries.find(endpoint);
    if (found == deliveries.end()) continue;
    found->second->Update(OptionsOf(next.settings, destination));
    all[endpoint] = std::move(found->second);
    deliveries.erase(found);
  }
  deliveries = std::move(all);
  capacity.Set(static_cast<double>(next.settings.queue_capacity));
  discovered.Set(static_cast<double>(deliveries.size()));
  settings = std::make_shared<const Settings>(std::move(next.settings));
}

Result<std::unique_ptr<Sender>> Sender::Start(Settings settings, metrics::Self& self) {
  std::unique_ptr<Sender> sender(new Sender(std::make_unique<State>(self)));
  const Result<std::function<void()>> take = sender->Prepare(std::move(settings));
  if (!take) return tl::unexpected<Error>(take.error());
  (*take)();
  return sender;
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

Result<std::function<void()>> Sender::Prepare(Settings settings) {
  Result<std::shared_ptr<State::Next>> next = state_->Prepare(std::move(settings));
  if (!next) return tl::unexpected<Error>(std::move(next.error()));
  return [state = state_.get(), next = *std::move(next)] { state->Take(std::move(*next)); };
}

std::vector<std::string> Sender::Urls() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<std::string> urls;
  for (const Destination& destination : state_->settings->alertmanagers)
    urls.push_back(Endpoint(destination));
  return urls;
}

}  // namespace sidelight::alertmanager
