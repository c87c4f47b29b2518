#include "exporters/otlp/exporter.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/wire/gzip.h"
#include "exporters/delivery/counts.h"
#include "exporters/otlp/difference.h"
#include "exporters/otlp/payload.h"
#include "exporters/otlp/relabelling.h"
#include "exporters/otlp/sender.h"

namespace sidelight::otlp {
namespace {

std::string UserAgent(const Scope& scope) {
  return scope.version.empty() ? "sidelight" : "sidelight/" + scope.version;
}

// Of one request, before compression. gRPC servers take 4 MiB unless they are told otherwise, an
// OpenTelemetry Collector 20 MiB over HTTP, and a queue of the least size keeps no more than 2 MiB.
constexpr size_t kMaxRequestBytes = 2'000'000;

EncodeOptions EncodeOptionsOf(const Destination& destination) {
  EncodeOptions options;
  options.max_bytes = kMaxRequestBytes;
  options.temporality = destination.temporality;
  options.histograms = destination.histograms;
  options.encoding = destination.protocol == Protocol::kHttpJson ? Encoding::kJson : Encoding::kProtobuf;
  return options;
}

}  // namespace

struct Exporter::State {
  State(Options given, Collect collect_from, metrics::Self& self, const Clock& own_clock)
      : name(given.destination.Name()), collect(std::move(collect_from)), clock(own_clock), dropped(self) {
    last = std::make_shared<const Snapshot>(Snapshot{.time = clock.UnixNow(), .families = {}});
    Take(std::move(given));
  }

  // With both mutexes held, or nobody there to share them with.
  void Take(Options given);
  delivery::Send SendWith() const;
  void Run();
  bool is_delta() const { return options.destination.temporality == Temporality::kDelta; }
  // With `exporting` held; what was exported.
  std::shared_ptr<const Snapshot> Export();
  std::string PackedBody(std::string message) const;
  delivery::Destination InQueue() const { return {.exporter = "otlp", .name = name}; }

  const std::string name;
  const Collect collect;
  const Clock& clock;
  delivery::DropCounts dropped;
  std::unique_ptr<delivery::Delivery> delivery;

  std::mutex exporting;
  // The next three are guarded by `exporting`.
  Options options;
  std::optional<Relabelling> relabelling;
  // Of delta. The first one is empty: the deltas of series whose start is unknown begin with the exporter.
  std::shared_ptr<const Snapshot> last;

  std::mutex mutex;
  std::condition_variable changed;
  Duration interval = Duration::zero();
  bool begun = false;
  bool stopping = false;
  std::thread thread;
};

void Exporter::State::Take(Options given) {
  options = std::move(given);
  relabelling.emplace(options.destination.metric_relabel_configs);
  interval = options.destination.interval;
}

delivery::Send Exporter::State::SendWith() const {
  // Owned by the send, as one under way may outlive all of this.
  const std::shared_ptr<Sender> sender = MakeSender(options.destination, UserAgent(options.scope), clock);
  return [sender](const delivery::Request& request) { return sender->Send(request); };
}

std::string Exporter::State::PackedBody(std::string message) const {
  Payload payload{
      .encoding = EncodeOptionsOf(options.destination).encoding, .gzip = false, .message = message};
  if (!options.destination.gzip) return Pack(payload);
  const Result<std::string> compressed = wire::Gzip(message);
  // Without memory for it the message goes as it is.
  if (!compressed) return Pack(payload);
  payload.gzip = true;
  payload.message = *compressed;
  return Pack(payload);
}

std::shared_ptr<const Snapshot> Exporter::State::Export() {
  const std::shared_ptr<const Snapshot> now = collect();
  std::shared_ptr<const Snapshot> sent = now;
  if (is_delta()) {
    sent = std::make_shared<const Snapshot>(Difference(last.get(), *now));
    last = now;
  }
  // After the difference, so that other rules make no series begin anew.
  if (!relabelling->empty()) {
    uint64_t duplicates = 0;
    sent = std::make_shared<const Snapshot>(relabelling->Apply(*sent, &duplicates));
    dropped.AddPoints(InQueue(), delivery::DropReason::kDuplicate, duplicates);
  }
  size_t too_large = 0;
  std::vector<EncodedRequest> requests =
      EncodeMetrics(*sent, options.resource, options.scope, EncodeOptionsOf(options.destination), &too_large);
  dropped.AddPoints(InQueue(), delivery::DropReason::kTooLarge, too_large);
  for (EncodedRequest& request : requests) {
    delivery->Push(
        {.body = PackedBody(std::move(request.body)), .points = request.points, .time = sent->time});
  }
  return now;
}

void Exporter::State::Run() {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return begun || stopping; });
  TimePoint last_turn = clock.Now();
  while (!stopping) {
    const TimePoint now = clock.Now();
    const TimePoint next = last_turn + interval;
    if (now < next) {
      const Duration seen = interval;
      changed.wait_for(lock, next - now, [&] { return stopping || interval != seen; });
      continue;
    }
    // What was missed, on a machine that slept, is not made up for.
    last_turn = next + interval <= now ? now : next;
    lock.unlock();
    {
      const std::lock_guard<std::mutex> exports(exporting);
      Export();
    }
    lock.lock();
  }
}

