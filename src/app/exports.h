// Exports: all that goes to the team's own backends: OTLP and remote write, over one durable queue.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/registry.h"
#include "core/metrics/self.h"
#include "core/storage/store.h"
#include "exporters/delivery/queue.h"
#include "exporters/otlp/exporter.h"
#include "exporters/prometheus/remote_write/remote_writer.h"
#include "src/app/commit.h"
#include "src/config/config.h"

namespace sidelight::app {

class Exports {
 public:
  // Opens the queue; to no destination yet. All that is passed by reference outlives it.
  Exports(const config::Config& config, metrics::Registry& registry, storage::Store& store,
          metrics::Self& self, const Clock& clock);
  ~Exports();
  Exports(const Exports&) = delete;
  Exports& operator=(const Exports&) = delete;

  // The destinations of a configuration. One that stays keeps what waits for it, and misses nothing; it is
  // left alone, connections and breaker, when its settings and what their files hold are the same. The
  // queue's own settings count at the start only. One thread at a time. Errors are the system's: no threads
  // to be had.
  Result<Commit> Prepare(const config::Config& config);

  // What the queue says of itself. The Exports outlive it.
  std::shared_ptr<metrics::Source> QueueMetrics() const;

  // A last collection is sent, as far as that can be done by the deadline; what waits on disk is sent after
  // the next start. Waits.
  void Stop(TimePoint deadline);

 private:
  // A destination that we export to.
  template <class Exporter>
  struct Running {
    typename Exporter::Options options;
    std::string files;  // the digest of what the settings' files held
    std::unique_ptr<Exporter> exporter;
  };
  template <class Exporter>
  using AllRunning = std::vector<Running<Exporter>>;

  template <class Exporter, class Make>
  static Result<AllRunning<Exporter>> PrepareNew(const AllRunning<Exporter>& running,
                                                 std::vector<typename Exporter::Options> wanted,
                                                 const Make& make);
  template <class Exporter>
  static void TakeOver(AllRunning<Exporter> next, AllRunning<Exporter>* running);

  metrics::Registry& registry_;
  storage::Store& store_;
  metrics::Self& self_;
  const Clock& clock_;
  const std::unique_ptr<delivery::Queue> queue_;
  AllRunning<otlp::Exporter> otlp_;
  AllRunning<remote_write::RemoteWriter> remote_write_;
};

}  // namespace sidelight::app
