// DataPlane: every tap of the config with its observers, meters and worker threads, as one thing that starts,
// drains and stops.
//
// Open() binds all listeners, so that an address in use fails before anything runs; Start() lets the workers
// accept. Called on one thread; Drain()'s callback comes on a worker's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/meter/tap_meter.h"
#include "collector/tap/worker.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/registry.h"
#include "core/net/resolver.h"
#include "src/config/config.h"

namespace sidelight::app {

class DataPlane {
 public:
  struct BoundTap {
    std::string name;
    std::string protocol;
    net::Address listen;  // with the port that was chosen
    net::Address upstream;
    // "" when the last connection reached the upstream, else why not; nothing when there was none.
    std::optional<std::string_view> unreached;
  };

  // Registry and clock outlive it.
  static Result<std::unique_ptr<DataPlane>> Open(const config::Config& config, metrics::Registry& registry,
                                                 const Clock& clock);
  ~DataPlane();
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  void Start();
  // Closes what is idle, lets what is under way finish until the deadline, resets the rest; then calls
  // `done`, once.
  void Drain(Duration deadline, std::function<void()> done);
  void Stop();

  std::vector<BoundTap> taps() const;
  // When the slowest of the workers last turned its loop.
  TimePoint LastTurn() const;

 private:
  explicit DataPlane(size_t connections);
  void ScheduleExpiry(size_t worker);

  struct MeasuredTap {
    const Protocol* protocol;
    std::unique_ptr<tap::Tap> tap;
    std::unique_ptr<meter::TapMeter> meter;
  };

  net::SystemResolver resolver_;
  tap::ConnectionLimit limit_;
  Duration expiry_period_{};
  std::vector<MeasuredTap> taps_;
  std::vector<std::vector<std::unique_ptr<meter::TapSink>>> sinks_;  // by worker, then by tap
  std::vector<std::unique_ptr<tap::Worker>> workers_;
};

}  // namespace sidelight::app
