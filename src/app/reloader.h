// Reloader: the part of the program that follows its configuration while it runs: rules, Alertmanagers,
// exporters, external labels, the log. config/reload.h says which keys these are.
//
// A reload takes over all of it or nothing: everything is prepared first, and committed when nothing has
// failed. SIGHUP, POST /-/reload and a change of the files are reloads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/registry.h"
#include "core/metrics/self.h"
#include "core/model/labels.h"
#include "core/net/event_loop.h"
#include "core/storage/store.h"
#include "src/app/commit.h"
#include "src/app/exports.h"
#include "src/app/file_watcher.h"
#include "src/app/introspection.h"
#include "src/app/judge.h"
#include "src/config/config.h"

namespace sidelight::app {

class Reloader {
 public:
  // Reads the configuration again.
  using ConfigSource = std::function<Result<config::Config>()>;
  // What it works with, all of which outlives it. It looks at the files on the loop.
  struct Surroundings {
    metrics::Registry& registry;
    metrics::Self& self;
    storage::Store& store;
    net::EventLoop& loop;
    Introspection& introspection;
    const Clock& clock;
  };

  Reloader(config::Config config, ConfigSource reread, Surroundings surroundings);
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Reloads wait as long as somebody has that lock.
  std::unique_lock<std::mutex> Hold() { return std::unique_lock(mutex_); }
  // Takes over the configuration that it was made with; rule files that are wrong are left out.
  // `external_url` is where we are reached. Under Hold(), once. Errors are the system's.
  Status Start(std::string external_url);
  // Thread-safe. An error leaves everything as it was; the log and the metrics say so.
  Status Reload();
  // What is to be exported is, as far as that can be done by the deadline; then rules end.
  void Stop(TimePoint deadline);

  // Thread-safe, all three.
  Labels ExternalLabels() const;
  // Null as long as there are no rules.
  Judge* judge() const { return judging_.load(); }
  std::vector<rules::GroupStatus> RuleGroups() const;

 private:
  Status TakeOver(config::Config next, BadRuleFiles bad);
  Result<Commit> PrepareRules(const config::Config& next, BadRuleFiles bad);
  Result<Commit> PrepareExports(const config::Config& next);
  void TellWaiting(const std::vector<std::string>& keys);
  void TellSuccess(bool succeeded);

  const ConfigSource reread_;
  const Surroundings with_;
  FileWatcher watcher_;
  std::string external_url_;
  std::mutex mutex_;  // of whoever changes what is in force
  config::Config in_force_;
  mutable std::mutex labels_mutex_;
  Labels external_labels_;                 // guarded by it
  std::unique_ptr<Exports> exports_;       // from when there is a destination on
  std::unique_ptr<Judge> judge_;           // from when there are rules on
  std::atomic<Judge*> judging_ = nullptr;  // the same for other threads
};

}  // namespace sidelight::app
