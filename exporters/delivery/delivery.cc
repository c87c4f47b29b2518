#include "exporters/delivery/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base/log.h"
#include "exporters/delivery/counts.h"
#include "exporters/delivery/standing.h"

namespace sidelight::delivery {
namespace {

Standing::Event EventOf(const Outcome& outcome) {
  switch (outcome.result) {
    case Outcome::Result::kRetry:
      return Standing::Event::kFailed;
    case Outcome::Result::kRefused:
      return Standing::Event::kRefused;
    case Outcome::Result::kDelivered:
      break;
  }
  const bool partly = outcome.rejected_points > 0 || !outcome.problem.empty();
  return partly ? Standing::Event::kPartly : Standing::Event::kDelivered;
}

// Only here, as who sends takes secrets out before, and would not know a part of one.
std::string Shortened(std::string problem) {
  constexpr size_t kMaxBytes = 1024;
  if (problem.size() > kMaxBytes) problem = problem.substr(0, kMaxBytes) + "...";
  return problem;
}

// What is to be logged, once nobody waits for us any more.
struct Line {
  Standing::Line what;
  std::string problem;
  Duration lasted;
};

}  // namespace

struct Delivery::Shared {
  Shared(Options o, Queue& q, Send s, metrics::Self& self, const Clock& c)
      : options(std::move(o)),
        queue(q),
        send(std::move(s)),
        clock(c),
        counts(self, options.destination),
        circuit(options.circuit),
        held(options.held) {}

  void Run(uint32_t lane);
  // One turn; false: the lane is at its end.
  bool Turn(uint32_t lane, std::unique_lock<std::mutex>& lock);
  bool Idle(uint64_t seen, std::unique_lock<std::mutex>& lock);
  void SendOne(const Entry& entry, Circuit::Permit permit, std::unique_lock<std::mutex>& lock);
  std::optional<Line> Tell(const Entry& entry, const Outcome& outcome, Circuit::Permit permit, Duration took);
  void Settle(const Entry& entry, Outcome::Result result);
  void Log(const Line& line) const;
  void WaitUntil(TimePoint until, uint64_t seen, std::unique_lock<std::mutex>& lock);
  void Changed();
  template <class Work>
  auto InQueue(std::unique_lock<std::mutex>& lock, const Work& work);

  const Options options;
  Queue& queue;  // not touched once it is abandoned; nor are these three
  Send send;
  const Clock& clock;
  DeliveryCounts counts;

