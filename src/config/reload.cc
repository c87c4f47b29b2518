#include "src/config/reload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/model/labels.h"

namespace sidelight::config {
namespace {

// Leaves in `next`, its shown form included, what is in force of a key; gives the keys that `next` said
// something else of.
using Keep = std::vector<std::string> (*)(std::string_view key, const Config& running, Config& next);

struct Key {
  std::string_view name;  // with all below it
  Keep keep = nullptr;    // null: a reload takes it over
};

constexpr Key Reloaded(std::string_view name) {
  return {name, nullptr};
}

std::vector<std::string_view> PathOf(std::string_view key) {
  std::vector<std::string_view> path;
  while (true) {
    const size_t dot = key.find('.');
    path.push_back(key.substr(0, dot));
    if (dot == std::string_view::npos) return path;
    key.remove_prefix(dot + 1);
  }
}

// A field of the configuration, or of a part of it.
template <auto... Fields>
constexpr Key Restart(std::string_view name) {
  return {name, [](std::string_view key, const Config& running, Config& next) -> std::vector<std::string> {
            const auto& old = (running.*....*Fields);
            auto& fresh = (next.*....*Fields);
            if (old == fresh) return {};
            fresh = old;
            yaml::CopyShown(PathOf(key), &running.shown, &next.shown);
            return {std::string(key)};
          }};
}

// "taps[api]" of each that is new, gone, or another one.
std::vector<std::string> KeepTaps(std::string_view key, const Config& running, Config& next) {
  std::vector<std::string> changed;
  const auto compare = [&](const std::vector<Tap>& some, const std::vector<Tap>& others) {
    for (const Tap& tap : some) {
      if (std::find(others.begin(), others.end(), tap) != others.end()) continue;
      std::string name = fmt::format("{}[{}]", key, tap.tap.name);
      if (std::find(changed.begin(), changed.end(), name) == changed.end())
        changed.push_back(std::move(name));
    }
  };
  compare(running.taps, next.taps);
  compare(next.taps, running.taps);
  next.taps = running.taps;
  yaml::CopyShown(PathOf(key), &running.shown, &next.shown);
  return changed;
}

// As it is shown; the list there has the order of the destinations.
const yaml::ShownValue* ShownDestination(const yaml::ShownValue& root, size_t index) {
  const yaml::ShownValue* const exporters = root.Find("exporters");
  const yaml::ShownValue* const list = exporters == nullptr ? nullptr : exporters->Find("remote_write");
  return list == nullptr || index >= list->children.size() ? nullptr : &list->children[index];
}

// Of destinations that stay; others have no shards yet.
std::vector<std::string> KeepShards(std::string_view, const Config& running, Config& next) {
  constexpr std::string_view kPath[] = {"queue_config", "max_shards"};
  std::vector<std::string> changed;
  const std::vector<remote_write::Destination>& there = running.exporters.remote_write;
  for (size_t i = 0; i < next.exporters.remote_write.size(); ++i) {
    remote_write::Destination& destination = next.exporters.remote_write[i];
    const auto old = std::find_if(there.begin(), there.end(),
                                  [&](const auto& one) { return one.name == destination.name; });
    if (old == there.end() || old->shards == destination.shards) continue;
    destination.shards = old->shards;
    changed.push_back(fmt::format("exporters.remote_write[{}].queue_config.max_shards", destination.name));
    const auto old_index = static_cast<size_t>(old - there.begin());
    if (ShownDestination(next.shown, i) == nullptr) continue;
    yaml::ShownValue& shown = next.shown.Find("exporters")->Find("remote_write")->children[i];
    yaml::CopyShown(kPath, ShownDestination(running.shown, old_index), &shown);
  }
  return changed;
}

constexpr std::array kKeys = {
    Restart<&Config::service>("service"),
    Restart<&Config::listen>("listen"),
    Restart<&Config::probe_listen>("probe_listen"),
    Restart<&Config::interval>("interval"),
    Restart<&Config::workers>("workers"),
    Restart<&Config::web, &Web::lifecycle>("web.lifecycle"),
    Restart<&Config::web, &Web::max_connections>("web.max_connections"),
    Reloaded("log"),
    Restart<&Config::limits, &Limits::series>("limits.series"),
    Restart<&Config::limits, &Limits::connections>("limits.connections"),
    Restart<&Config::limits, &Limits::idle_series>("limits.idle_series"),
    Restart<&Config::limits, &Limits::drain>("limits.drain"),
    Restart<&Config::limits, &Limits::drain_delay>("limits.drain_delay"),
    Restart<&Config::storage, &Storage::path>("storage.path"),
    Restart<&Config::storage, &Storage::retention>("storage.retention"),
    Restart<&Config::storage, &Storage::memory>("storage.memory"),
    Restart<&Config::storage, &Storage::first_zero>("storage.first_zero"),
    Restart<&Config::promql, &Promql::experimental>("promql.experimental"),
    Restart<&Config::promql, &Promql::max_samples>("promql.max_samples"),
    Restart<&Config::promql, &Promql::max_concurrency>("promql.max_concurrency"),
    Restart<&Config::promql, &Promql::max_result_size>("promql.max_result_size"),
    Restart<&Config::promql, &Promql::timeout>("promql.timeout"),
    Key{"taps", &KeepTaps},
    Restart<&Config::metric_relabel_configs>("metric_relabel_configs"),
    Reloaded("rule_files"),
    Reloaded("packs"),
    Reloaded("evaluation_interval"),
    Reloaded("external_labels"),
    Restart<&Config::external_url>("external_url"),
    Reloaded("alerting.alertmanagers"),
    Reloaded("alerting.alert_relabel_configs"),
    Reloaded("alerting.resend_delay"),
    Restart<&Config::exporters, &Exporters::queue, &ExportQueue::max_bytes>("exporters.queue.max_size"),
    Restart<&Config::exporters, &Exporters::queue, &ExportQueue::max_age>("exporters.queue.max_age"),
    Reloaded("exporters.otlp"),
    Reloaded("exporters.remote_write"),
    Key{"exporters.remote_write[].queue_config.max_shards", &KeepShards},
};

bool IsWithin(std::string_view key, std::string_view outer) {
  if (!key.starts_with(outer)) return false;
  const std::string_view rest = key.substr(outer.size());
  return rest.empty() || rest.starts_with('.') || rest.starts_with("[]");
}

// What comes from who we are, which does not change while we run.
void KeepIdentity(const Config& running, Config* next) {
  next->instance = running.instance;
  next->exporters.resource = running.exporters.resource;
  if (!next->service_is_label) return;
  std::vector<Label> labels;
  for (const Label label : next->external_labels) labels.push_back(label);
  labels.push_back({"service", running.service});  // the last one counts
  next->external_labels = Labels(labels);
  next->alerting.settings.external_labels = next->external_labels;
}

}  // namespace

std::optional<Effect> EffectOf(std::string_view key) {
  const Key* found = nullptr;
  for (const Key& known : kKeys) {
    const bool longer = found == nullptr || known.name.size() > found->name.size();
    if (longer && IsWithin(key, known.name)) found = &known;
  }
  if (found == nullptr) return std::nullopt;
  return found->keep == nullptr ? Effect::kReload : Effect::kRestart;
}

std::vector<std::string_view> KeysOf(Effect effect) {
  std::vector<std::string_view> keys;
  for (const Key& key : kKeys) {
    if ((key.keep == nullptr) == (effect == Effect::kReload)) keys.push_back(key.name);
  }
  return keys;
}

Reload AfterReload(const Config& running, Config fresh, bool queue_is_open) {
  Reload reload{.config = std::move(fresh), .waiting = {}};
  KeepIdentity(running, &reload.config);
  for (const Key& key : kKeys) {
    if (key.keep == nullptr || (!queue_is_open && IsWithin(key.name, "exporters.queue"))) continue;
    std::vector<std::string> changed = key.keep(key.name, running, reload.config);
    std::move(changed.begin(), changed.end(), std::back_inserter(reload.waiting));
  }
  return reload;
}

}  // namespace sidelight::config
