// Introspection: what the program knows about itself, for the API's /api/v1/status and /api/v1/targets: since
// when it runs, the configuration that is in force, when it was last read, and when it was last sampled.
//
// Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "src/api/status.h"
#include "src/api/targets.h"
#include "src/app/data_plane.h"
#include "src/config/config.h"

namespace sidelight::app {

class Introspection {
 public:
  // The clock outlives it.
  Introspection(const config::Config& config, const Clock& clock);

  // Another configuration is in force.
  void Reloaded(const config::Config& in_force);
  // One could not be read.
  void ReloadFailed();
  // All series were sampled at that time.
  void Sampled(UnixMillis time, Duration took);

  // The configuration in force as YAML, without secrets.
  std::string ConfigText() const;
  // What it says, under the names of Prometheus' flags.
  std::vector<std::pair<std::string, std::string>> Flags() const;
  api::RuntimeInfo Runtime() const;
  api::Sampling LastSampling() const;

  // How long samples are kept: "2h or 64MiB".
  static std::string Retention(const config::Storage& storage);
  static std::vector<api::Target> Targets(const DataPlane& data_plane);

 private:
  const Clock& clock_;
  const UnixMillis started_;
  const std::string directory_;
  const std::string host_;
  mutable std::mutex mutex_;
  yaml::ShownValue shown_;  // as Config::shown
  std::vector<std::pair<std::string, std::string>> flags_;
  UnixMillis last_reload_;
  std::optional<UnixMillis> failed_;  // the last reading, at that time
  api::Sampling sampling_;
};

}  // namespace sidelight::app
