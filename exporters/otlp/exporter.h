// Exporter: takes a snapshot each interval, makes requests of it and queues them for one destination.
//
//   auto exporter = Exporter::Start({.destination = ..., .resource = ..., .scope = ...},
//                                   [&] { return registry.Collect(); }, *queue, self, clock);
//
// Two threads: one that collects, so that a destination that hangs delays no snapshot, and delivery's, which
// sends. Any thread may call.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/self.h"
#include "core/model/snapshot.h"
#include "exporters/delivery/delivery.h"
#include "exporters/delivery/queue.h"
#include "exporters/otlp/settings.h"

namespace sidelight::otlp {

class Exporter {
 public:
  struct Options {
    Destination destination;
    Resource resource;
    Scope scope;
    friend bool operator==(const Options&, const Options&) = default;
  };
  // A snapshot of now. Called on the exporter's thread.
  using Collect = std::function<std::shared_ptr<const Snapshot>()>;

  // kInvalidArgument when the queue has that destination already, kInternal when there are no threads to be
  // had. `queue`, `self` and `clock` outlive the exporter.
  static Result<std::unique_ptr<Exporter>> Start(Options options, Collect collect, delivery::Queue& queue,
                                                 metrics::Self& self, const Clock& clock);
  // The same, but nothing is collected and nothing sent before Begin(), which cannot fail; of one that ends
  // before that nobody has seen anything.
  static Result<std::unique_ptr<Exporter>> Prepare(Options options, Collect collect, delivery::Queue& queue,
                                                   metrics::Self& self, const Clock& clock);
  void Begin();
  // Stops at once.
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // Other settings from now on, of a destination with the same Name(). What is queued is sent with them, and
  // deltas go on from where they, or the cumulative values, were.
  void Update(Options options);
  // As Destination::Name().
  const std::string& name() const;

  // Collects and queues now, besides what the interval does.
  void Export();

  // A last snapshot is queued, and sent if that is done by the deadline. Of several: first BeginStop() of
  // all, which does not wait for the network, then AwaitStop() of all.
  void BeginStop(TimePoint deadline);
  void AwaitStop(TimePoint deadline);

 private:
  struct State;
  explicit Exporter(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace sidelight::otlp
