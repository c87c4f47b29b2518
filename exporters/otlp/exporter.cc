#include "exporters/otlp/exporter.h"

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/wire/gzip.h"
#include "exporters/otlp/difference.h"
#include "exporters/otlp/payload.h"
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
      : options(std::move(given)),
        collect(std::move(collect_from)),
        clock(own_clock),
        sender(MakeSender(options.destination, UserAgent(options.scope), clock)),
        too_large(self.Counter("sidelight_export_points_too_large_total",
                               "Data points that are too large for a request of their own and were left out.",
                               Labels{{"exporter", "otlp"}, {"destination", options.destination.Name()}})),
        last(std::make_shared<const Snapshot>(Snapshot{.time = clock.UnixNow(), .families = {}})) {}

  void Run();
  void Export();
  std::string PackedBody(std::string message) const;

  const Options options;
  const Collect collect;
  const Clock& clock;
  const std::shared_ptr<Sender> sender;  // with a send under way, which may outlive all of this
  metrics::SelfCounter& too_large;
  std::unique_ptr<delivery::Delivery> delivery;

  std::mutex exporting;
  // Of delta; guarded by `exporting`. The first one is empty: the deltas of series whose start is unknown
  // begin with the exporter.
  std::shared_ptr<const Snapshot> last;

  std::mutex mutex;
  std::condition_variable stop_asked;
  bool stopping = false;
  std::thread thread;
};

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

void Exporter::State::Export() {
  const std::lock_guard<std::mutex> lock(exporting);
  std::shared_ptr<const Snapshot> now = collect();
  const bool delta = options.destination.temporality == Temporality::kDelta;
  const Snapshot grown = delta ? Difference(last.get(), *now) : Snapshot();
  size_t left_out = 0;
  std::vector<EncodedRequest> requests = EncodeMetrics(delta ? grown : *now, options.resource, options.scope,
                                                       EncodeOptionsOf(options.destination), &left_out);
  too_large.Add(static_cast<double>(left_out));
  for (EncodedRequest& request : requests) {
    delivery->Push(
        {.body = PackedBody(std::move(request.body)), .points = request.points, .time = now->time});
  }
  if (delta) last = std::move(now);
}

void Exporter::State::Run() {
  std::unique_lock<std::mutex> lock(mutex);
  TimePoint next = clock.Now() + options.destination.interval;
  while (!stopping) {
    const TimePoint now = clock.Now();
    if (now < next) {
      stop_asked.wait_for(lock, next - now, [&] { return stopping; });
      continue;
    }
    // What was missed, on a machine that slept, is not made up for.
    next += options.destination.interval;
    if (next <= now) next = now + options.destination.interval;
    lock.unlock();
    Export();
    lock.lock();
  }
}

Result<std::unique_ptr<Exporter>> Exporter::Start(Options options, Collect collect, delivery::Queue& queue,
                                                  metrics::Self& self, const Clock& clock) {
  auto state = std::make_unique<State>(std::move(options), std::move(collect), self, clock);
  Result<std::unique_ptr<delivery::Delivery>> delivery = delivery::Delivery::Start(
      {.destination = {.exporter = "otlp", .name = state->options.destination.Name()}}, queue,
      [sender = state->sender](const delivery::Request& request) { return sender->Send(request); }, self,
      clock);
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

Exporter::~Exporter() {
  const TimePoint now = state_->clock.Now();
  BeginStop(now);
  AwaitStop(now);
}

void Exporter::Export() {
  state_->Export();
}

void Exporter::BeginStop(TimePoint deadline) {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->stopping) return;
    state_->stopping = true;
  }
  state_->stop_asked.notify_all();
  state_->thread.join();
  Export();
  state_->delivery->BeginStop(deadline);
}

void Exporter::AwaitStop(TimePoint deadline) {
  state_->delivery->AwaitStop(deadline);
}

}  // namespace sidelight::otlp
