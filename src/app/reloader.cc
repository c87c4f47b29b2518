#include "src/app/reloader.h"

#include <utility>

#include "core/base/log.h"
#include "src/app/rule_loading.h"
#include "src/app/rules_source.h"
#include "src/config/reload.h"
#include "src/config/rule_files.h"

namespace sidelight::app {
namespace {

// Patterns of the files that a configuration consists of.
std::vector<std::string> FilesOf(const config::Config& config) {
  std::vector<std::string> patterns = config.rule_files;
  if (!config.file.empty()) patterns.push_back(config::PatternOf(config.file));
  return patterns;
}

}  // namespace

Reloader::Reloader(config::Config config, ConfigSource reread, Surroundings surroundings)
    : reread_(std::move(reread)),
      with_(surroundings),
      watcher_(with_.loop,
               [this] {
                 log::Info("the configuration's files have changed: reading them again");
                 (void)Reload();  // says in the log how it went
               }),
      in_force_(std::move(config)),
      external_labels_(in_force_.external_labels) {
  watcher_.Watch(FilesOf(in_force_));
  TellSuccess(true);
  TellWaiting({});
}

Status Reloader::Start(std::string external_url) {
  external_url_ = std::move(external_url);
  return TakeOver(in_force_, BadRuleFiles::kLeftOut);
}

Status Reloader::Reload() {
  const std::lock_guard<std::mutex> lock(mutex_);
  watcher_.AboutToRead();
  Result<config::Config> fresh = reread_();
  Status taken;
  std::vector<std::string> waiting;
  if (fresh) {
    // Of one that is refused, too: its files are where the mistake will be mended.
    watcher_.Watch(FilesOf(*fresh));
    config::Reload reload = config::AfterReload(in_force_, *std::move(fresh), exports_ != nullptr);
    waiting = std::move(reload.waiting);
    taken = TakeOver(std::move(reload.config), BadRuleFiles::kRefused);
  } else {
    taken = tl::unexpected<Error>(std::move(fresh.error()));
  }
  TellSuccess(taken.has_value());
  if (!taken) {
    with_.introspection.ReloadFailed();
    log::Error("the configuration was not reloaded; the old one stays in force",
               {{"error", taken.error().message}});
    return taken;
  }
  with_.introspection.Reloaded(in_force_);
  TellWaiting(waiting);
  log::Info("configuration reloaded", {{"waiting_for_restart", std::to_string(waiting.size())}});
  return {};
}

Status Reloader::TakeOver(config::Config next, BadRuleFiles bad) {
  Result<Commit> rules = PrepareRules(next, bad);
  if (!rules) return tl::unexpected<Error>(std::move(rules.error()));
  Result<Commit> exports = PrepareExports(next);
  if (!exports) {
    return Fail(exports.error().code, "exporters: " + exports.error().message);
  }
  // Nothing fails from here on. Exporters first, so that they see what the rules write.
  (*exports)();
  (*rules)();
  log::Configure(next.log.format, next.log.level);
  in_force_ = std::move(next);
  const std::lock_guard<std::mutex> lock(labels_mutex_);
  external_labels_ = in_force_.external_labels;
  return {};
}

Result<Commit> Reloader::PrepareRules(const config::Config& next, BadRuleFiles bad) {
  if (judge_ != nullptr) return judge_->Prepare(next, bad);
  if (!NamesRules(next)) return Commit([] {});
  Result<std::unique_ptr<Judge>> judge =
      Judge::Start(next, external_url_, with_.store, with_.self, with_.clock);
  if (!judge) return tl::unexpected<Error>(std::move(judge.error()));
  Result<Commit> commit = (*judge)->Prepare(next, bad);
  if (!commit) return commit;
  return [this, started = std::make_shared<std::unique_ptr<Judge>>(*std::move(judge)),
          commit = *std::move(commit)] {
    commit();
    judge_ = std::move(*started);
    with_.registry.AddSource(std::make_shared<RulesSource>(*judge_));
    judging_.store(judge_.get());
  };
}

Result<Commit> Reloader::PrepareExports(const config::Config& next) {
  if (exports_ != nullptr) return exports_->Prepare(next);
  if (next.exporters.empty()) return Commit([] {});
  auto opened = std::make_shared<std::unique_ptr<Exports>>(
      std::make_unique<Exports>(next, with_.registry, with_.store, with_.self, with_.clock));
  Result<Commit> commit = (*opened)->Prepare(next);
  if (!commit) return commit;
  return [this, opened = std::move(opened), commit = *std::move(commit)] {
    commit();
    exports_ = std::move(*opened);
    // Only now, as there is no way to take it out again.
    with_.registry.AddSource(exports_->QueueMetrics());
  };
}

void Reloader::Stop(TimePoint deadline) {
  if (exports_ != nullptr) exports_->Stop(deadline);
  judge_.reset();
}

Labels Reloader::ExternalLabels() const {
  const std::lock_guard<std::mutex> lock(labels_mutex_);
  return external_labels_;
}

std::vector<rules::GroupStatus> Reloader::RuleGroups() const {
  const Judge* const judge = judging_.load();
  return judge == nullptr ? std::vector<rules::GroupStatus>() : judge->Groups();
}

void Reloader::TellWaiting(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) log::Warn(key + " changed: takes effect after a restart");
  with_.self
      .Gauge("sidelight_config_keys_waiting",
             "Keys of the configuration that have changed and take effect after a restart.")
      .Set(static_cast<double>(keys.size()));
}

void Reloader::TellSuccess(bool succeeded) {
  with_.self
      .Gauge("sidelight_config_last_reload_successful",
             "Whether the configuration was last read with success.")
      .Set(succeeded ? 1 : 0);
  if (!succeeded) return;
  with_.self
      .Gauge("sidelight_config_last_reload_success_timestamp_seconds",
             "When the configuration was last read with success.")
      .Set(static_cast<double>(with_.clock.UnixNow()) / 1000);
}

}  // namespace sidelight::app
