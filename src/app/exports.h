// Exports: all that goes to the team's own backends: OTLP and remote write, over one durable queue.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/registry.h"
#include "core/metrics/self.h"
#include "core/storage/store.h"
#include "exporters/delivery/queue.h"
#include "exporters/otlp/exporter.h"
#include "exporters/prometheus/remote_write/remote_writer.h"
#include "src/config/config.h"

namespace sidelight::app {

class Exports {
 public:
  // All that is passed by reference outlives it. Errors are the system's: no threads to be had.
  static Result<std::unique_ptr<Exports>> Start(const config::Config& config, metrics::Registry& registry,
                                                storage::Store& store, metrics::Self& self,
                                                const Clock& clock);
  ~Exports();
  Exports(const Exports&) = delete;
  Exports& operator=(const Exports&) = delete;

  // The destinations of a new configuration: those that stay keep what waits for them, and miss nothing. The
  // queue's own settings take a restart. Not by two threads at once. Errors are the system's; all other
  // destinations are taken over then.
  Status TakeOver(const config::Config& config);

  // A last collection is sent, as far as that can be done by the deadline; what waits on disk is sent after
  // the next start. Waits.
  void Stop(TimePoint deadline);

 private:
  Exports(metrics::Registry& registry, storage::Store& store, metrics::Self& self, const Clock& clock);

  metrics::Registry& registry_;
  storage::Store& store_;
  metrics::Self& self_;
  const Clock& clock_;
  std::unique_ptr<delivery::Queue> queue_;
  std::vector<std::unique_ptr<otlp::Exporter>> otlp_;
  std::vector<std::unique_ptr<remote_write::RemoteWriter>> remote_write_;
};

}  // namespace sidelight::app
