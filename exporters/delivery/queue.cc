#include "exporters/delivery/queue.h"

#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base/log.h"
#include "exporters/delivery/backlog.h"
#include "exporters/delivery/counts.h"

namespace sidelight::delivery {
namespace {

constexpr std::chrono::seconds kTick{5};

// What became of a push, for the thread that waits for it, maybe.
struct Receipt {
  bool done = false;
  Kept kept = Kept::kMemory;
};

struct Arrival {
  Destination destination;
  Request request;
  std::shared_ptr<Receipt> receipt;
};

}  // namespace

// Two locks: `disk` is held as long as the disk takes, `front` never.
struct Queue::State {
  State(Options options, metrics::Self& self);

  void Run();
  void TakeIn(std::deque<Arrival> arrivals);
  void Publish();  // under `disk`
  void WakeAll();
  // Under `front`. Room for what has come in while the disk hangs.
  void LimitArrivals();

  const Options options;
  DropCounts counts;

  mutable std::mutex disk;
  Backlog backlog;

  mutable std::mutex front;
  std::condition_variable arrived;
  std::condition_variable taken_in;
  std::deque<Arrival> arrivals;
  uint64_t arrival_bytes = 0;
  bool stopping = false;
  std::vector<Waiting> stats;
  QueueHealth health;
  std::map<Destination, std::function<void()>> wakes;

  std::thread writer;  // not joinable: there was none to be had, and who pushes writes
};

Queue::State::State(Options o, metrics::Self& self)
    : options(std::move(o)),
      counts(self),
      backlog(options, [this](const Destination& destination, DropReason reason, uint64_t entries,
                              uint64_t points) { counts.Add(destination, reason, entries, points); }) {
  Publish();
}

void Queue::State::Publish() {
  std::vector<Waiting> now = backlog.Stats();
  QueueHealth how = backlog.Health();
  const std::lock_guard lock(front);
  stats = std::move(now);
  health = std::move(how);
}

void Queue::State::WakeAll() {
  std::vector<std::function<void()>> all;
  {
    const std::lock_guard lock(front);
    for (const auto& [destination, wake] : wakes) all.push_back(wake);
  }
  for (const auto& wake : all) wake();
}

void Queue::State::TakeIn(std::deque<Arrival> batch) {
  for (Arrival& arrival : batch) {
    Kept kept = Kept::kMemory;
    {
      const std::lock_guard lock(disk);
      kept = backlog.Push(arrival.destination, std::move(arrival.request));
      Publish();
    }
    const std::lock_guard lock(front);
    *arrival.receipt = {.done = true, .kept = kept};
    taken_in.notify_all();
  }
}

void Queue::State::LimitArrivals() {
  while (arrival_bytes > options.max_memory_bytes && arrivals.size() > 1) {
    Arrival& oldest = arrivals.front();
    arrival_bytes -= oldest.request.body.size();
    *oldest.receipt = {.done = true, .kept = Kept::kDropped};
    counts.Add(oldest.destination, DropReason::kOverflow, 1, oldest.request.points);
    arrivals.pop_front();
  }
}

void Queue::State::Run() {
  auto next_tick = std::chrono::steady_clock::now() + kTick;
  std::unique_lock lock(front);
  while (true) {
    arrived.wait_until(lock, next_tick, [&] { return stopping || !arrivals.empty(); });
    if (stopping && arrivals.empty()) return;
    std::deque<Arrival> batch = std::exchange(arrivals, {});
    arrival_bytes = 0;
    lock.unlock();
    TakeIn(std::move(batch));
    if (std::chrono::steady_clock::now() >= next_tick) {
      const std::lock_guard disk_lock(disk);
      backlog.Tick();
      Publish();
      next_tick = std::chrono::steady_clock::now() + kTick;
    }
    WakeAll();
    lock.lock();
  }
}

std::unique_ptr<Queue> Queue::Open(Options options, metrics::Self& self) {
  auto state = std::make_unique<State>(std::move(options), self);
  try {
    state->writer = std::thread([shared = state.get()] { shared->Run(); });
  } catch (const std::system_error& error) {
    log::Error("no thread to write the queue of exports from: who exports waits for the disk",
               {{"error", error.code().message()}});
  }
  return std::unique_ptr<Queue>(new Queue(std::move(state)));
}

Queue::Queue(std::unique_ptr<State> state) : state_(std::move(state)) {}

Queue::~Queue() {
  {
    const std::lock_guard lock(state_->front);
    state_->stopping = true;
    state_->arrived.notify_all();
  }
  if (state_->writer.joinable()) state_->writer.join();
  const std::lock_guard lock(state_->disk);
  if (const uint64_t lost = state_->backlog.Close(); lost > 0) {
    log::Warn("requests that were queued in memory only end with the process",
              {{"requests", std::to_string(lost)}});
  }
}

Kept Queue::Push(const Destination& destination, Request request) {
  auto receipt = std::make_shared<Receipt>();
  if (!state_->writer.joinable()) {
    std::deque<Arrival> one;
    one.push_back({destination, std::move(request), receipt});
    state_->TakeIn(std::move(one));
    state_->WakeAll();
    return receipt->kept;
  }
  std::unique_lock lock(state_->front);
  state_->arrival_bytes += request.body.size();
  state_->arrivals.push_back({destination, std::move(request), receipt});
  state_->LimitArrivals();
  state_->arrived.notify_one();
  state_->taken_in.wait_until(lock, std::chrono::steady_clock::now() + state_->options.patience,
                              [&] { return receipt->done; });
  return receipt->kept;
}

Status Queue::Attend(const Destination& destination, uint32_t lanes, std::function<void()> wake) {
  state_->counts.Add(destination, DropReason::kOverflow, 0, 0);
  const std::lock_guard lock(state_->disk);
  Status done = state_->backlog.Attend(destination, lanes);
  if (!done) return done;
  state_->Publish();
  const std::lock_guard front(state_->front);
  state_->wakes[destination] = std::move(wake);
  return done;
}

void Queue::Leave(const Destination& destination) {
  const std::lock_guard lock(state_->disk);
  state_->backlog.Leave(destination);
  state_->Publish();
  const std::lock_guard front(state_->front);
  state_->wakes.erase(destination);
}

bool Queue::HasNext(const Destination& destination, uint32_t lane) const {
  const std::lock_guard lock(state_->disk);
  return state_->backlog.HasNext(destination, lane);
}

std::optional<Entry> Queue::Next(const Destination& destination, uint32_t lane) {
  const std::lock_guard lock(state_->disk);
  std::optional<Entry> entry = state_->backlog.Next(destination, lane);
  state_->Publish();
  return entry;
}

void Queue::Done(uint64_t id) {
  const std::lock_guard lock(state_->disk);
  state_->backlog.Done(id);
  state_->Publish();
}

void Queue::Drop(uint64_t id, DropReason reason) {
  const std::lock_guard lock(state_->disk);
  state_->backlog.Drop(id, reason);
  state_->Publish();
}

void Queue::Retry(uint64_t id) {
  const std::lock_guard lock(state_->disk);
  state_->backlog.Retry(id);
}

std::vector<Waiting> Queue::Stats() const {
  const std::lock_guard lock(state_->front);
  return state_->stats;
}

QueueHealth Queue::Health() const {
  const std::lock_guard lock(state_->front);
  return state_->health;
}

void Queue::Tick() {
  {
    const std::lock_guard lock(state_->disk);
    state_->backlog.Tick();
    state_->Publish();
  }
  state_->WakeAll();
}

}  // namespace sidelight::delivery