  std::mutex mutex;
  std::condition_variable wake;  // `changes`
  std::condition_variable done;  // `running`, `in_queue`
  uint64_t changes = 0;
  Circuit circuit;
  Standing standing;
  bool held;
  std::optional<TimePoint> stop_at;
  bool abandoned = false;  // nobody waits for the lanes any more
  uint32_t running = 0;    // lanes that are not at their end
  uint32_t busy = 0;       // lanes that have something to send
  uint32_t in_queue = 0;   // lanes that are at the queue just now
};

// Without the lock, as the queue may wait for the disk; and not without being seen, as it must outlive that.
template <class Work>
auto Delivery::Shared::InQueue(std::unique_lock<std::mutex>& lock, const Work& work) {
  ++in_queue;
  lock.unlock();
  auto result = work();
  lock.lock();
  --in_queue;
  done.notify_all();
  return result;
}

void Delivery::Shared::Changed() {
  ++changes;
  wake.notify_all();
}

void Delivery::Shared::WaitUntil(TimePoint until, uint64_t seen, std::unique_lock<std::mutex>& lock) {
  const auto changed = [&] { return changes != seen; };
  if (stop_at) until = std::min(until, *stop_at);
  if (until == TimePoint::max()) return wake.wait(lock, changed);
  // The clock may be one of a test, which calls Wake() when it has moved it.
  const Duration longest = std::chrono::hours(1);
  wake.wait_for(lock, std::min(until - clock.Now(), longest), changed);
}

void Delivery::Shared::Run(uint32_t lane) {
  std::unique_lock lock(mutex);
  wake.wait(lock, [&] { return !held || abandoned || stop_at; });
  while (Turn(lane, lock)) {
  }
  --running;
  Changed();
  done.notify_all();
}

// There is nothing to send for this lane.
bool Delivery::Shared::Idle(uint64_t seen, std::unique_lock<std::mutex>& lock) {
  // What another lane sends may be what this one waits for.
  if (stop_at && busy == 0) return false;
  WaitUntil(TimePoint::max(), seen, lock);
  return true;
}

bool Delivery::Shared::Turn(uint32_t lane, std::unique_lock<std::mutex>& lock) {
  if (abandoned || (stop_at && clock.Now() >= *stop_at)) return false;
  const uint64_t seen = changes;
  const bool has_next = InQueue(lock, [&] { return queue.HasNext(options.destination, lane); });
  if (abandoned) return false;
  if (!has_next) return Idle(seen, lock);
  const Circuit::Answer answer = circuit.Ask(clock.Now());
  if (!answer.permit) {
    const bool known = answer.ask_again != TimePoint::max();
    if (stop_at && known && answer.ask_again >= *stop_at) return false;
    WaitUntil(answer.ask_again, seen, lock);
    return true;
  }
  ++busy;
  const std::optional<Entry> entry = InQueue(lock, [&] { return queue.Next(options.destination, lane); });
  if (!abandoned && entry) {
    SendOne(*entry, *answer.permit, lock);
  } else {
    circuit.NotUsed(*answer.permit);
  }
  --busy;
  Changed();
  return true;
}

void Delivery::Shared::SendOne(const Entry& entry, Circuit::Permit permit,
                               std::unique_lock<std::mutex>& lock) {
  if (entry.attempts > 0) counts.retries.Add();
  const Send mine = send;
  lock.unlock();
  const TimePoint start = SystemClock().Now();
  Outcome outcome = mine(entry.request);
  outcome.problem = Shortened(std::move(outcome.problem));
  const Duration took = SystemClock().Now() - start;
  lock.lock();
  if (abandoned) return;
  InQueue(lock, [&] {
    Settle(entry, outcome.result);
    return true;
  });
  if (abandoned) return;
  const std::optional<Line> line = Tell(entry, outcome, permit, took);
  if (!line) return;
  InQueue(lock, [&] {
    Log(*line);
    return true;
  });
}

void Delivery::Shared::Settle(const Entry& entry, Outcome::Result result) {
  switch (result) {
    case Outcome::Result::kDelivered:
      return queue.Done(entry.id);
    case Outcome::Result::kRefused:
      return queue.Drop(entry.id, DropReason::kRejected);
    case Outcome::Result::kRetry:
      return queue.Retry(entry.id);
  }
}

std::optional<Line> Delivery::Shared::Tell(const Entry& entry, const Outcome& outcome, Circuit::Permit permit,
                                           Duration took) {
  counts.seconds.Add(Seconds(took));
  if (outcome.result == Outcome::Result::kRetry) {
    counts.retry.Add();
    circuit.Failed(permit, clock.Now(), outcome.retry_after);
  } else {
    circuit.Succeeded(permit);
  }
  if (outcome.result == Outcome::Result::kRefused) counts.refused.Add();
  if (outcome.result == Outcome::Result::kDelivered) {
    const uint64_t rejected = std::min(outcome.rejected_points, entry.request.points);
    counts.delivered.Add();
    counts.points_sent.Add(static_cast<double>(entry.request.points - rejected));
    counts.points_rejected.Add(static_cast<double>(rejected));
  }
  const auto line = standing.Told(EventOf(outcome), outcome.problem, clock.Now(), clock.UnixNow());
  counts.failing.Set(standing.failing() ? 1 : 0);
  counts.breaker_open.Set(circuit.state() == Circuit::State::kClosed ? 0 : 1);
  if (!line) return std::nullopt;
  return Line{*line, standing.failing() ? standing.problem() : outcome.problem, standing.lasted()};
}

void Delivery::Shared::Log(const Line& line) const {
  const std::string& exporter = options.destination.exporter;
  const std::string& name = options.destination.name;
  uint64_t entries = 0;
  for (const Waiting& waiting : queue.Stats()) {
    if (waiting.destination == options.destination) entries = waiting.entries;
  }
  const std::string waits = std::to_string(entries);
  switch (line.what) {
    case Standing::Line::kFailing:
      return log::Warn(
          "what is exported does not arrive: it is queued and tried again",
          {{"exporter", exporter}, {"destination", name}, {"error", line.problem}, {"queued", waits}});
    case Standing::Line::kRefusing:
      return log::Warn("the destination refuses what is exported: it is dropped",
                       {{"exporter", exporter}, {"destination", name}, {"error", line.problem}});
    case Standing::Line::kPartly:
      return log::Warn("the destination does not take all of what is exported",
                       {{"exporter", exporter}, {"destination", name}, {"error", line.problem}});
    case Standing::Line::kDelivering:
      return log::Info("what is exported arrives again",
                       {{"exporter", exporter},
                        {"destination", name},
                        {"failed_for", fmt::format("{:.0f}s", Seconds(line.lasted))},
                        {"queued", waits}});
  }
}

Result<std::unique_ptr<Delivery>> Delivery::Start(Options options, Queue& queue, Send send,
                                                  metrics::Self& self, const Clock& clock) {
  const Destination destination = options.destination;
  const uint32_t lanes = options.lanes;
  auto shared = std::make_shared<Shared>(std::move(options), queue, std::move(send), self, clock);
  const sidelight::Status attended = queue.Attend(destination, lanes, [shared] {
    const std::lock_guard lock(shared->mutex);
    shared->Changed();
  });
  if (!attended) return tl::unexpected<Error>(attended.error());
  std::unique_ptr<Delivery> delivery(new Delivery(shared));
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    const std::lock_guard lock(shared->mutex);
    try {
      // Detached, as a send cannot be interrupted.
      std::thread([shared, lane] { shared->Run(lane); }).detach();
      ++shared->running;
    } catch (const std::system_error& error) {
      return Fail(ErrorCode::kInternal,
                  fmt::format("{}: no thread to send from: {}", destination.name, error.code().message()));
    }
  }
  return delivery;
}

