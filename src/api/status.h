// /api/v1/status/*, /api/v1/features and /api/v1/notifications: what the program says about itself, in the
// form in which Prometheus does.
//
// Errors are Problems whose code is Prometheus' errorType: bad_data (400) for what a parameter says.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#status .
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/storage/queryable.h"
#include "core/storage/store.h"
#include "src/api/features.h"
#include "src/api/router.h"

namespace sidelight::api {

// What of the process changes while it runs.
struct RuntimeInfo {
  UnixMillis started = 0;
  UnixMillis now = 0;
  std::string directory;  // the working one
  std::string host;
  bool reloaded = true;         // the last reading of the configuration succeeded
  UnixMillis last_reload = 0;   // when one succeeded
  UnixMillis last_failure = 0;  // when one failed, if `reloaded` is false
  size_t threads = 0;
  size_t cpus = 0;  // that it may use
};

struct StatusHooks {
  std::string version;  // "0.1.0"
  // What the configuration says, under the names that Prometheus' flags have.
  std::function<std::vector<std::pair<std::string, std::string>>()> flags;
  std::string retention;  // "2h or 64MiB"
  Features features;
  std::function<std::string()> config;  // in force, as YAML without secrets
  std::function<RuntimeInfo()> runtime;
  std::function<storage::StoreStats()> storage;
  std::function<UnixMillis()> oldest;        // of the samples in storage
  const storage::Queryable* data = nullptr;  // outlives the router
};

// Adds those endpoints, unless the hooks are empty: then none of them is there. `hooks` outlives the router.
void AddStatus(const StatusHooks& hooks, Router* router);

}  // namespace sidelight::api
