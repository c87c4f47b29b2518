#include "src/app/app.h"

#include <csignal>
#include <system_error>
#include <utility>

#include "core/base/log.h"
#include "core/metrics/process.h"
#include "exporters/prometheus/federate.h"
#include "exporters/prometheus/metrics_endpoint.h"
#include "src/app/admission.h"
#include "src/app/registry_source.h"
#include "src/app/storage_source.h"
#include "src/app/version.h"
#include "src/config/external_url.h"

namespace sidelight::app {
namespace {

// A loop that has not turned for so long is stuck: it turns once a second when there is nothing to do.
constexpr Duration kStuck = std::chrono::seconds(10);
// For what is sent at the end: drain and this together are less than Kubernetes' 30 s.
constexpr Duration kLastWords = std::chrono::seconds(3);

api::Lifecycle ToApi(config::Lifecycle lifecycle) {
  switch (lifecycle) {
    case config::Lifecycle::kOff:
      return api::Lifecycle::kOff;
    case config::Lifecycle::kAny:
      return api::Lifecycle::kAny;
    case config::Lifecycle::kLoopback:
      break;
  }
  return api::Lifecycle::kLoopback;
}

}  // namespace

Result<std::unique_ptr<App>> App::Start(config::Config config, ConfigSource reread, const Clock& clock) {
  std::unique_ptr<App> app(new App(std::move(config), std::move(reread), clock));
  if (Status opened = app->Open(); !opened) return tl::unexpected(opened.error());
  return app;
}

App::App(config::Config config, ConfigSource reread, const Clock& clock)
    : config_(std::move(config)),
      reread_(std::move(reread)),
      clock_(clock),
      introspection_(config_, clock),
      registry_(clock, RegistryOptions(config_)),
      self_(std::make_shared<metrics::Self>()) {}

Status App::Open() {
  log::Configure(config_.log.format, config_.log.level);
  net::RaiseFileLimit();
  registry_.AddSource(self_);
  registry_.AddSource(std::make_shared<metrics::ProcessSource>());
  registry_.AddSource(std::make_shared<RegistrySource>(registry_, config_.limits.series));
  self_
      ->Gauge("sidelight_build_info", "1, with the version of this program as a label.",
              Labels{{"version", Version()}})
      .Set(1);
  if (Status opened = OpenStorage(); !opened) return opened;

  Result<std::unique_ptr<net::EventLoop>> loop = net::EventLoop::Open(clock_);
  if (!loop) return tl::unexpected(loop.error());
  control_ = *std::move(loop);
  Result<std::unique_ptr<SignalEvents>> signals =
      SignalEvents::Watch(*control_, [this](int signal) { OnSignal(signal); });
  if (!signals) return tl::unexpected(signals.error());
  signals_ = *std::move(signals);
  reloader_ = std::make_unique<Reloader>(config_, reread_,
                                         Reloader::Surroundings{.registry = registry_,
                                                                .self = *self_,
                                                                .store = *store_,
                                                                .loop = *control_,
                                                                .introspection = introspection_,
                                                                .clock = clock_});

  Result<std::unique_ptr<DataPlane>> plane = DataPlane::Open(config_, registry_, clock_);
  if (!plane) return tl::unexpected(plane.error());
  data_plane_ = *std::move(plane);

  Result<std::unique_ptr<net::Listener>> probe_listener = net::Listener::Open(config_.probe_listen);
  if (!probe_listener) {
    return Fail(probe_listener.error().code, "probe_listen: " + probe_listener.error().message);
  }
  probe_listener_ = *std::move(probe_listener);
  probes_ = std::make_unique<net::ProbeResponder>(
      *probe_listener_, *control_, [this](std::string_view path) { return AnswerProbe(path); });
  if (!probes_->Start())
    return Fail(ErrorCode::kInternal, "probe_listen: the system cannot watch another socket");

  api::FrontPage front{.service = config_.service, .version = std::string(Version()), .taps = {}};
  for (const DataPlane::BoundTap& tap : data_plane_->taps()) {
    front.taps.push_back({tap.name, tap.protocol, tap.listen.ToString(), tap.upstream.ToString()});
  }
  api_ = std::make_unique<api::Api>(api::Hooks{
      .scrape = [this](std::string_view accept,
                       const std::vector<std::string>& names) { return Scrape(accept, names); },
      .healthy = [this] { return healthy(); },
      .ready = [this] { return ready(); },
      .reload = [this] { return Reload(); },
      .federate = [this](const std::vector<std::vector<Matcher>>& selectors) { return Federate(selectors); },
      .queries = queries_.get(),
      .catalog = catalog_.get(),
      .collect = [this] { return registry_.Collect(); },
      .rules = [this] { return reloader_->RuleGroups(); },
      .parser = {.experimental = config_.promql.experimental},
      .status = StatusHooks(),
      .targets = TargetHooks(),
      .self = self_.get(),
      .clock = &clock_,
      .lifecycle = ToApi(config_.web.lifecycle),
      .front_page = std::move(front)});
  // It serves from here on, and who asks for a reload waits until there is something to reload.
  const std::unique_lock<std::mutex> held = reloader_->Hold();
  Result<std::unique_ptr<http::Server>> server =
      http::Server::Start({.listen = config_.listen,
                           .max_connections = config_.web.max_connections,
                           .error_page = api_->error_page()},
                          api_->handler());
  if (!server) return Fail(server.error().code, "listen: " + server.error().message);
  server_ = *std::move(server);

  data_plane_->Start();
  std::string external_url =
      config_.external_url.empty() ? config::DefaultExternalUrl(server_->address()) : config_.external_url;
  if (Status started = reloader_->Start(std::move(external_url)); !started) return started;
  return StartSampling();
}

api::StatusHooks App::StatusHooks() {
  return {.version = std::string(Version()),
          .flags = [this] { return introspection_.Flags(); },
          .retention = Introspection::Retention(config_.storage),
          .features = {.experimental = config_.promql.experimental,
                       .lifecycle = config_.web.lifecycle != config::Lifecycle::kOff},
          .config = [this] { return introspection_.ConfigText(); },
          .runtime = [this] { return introspection_.Runtime(); },
          .storage = [this] { return store_->Stats(); },
          .oldest = [this] { return store_->Oldest(); },
          .data = store_.get()};
}

api::TargetHooks App::TargetHooks() {
  return {.targets = [this] { return Introspection::Targets(*data_plane_); },
          .sampling = [this] { return introspection_.LastSampling(); },
          .alertmanagers =
              [this] {
                const Judge* const judge = reloader_->judge();
                return judge == nullptr ? std::vector<std::string>() : judge->Alertmanagers();
              }};
}

Status App::OpenStorage() {
  Result<std::unique_ptr<storage::Store>> store =
      storage::Store::Open({.retention = config_.storage.retention,
                            .memory = config_.storage.memory,
                            .path = config_.storage.path,
                            .first_zero = config_.storage.first_zero,
                            .clock = &clock_});
  if (!store) return Fail(store.error().code, "storage: " + store.error().message);
  store_ = *std::move(store);
  registry_.AddSource(std::make_shared<StorageSource>(*store_));
  const config::Promql& promql = config_.promql;
  engine_ =
      std::make_unique<promql::Engine>(promql::EngineOptions{.timeout = promql.timeout,
                                                             .max_samples = promql.max_samples,
                                                             .max_concurrent = promql.max_concurrency,
                                                             .delayed_name_removal = promql.experimental,
                                                             .start_timestamps = promql.experimental},
                                       clock_);
  const api::QueryOptions options{.parser = {.experimental = promql.experimental},
                                  .max_result_bytes = promql.max_result_size};
  queries_ = std::make_unique<api::Queries>(
      *engine_, *store_, [this] { return store_->Now(); }, options, *self_, clock_);
  catalog_ = std::make_unique<api::Catalog>(*engine_, *store_, options, clock_);
  return {};
}

Status App::StartSampling() {
  Result<std::unique_ptr<net::EventLoop>> loop = net::EventLoop::Open(clock_);
  if (!loop) return tl::unexpected(loop.error());
  sampling_ = *std::move(loop);
  sampler_ = std::make_unique<Sampler>(registry_, *store_,
                                       Labels{{"job", config_.service}, {"instance", config_.instance}},
                                       config_.interval, *self_, *sampling_);
  sampler_->OnSampled([this](UnixMillis time, Duration took) {
    introspection_.Sampled(time, took);
    if (Judge* const judge = reloader_->judge()) judge->Sampled(time);
  });
  sampler_->Start();
  try {
    sampling_thread_ = std::thread([this] { sampling_->Run(); });
  } catch (const std::system_error& e) {
    return Fail(ErrorCode::kInternal, std::string("cannot start the sampling thread: ") + e.what() +
                                          "; raise the limit of threads (ulimit -u, pids.max)");
  }
  return {};
}

App::~App() {
  if (queries_ != nullptr) queries_->Cancel();
  if (catalog_ != nullptr) catalog_->Cancel();
  if (server_ != nullptr) server_->Stop();
  if (data_plane_ != nullptr) data_plane_->Stop();
  if (sampling_thread_.joinable()) {
    sampling_->Stop();
    sampling_thread_.join();
    // What was counted since the last sample would otherwise be missing after a restart.
    sampler_->SampleNow();
  }
  if (reloader_ != nullptr) reloader_->Stop(clock_.Now() + kLastWords);
  if (store_ != nullptr) store_->Close();
}

App::Addresses App::addresses() const {
  return {.api = server_->address(), .probes = probe_listener_->bound(), .taps = data_plane_->taps()};
}

void App::Run() {
  control_->Run();
}

void App::RequestStop() {
  stopping_.store(true, std::memory_order_relaxed);
  control_->Post([this] { Drain(); });
}

void App::Drain() {
  if (draining_) {
    log::Warn("told to stop again: ending at once");
    control_->Stop();
    return;
  }
  draining_ = true;
  log::Info("stopping: not ready any more; draining what is under way");
  control_->RunAfter(config_.limits.drain_delay, [this] {
    data_plane_->Drain(config_.limits.drain, [this] {
      control_->Post([this] {
        log::Info("drained");
        control_->Stop();
      });
    });
  });
}

void App::OnSignal(int signal) {
  if (signal == SIGHUP) {
    (void)Reload();  // says in the log how it went
  } else {
    RequestStop();
  }
}

Status App::Reload() {
  return reloader_->Reload();
}

void App::CountLosses(size_t lost, std::string_view what) {
  self_
      ->Counter("sidelight_exposition_dropped_total",
                "Families and series that were left out of a scrape because their names collide.",
                Labels{{"what", what}})
      .Add(static_cast<double>(lost));
}

bool App::healthy() const {
  const TimePoint now = clock_.Now();
  return now - control_->LastTurn() < kStuck && now - data_plane_->LastTurn() < kStuck;
}

bool App::ready() const {
  return !stopping_.load(std::memory_order_relaxed);
}

std::optional<net::ProbeAnswer> App::AnswerProbe(std::string_view path) const {
  if (path == "/-/healthy" || path == "/healthz") {
    if (healthy()) return net::ProbeAnswer{200, "Sidelight is healthy.\n"};
    return net::ProbeAnswer{503, "Sidelight is not healthy: a loop does not turn.\n"};
  }
  if (path == "/-/ready") {
    if (ready()) return net::ProbeAnswer{200, "Sidelight is ready.\n"};
    return net::ProbeAnswer{503, "Sidelight is not ready: draining.\n"};
  }
  return std::nullopt;
}

api::Scrape App::Scrape(std::string_view accept, const std::vector<std::string>& names) {
  prometheus::Scrape scrape =
      prometheus::AnswerScrape(registry_.Collect(), {.accept = accept, .names = names});
  CountLosses(scrape.losses.families, "family");
  CountLosses(scrape.losses.series, "series");
  return {std::move(scrape.content_type), std::move(scrape.body)};
}

api::Scrape App::Federate(const std::vector<std::vector<Matcher>>& selectors) {
  prometheus::Scrape scrape =
      prometheus::AnswerFederation(*store_, selectors, store_->Now(), reloader_->ExternalLabels());
  return {std::move(scrape.content_type), std::move(scrape.body)};
}

}  // namespace sidelight::app