Result<std::unique_ptr<Exporter>> Exporter::Start(Options options, Collect collect, delivery::Queue& queue,
                                                  metrics::Self& self, const Clock& clock) {
  Result<std::unique_ptr<Exporter>> exporter =
      Prepare(std::move(options), std::move(collect), queue, self, clock);
  if (exporter) (*exporter)->Begin();
  return exporter;
}

Result<std::unique_ptr<Exporter>> Exporter::Prepare(Options options, Collect collect, delivery::Queue& queue,
                                                    metrics::Self& self, const Clock& clock) {
  auto state = std::make_unique<State>(std::move(options), std::move(collect), self, clock);
  Result<std::unique_ptr<delivery::Delivery>> delivery = delivery::Delivery::Start(
      {.destination = state->InQueue(), .held = true}, queue, state->SendWith(), self, clock);
  if (!delivery) return tl::unexpected<Error>(std::move(delivery.error()));
  state->delivery = *std::move(delivery);
  try {
    state->thread = std::thread([state = state.get()] { state->Run(); });
  } catch (const std::system_error& e) {
    return Fail(ErrorCode::kInternal, std::string("cannot start a thread that exports: ") + e.what());
  }
  return std::unique_ptr<Exporter>(new Exporter(std::move(state)));
}

Exporter::Exporter(std::unique_ptr<State> state) : state_(std::move(state)) {}

void Exporter::Begin() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->begun = true;
  }
  state_->changed.notify_all();
  state_->delivery->Begin();
}

Exporter::~Exporter() {
  const TimePoint now = state_->clock.Now();
  BeginStop(now);
  AwaitStop(now);
}

void Exporter::Export() {
  const std::lock_guard<std::mutex> lock(state_->exporting);
  state_->Export();
}

const std::string& Exporter::name() const {
  return state_->name;
}

void Exporter::Update(Options options) {
  const std::lock_guard<std::mutex> exporting(state_->exporting);
  const bool was_delta = state_->is_delta();
  // The first delta begins where the last cumulative values end, or all of them would count again.
  if (!was_delta && options.destination.temporality == Temporality::kDelta) state_->last = state_->Export();
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->Take(std::move(options));
  }
  state_->changed.notify_all();
  state_->delivery->Update({}, state_->SendWith());
}

void Exporter::BeginStop(TimePoint deadline) {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->stopping) return;
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
  if (state_->begun) Export();
  state_->delivery->BeginStop(deadline);
}

void Exporter::AwaitStop(TimePoint deadline) {
  state_->delivery->AwaitStop(deadline);
}

}  // namespace sidelight::otlp