Delivery::Delivery(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

Delivery::~Delivery() {
  {
    std::unique_lock lock(shared_->mutex);
    shared_->abandoned = true;
    shared_->Changed();
    shared_->done.wait(lock, [&] { return shared_->in_queue == 0; });
    shared_->counts.failing.Set(0);
    shared_->counts.breaker_open.Set(0);
  }
  shared_->queue.Leave(shared_->options.destination);
}

void Delivery::Begin() {
  const std::lock_guard lock(shared_->mutex);
  shared_->held = false;
  shared_->Changed();
}

Kept Delivery::Push(Request request) {
  return shared_->queue.Push(shared_->options.destination, std::move(request));
}

void Delivery::Update(Circuit::Options circuit, Send send) {
  const std::lock_guard lock(shared_->mutex);
  shared_->circuit.Renew(circuit);
  shared_->send = std::move(send);
  shared_->counts.breaker_open.Set(0);
  shared_->Changed();
}

void Delivery::Stop(TimePoint deadline) {
  BeginStop(deadline);
  AwaitStop(deadline);
}

void Delivery::BeginStop(TimePoint deadline) {
  const std::lock_guard lock(shared_->mutex);
  shared_->stop_at = deadline;
  shared_->Changed();
}

void Delivery::AwaitStop(TimePoint deadline) {
  std::unique_lock lock(shared_->mutex);
  const auto ended = [&] { return shared_->running == 0; };
  while (!ended() && shared_->clock.Now() < deadline) {
    // Not for longer, as the clock may be one of a test.
    const Duration turn = std::chrono::milliseconds(100);
    shared_->done.wait_for(lock, std::min(deadline - shared_->clock.Now(), turn), ended);
  }
}

DeliveryStatus Delivery::status() const {
  const std::lock_guard lock(shared_->mutex);
  const Standing& standing = shared_->standing;
  return {.failing = standing.failing(),
          .problem = standing.problem(),
          .since = standing.failing() ? standing.since() : 0,
          .circuit = shared_->circuit.state()};
}

void Delivery::Wake() {
  const std::lock_guard lock(shared_->mutex);
  shared_->Changed();
}

}  // namespace sidelight::delivery
