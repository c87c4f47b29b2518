#include "exporters/prometheus/remote_write/remote_writer.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "exporters/prometheus/remote_write/sender.h"

namespace sidelight::remote_write {
namespace {

// Of samples that no request has been made of: only a disk that hangs lets it come to that.
constexpr size_t kMaxInbox = 200'000;
constexpr size_t kUsualItems = 50'000;

delivery::Circuit::Options CircuitOf(const Destination& destination) {
  delivery::Circuit::Options circuit;
  circuit.initial = destination.min_backoff;
  circuit.factor = 2;
  circuit.max = destination.max_backoff;
  return circuit;
}

// One for each shard: a shard's thread is the only one that uses it.
delivery::Send SendWith(const Destination& destination, const std::string& user_agent, const Clock& clock) {
  auto receiver = std::make_shared<Receiver>();
  auto senders = std::make_shared<std::vector<std::unique_ptr<Sender>>>();
  for (uint32_t shard = 0; shard < destination.shards; ++shard) {
    senders->push_back(std::make_unique<Sender>(destination, user_agent, receiver, clock));
  }
  return [senders](const delivery::Request& request) {
    return (*senders)[request.lane % senders->size()]->Send(request);
  };
}

}  // namespace

class RemoteWriter::State final : public storage::Follower {
 public:
  State(Options given, storage::Store& store, Batches::Collect collect, metrics::Self& self,
        const Clock& clock)
      : name_(given.destination.name),
        store_(store),
        clock_(clock),
        collect_(std::move(collect)),
        options_(std::move(given)),
        overflow_(self.Counter("sidelight_remote_write_overflow_samples_total",
                               "Samples that were lost because no requests could be made of them in time.",
                               Labels{{"destination", name_}})) {
    Renew();
  }

  Status Prepare(delivery::Queue& queue, metrics::Self& self);
  void Begin();
  void OnAppended(std::span<const storage::AppendedSample> samples,
                  std::span<const storage::AppendedExemplar> exemplars) override;
  void Update(Options options);
  void BeginStop(TimePoint deadline);
  void AwaitStop(TimePoint deadline) { delivery_->AwaitStop(deadline); }
  const std::string& name() const { return name_; }

 private:
  void Run();
  void Renew();
  void TakeOver(Options options);
  void Push(std::vector<delivery::Request>* requests);

  const std::string name_;
  storage::Store& store_;
  const Clock& clock_;
  const Batches::Collect collect_;
  Options options_;                   // the thread's, once it runs
  std::unique_ptr<Batches> batches_;  // made with these options; the thread's
  metrics::SelfCounter& overflow_;
  std::unique_ptr<delivery::Delivery> delivery_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Item> inbox_;
  std::optional<Options> update_;
  uint64_t overflown_ = 0;  // samples that the log has not told of
  bool stopping_ = false;
  std::thread thread_;
};

Status RemoteWriter::State::Prepare(delivery::Queue& queue, metrics::Self& self) {
  const Destination& destination = options_.destination;
  Result<std::unique_ptr<delivery::Delivery>> delivery =
      delivery::Delivery::Start({.destination = {.exporter = "remote_write", .name = destination.name},
                                 .lanes = destination.shards,
                                 .circuit = CircuitOf(destination),
                                 .held = true},
                                queue, SendWith(destination, options_.user_agent, clock_), self, clock_);
  if (!delivery) return tl::unexpected<Error>(std::move(delivery.error()));
  delivery_ = *std::move(delivery);
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error& e) {
    return Fail(ErrorCode::kInternal, std::string("cannot start a thread that makes requests: ") + e.what());
  }
  return {};
}

void RemoteWriter::State::Begin() {
  store_.Follow(this);
  delivery_->Begin();
}

void RemoteWriter::State::OnAppended(std::span<const storage::AppendedSample> samples,
                                     std::span<const storage::AppendedExemplar> exemplars) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // A single commit is taken whatever its size.
    if (!inbox_.empty() && inbox_.size() + samples.size() > kMaxInbox) {
      overflow_.Add(static_cast<double>(samples.size()));
      overflown_ += samples.size();
      return;
    }
    for (const storage::AppendedSample& sample : samples) {
      inbox_.push_back({.series = sample.series,
                        .labels = *sample.labels,
                        .time = sample.time,
                        .start = sample.start,
                        .value = sample.value,
                        .histogram = sample.histogram});
    }
    for (const storage::AppendedExemplar& exemplar : exemplars) {
      inbox_.push_back(
          {.series = exemplar.series, .labels = *exemplar.labels, .exemplar = *exemplar.exemplar});
    }
  }
  changed_.notify_one();
}

