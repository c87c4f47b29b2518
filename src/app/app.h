// App: the whole program as a value that a test can start. Starting and stopping are a pair.
//
//   start: registry, storage, control loop, taps bound, probes bound, API, then the workers accept, the rules
//          are loaded and the sampling loop turns
//   run:   the calling thread turns the control loop (probes, signals)
//   stop:  not ready; accept on for limits.drain_delay; drain until the last exchange or limits.drain; a last
//          sample; then everything in reverse. What fires stays firing
//
// Start() either gives an App that listens everywhere or an error and nothing that listens.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/server.h"
#include "core/metrics/registry.h"
#include "core/metrics/self.h"
#include "core/net/event_loop.h"
#include "core/net/listener.h"
#include "core/net/probe_responder.h"
#include "core/storage/store.h"
#include "rules/promql/engine.h"
#include "src/api/api.h"
#include "src/api/queries.h"
#include "src/app/data_plane.h"
#include "src/app/introspection.h"
#include "src/app/reloader.h"
#include "src/app/sampler.h"
#include "src/app/signals.h"
#include "src/config/config.h"

namespace sidelight::app {

class App {
 public:
  using ConfigSource = Reloader::ConfigSource;

  struct Addresses {
    net::Address api;
    net::Address probes;
    std::vector<DataPlane::BoundTap> taps;
  };

  // The clock outlives it.
  static Result<std::unique_ptr<App>> Start(config::Config config, ConfigSource reread,
                                            const Clock& clock = SystemClock());
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Where it listens, with the ports that were chosen.
  Addresses addresses() const;

  // Until it has been told to stop and has drained.
  void Run();
  // Thread-safe. The first call drains, a second one ends at once. SIGTERM and SIGINT are this, too.
  void RequestStop();
  // Thread-safe. Takes over what a reload does (config/reload.h), all of it or nothing. SIGHUP, POST
  // /-/reload and a change of the files are this, too.
  Status Reload();

  bool healthy() const;  // the loops turn
  bool ready() const;    // listening and not draining

 private:
  App(config::Config config, ConfigSource reread, const Clock& clock);
  Status Open();
  Status OpenStorage();
  Status StartSampling();
  api::StatusHooks StatusHooks();
  api::TargetHooks TargetHooks();
  void OnSignal(int signal);
  void Drain();
  void CountLosses(size_t lost, std::string_view what);
  std::optional<net::ProbeAnswer> AnswerProbe(std::string_view path) const;
  api::Scrape Scrape(std::string_view accept, const std::vector<std::string>& names);
  api::Scrape Federate(const std::vector<std::vector<Matcher>>& selectors);

  const config::Config config_;
  const ConfigSource reread_;
  const Clock& clock_;
  Introspection introspection_;
  std::atomic<bool> stopping_ = false;
  bool draining_ = false;  // the control loop's

  // In the order in which they start; members are destroyed in reverse.
  metrics::Registry registry_;
  const std::shared_ptr<metrics::Self> self_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<promql::Engine> engine_;
  std::unique_ptr<net::EventLoop> control_;
  std::unique_ptr<SignalEvents> signals_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<DataPlane> data_plane_;
  std::unique_ptr<net::Listener> probe_listener_;
  std::unique_ptr<net::ProbeResponder> probes_;
  std::unique_ptr<api::Queries> queries_;
  std::unique_ptr<api::Catalog> catalog_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<net::EventLoop> sampling_;
  std::unique_ptr<Sampler> sampler_;
  std::thread sampling_thread_;
};

}  // namespace sidelight::app
