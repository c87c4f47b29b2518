#include "src/app/introspection.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "rules/promql/printer.h"
#include "src/app/cpu_quota.h"
#include "src/config/words.h"

namespace sidelight::app {
namespace {

std::string WorkingDirectory() {
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

size_t CountThreads() {
  std::error_code error;
  size_t count = 0;
  std::filesystem::directory_iterator task("/proc/self/task", error);
  for (; !error && task != std::filesystem::directory_iterator(); task.increment(error)) ++count;
  return count;
}

std::string DurationText(Duration duration) {
  return promql::FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

template <class Choices, class Meaning>
std::string WordOf(const Choices& choices, Meaning meaning) {
  const auto choice =
      std::find_if(choices.begin(), choices.end(), [&](const auto& one) { return one.second == meaning; });
  return std::string(choice->first);
}

std::string BytesText(uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"B", "KiB", "MiB", "GiB"};
  size_t unit = 0;
  while (bytes % 1024 == 0 && bytes > 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{}{}", bytes, kUnits[unit]);
}

std::vector<std::pair<std::string, std::string>> FlagsOf(const config::Config& config) {
  return {{"config.file", config.file},
          {"enable-feature", config.promql.experimental ? "promql-experimental-functions" : ""},
          {"log.format", WordOf(config::kLogFormats, config.log.format)},
          {"log.level", WordOf(config::kLogLevels, config.log.level)},
          {"query.max-concurrency", std::to_string(config.promql.max_concurrency)},
          {"query.max-samples", std::to_string(config.promql.max_samples)},
          {"query.timeout", DurationText(config.promql.timeout)},
          {"rules.alert.resend-delay", DurationText(config.alerting.resend_delay)},
          {"storage.tsdb.path", config.storage.path},
          {"storage.tsdb.retention.time", DurationText(config.storage.retention)},
          {"web.enable-admin-api", "false"},
          {"web.enable-lifecycle", config.web.lifecycle == config::Lifecycle::kOff ? "false" : "true"},
          {"web.external-url", config.external_url},
          {"web.listen-address", config.listen.ToString()},
          {"web.max-connections", std::to_string(config.web.max_connections)}};
}

}  // namespace

Introspection::Introspection(const config::Config& config, const Clock& clock)
    : clock_(clock),
      started_(clock.UnixNow()),
      directory_(WorkingDirectory()),
      host_(HostName()),
      shown_(config.shown),
      flags_(FlagsOf(config)),
      last_reload_(started_),
      sampling_{.job = config.service, .instance = config.instance, .interval = config.interval} {}

void Introspection::Reloaded(const config::Config& in_force) {
  const std::lock_guard lock(mutex_);
  last_reload_ = clock_.UnixNow();
  failed_.reset();
  shown_ = in_force.shown;
  flags_ = FlagsOf(in_force);
}

void Introspection::ReloadFailed() {
  const std::lock_guard lock(mutex_);
  failed_ = clock_.UnixNow();
}

void Introspection::Sampled(UnixMillis time, Duration took) {
  const std::lock_guard lock(mutex_);
  sampling_.last = time;
  sampling_.last_took = took;
}

std::string Introspection::ConfigText() const {
  const std::lock_guard lock(mutex_);
  return yaml::ToYaml(shown_);
}

std::vector<std::pair<std::string, std::string>> Introspection::Flags() const {
  const std::lock_guard lock(mutex_);
  return flags_;
}

api::RuntimeInfo Introspection::Runtime() const {
  api::RuntimeInfo info{.started = started_,
                        .now = clock_.UnixNow(),
                        .directory = directory_,
                        .host = host_,
                        .threads = CountThreads(),
                        .cpus = UsableCpus()};
  const std::lock_guard lock(mutex_);
  info.reloaded = !failed_;
  info.last_reload = last_reload_;
  info.last_failure = failed_.value_or(0);
  return info;
}

api::Sampling Introspection::LastSampling() const {
  const std::lock_guard lock(mutex_);
  return sampling_;
}

std::string Introspection::Retention(const config::Storage& storage) {
  return fmt::format("{} or {}", DurationText(storage.retention), BytesText(storage.memory));
}

std::vector<api::Target> Introspection::Targets(const DataPlane& data_plane) {
  using Health = api::Target::Health;
  std::vector<api::Target> targets;
  for (const DataPlane::BoundTap& tap : data_plane.taps()) {
    api::Target& target = targets.emplace_back();
    target.tap = tap.name;
    target.protocol = tap.protocol;
    target.listen = tap.listen.ToString();
    target.upstream = tap.upstream.ToString();
    if (!tap.unreached) continue;
    target.health = tap.unreached->empty() ? Health::kUp : Health::kDown;
    target.last_error = *tap.unreached;
  }
  return targets;
}

}  // namespace sidelight::app