void RemoteWriter::State::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  std::vector<Item> items;
  std::vector<delivery::Request> requests;
  TimePoint flush = TimePoint::max();  // when what is gathered has waited long enough
  while (true) {
    const auto has_work = [&] { return stopping_ || update_ || !inbox_.empty(); };
    if (flush == TimePoint::max()) {
      changed_.wait(lock, has_work);
    } else {
      changed_.wait_for(lock, flush - clock_.Now(), has_work);
    }
    const bool last = stopping_;
    items.swap(inbox_);
    std::optional<Options> update = std::exchange(update_, std::nullopt);
    const uint64_t overflown = std::exchange(overflown_, 0);
    lock.unlock();
    if (overflown > 0) {
      log::Warn("samples were lost for remote write, as requests could not be queued fast enough",
                {{"destination", name_}, {"samples", std::to_string(overflown)}});
    }
    // Not while nothing arrives: of it only the newest is worth anything, and it would fill the queue.
    if (!items.empty() && !delivery_->status().failing) batches_->AddMetadata(&requests);
    batches_->Add(items, &requests);
    // The room that an unusual moment took is given back.
    if (items.capacity() > kUsualItems) items = std::vector<Item>();
    items.clear();
    if (last || update || clock_.Now() >= flush) batches_->Flush(&requests);
    Push(&requests);
    if (update) TakeOver(*std::move(update));
    if (batches_->empty()) {
      flush = TimePoint::max();
    } else if (flush == TimePoint::max()) {
      flush = clock_.Now() + options_.destination.batch_send_deadline;
    }
    if (last) return;
    lock.lock();
  }
}

void RemoteWriter::State::Push(std::vector<delivery::Request>* requests) {
  for (delivery::Request& request : *requests) delivery_->Push(std::move(request));
  requests->clear();
}

void RemoteWriter::State::Renew() {
  batches_ = std::make_unique<Batches>(options_.destination, options_.external_labels, collect_, clock_);
}

void RemoteWriter::State::TakeOver(Options options) {
  // Each shard's series are on their way in its lane.
  options.destination.shards = options_.destination.shards;
  batches_.reset();  // it looks at the options
  options_ = std::move(options);
  Renew();
  const Destination& destination = options_.destination;
  delivery_->Update(CircuitOf(destination), SendWith(destination, options_.user_agent, clock_));
}

void RemoteWriter::State::Update(Options options) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    update_ = std::move(options);
  }
  changed_.notify_one();
}

void RemoteWriter::State::BeginStop(TimePoint deadline) {
  store_.Unfollow(this);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  delivery_->BeginStop(deadline);
}

Result<std::unique_ptr<RemoteWriter>> RemoteWriter::Start(Options options, storage::Store& store,
                                                          Batches::Collect collect, delivery::Queue& queue,
                                                          metrics::Self& self, const Clock& clock) {
  Result<std::unique_ptr<RemoteWriter>> writer =
      Prepare(std::move(options), store, std::move(collect), queue, self, clock);
  if (writer) (*writer)->Begin();
  return writer;
}

Result<std::unique_ptr<RemoteWriter>> RemoteWriter::Prepare(Options options, storage::Store& store,
                                                            Batches::Collect collect, delivery::Queue& queue,
                                                            metrics::Self& self, const Clock& clock) {
  auto state = std::make_unique<State>(std::move(options), store, std::move(collect), self, clock);
  if (Status prepared = state->Prepare(queue, self); !prepared)
    return tl::unexpected<Error>(std::move(prepared.error()));
  return std::unique_ptr<RemoteWriter>(new RemoteWriter(std::move(state)));
}

RemoteWriter::RemoteWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

void RemoteWriter::Begin() {
  state_->Begin();
}

RemoteWriter::~RemoteWriter() {
  const TimePoint now = SystemClock().Now();
  BeginStop(now);
  AwaitStop(now);
}

void RemoteWriter::Update(Options options) {
  state_->Update(std::move(options));
}

const std::string& RemoteWriter::name() const {
  return state_->name();
}

void RemoteWriter::BeginStop(TimePoint deadline) {
  state_->BeginStop(deadline);
}

void RemoteWriter::AwaitStop(TimePoint deadline) {
  state_->AwaitStop(deadline);
}

}  // namespace sidelight::remote_write
