#include "exporters/alertmanager/delivery.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "exporters/alertmanager/labelling.h"
#include "exporters/alertmanager/post.h"
#include "exporters/alertmanager/queue.h"

namespace sidelight::alertmanager {
namespace {

// What became of a batch.
struct Outcome {
  size_t relabelled = 0;  // alerts that the destination's own rules dropped
  size_t sent = 0;
  Duration took = Duration::zero();
  Status status;
};

Outcome Attempt(const Destination& destination, std::vector<SharedAlert> alerts, Poster* poster) {
  Outcome outcome;
  outcome.relabelled = alerts.size();
  alerts = Relabel(std::move(alerts), destination.alert_relabel_configs);
  outcome.relabelled -= alerts.size();
  outcome.sent = alerts.size();
  if (alerts.empty()) return outcome;
  const TimePoint start = SystemClock().Now();
  outcome.status = poster->Post(Payload(alerts));
  outcome.took = SystemClock().Now() - start;
  return outcome;
}

}  // namespace

struct Delivery::Shared {
  Shared(Options o, Counts c) : options(std::make_shared<const Options>(std::move(o))), counts(c) {}

  void Run();
  void Count(const Outcome& outcome);
  bool IsTurn(const Outcome& outcome);

  std::mutex mutex;
  std::condition_variable wake;  // something is queued, or it is time to stop
  std::condition_variable done;  // `finished`
  std::shared_ptr<const Options> options;
  Counts counts;  // not touched once it is abandoned
  Queue queue;
  size_t under_way = 0;              // alerts of the batch that is being sent
  std::optional<TimePoint> stop_at;  // what is queued may be sent until then
  bool finished = false;             // the thread needs nothing any more
  bool abandoned = false;            // nobody waits for it any more
  bool failing = false;              // the last batch failed
};

void Delivery::Shared::Count(const Outcome& outcome) {
  counts.dropped.relabelled.Add(static_cast<double>(outcome.relabelled));
  if (outcome.sent == 0) return;
  counts.batches.Add();
  counts.sent.Add(static_cast<double>(outcome.sent));
  counts.latency.Add(Seconds(outcome.took));
  if (outcome.status) return;
  counts.errors.Add(static_cast<double>(outcome.sent));
  counts.dropped.failed.Add(static_cast<double>(outcome.sent));
}

// Whether it fails now and did not before, or the other way round: what is worth a line in the log.
bool Delivery::Shared::IsTurn(const Outcome& outcome) {
  if (outcome.sent == 0 || failing == !outcome.status) return false;
  failing = !failing;
  return true;
}

void Delivery::Shared::Run() {
  const auto is_work = [this] { return abandoned || stop_at || !queue.empty(); };
  std::shared_ptr<const Options> mine;
  std::optional<Poster> poster;  // to whom `mine` says
  std::unique_lock lock(mutex);
  while (true) {
    if (!wake.wait_for(lock, options->idle_limit, is_work)) {
      // Alerts may be hours apart, and the Alertmanager has closed its end by now.
      if (poster) poster->Close();
      wake.wait(lock, is_work);
    }
    if (abandoned || queue.empty() || (stop_at && SystemClock().Now() >= *stop_at)) break;
    if (mine != options) {
      mine = options;
      poster.emplace(mine->destination, mine->idle_limit);
    }
    std::vector<SharedAlert> batch = queue.Take(mine->max_batch);
    under_way = batch.size();
    counts.queue_length.Set(static_cast<double>(queue.size()));

    lock.unlock();
    const Outcome outcome = Attempt(mine->destination, std::move(batch), &*poster);
    lock.lock();

    under_way = 0;
    if (abandoned) break;
    Count(outcome);
    if (!IsTurn(outcome)) continue;
    lock.unlock();  // who pushes does not wait for a log that is slow
    const std::string endpoint = Endpoint(mine->destination);
    if (outcome.status) {
      log::Info("the Alertmanager takes alerts again", {{"alertmanager", endpoint}});
    } else {
      log::Warn("the Alertmanager does not take alerts",
                {{"alertmanager", endpoint}, {"error", outcome.status.error().message}});
    }
    lock.lock();
  }
  finished = true;
  done.notify_all();
}

Result<std::unique_ptr<Delivery>> Delivery::Start(Options options, Counts counts) {
  auto shared = std::make_shared<Shared>(std::move(options), counts);
  try {
    // Detached, as a name that is being looked up cannot be interrupted.
    std::thread([shared] { shared->Run(); }).detach();
  } catch (const std::system_error& error) {
    return Fail(ErrorCode::kInternal,
                fmt::format("{}: no thread to send alerts from: {}", Endpoint(shared->options->destination),
                            error.code().message()));
  }
  return std::unique_ptr<Delivery>(new Delivery(std::move(shared)));
}

Delivery::Delivery(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

Delivery::~Delivery() {
  const std::lock_guard lock(shared_->mutex);
  shared_->counts.dropped.stopped.Add(static_cast<double>(shared_->queue.Clear() + shared_->under_way));
  shared_->counts.queue_length.Set(0);
  shared_->abandoned = true;
  shared_->wake.notify_all();
}

void Delivery::Push(std::span<const SharedAlert> alerts) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->stop_at) return;
  const size_t dropped = shared_->queue.Push(alerts, shared_->options->queue_capacity);
  shared_->counts.dropped.overflow.Add(static_cast<double>(dropped));
  shared_->counts.queue_length.Set(static_cast<double>(shared_->queue.size()));
  shared_->wake.notify_all();
}

void Delivery::Update(Options options) {
  const std::lock_guard lock(shared_->mutex);
  shared_->options = std::make_shared<const Options>(std::move(options));
}

void Delivery::BeginStop(TimePoint deadline) {
  const std::lock_guard lock(shared_->mutex);
  shared_->stop_at = deadline;
  shared_->wake.notify_all();
}

void Delivery::AwaitStop(TimePoint deadline) {
  std::unique_lock lock(shared_->mutex);
  shared_->done.wait_until(lock, deadline, [&] { return shared_->finished; });
}

}  // namespace sidelight::alertmanager
