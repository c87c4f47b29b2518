#include "src/cli/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/yaml/spelling.h"
#include "core/yaml/yaml.h"
#include "rules/evaluation/rule_check.h"
#include "rules/evaluation/rule_file.h"
#include "rules/packs/packs.h"
#include "src/cli/connect.h"
#include "src/cli/metric_catalogue.h"
#include "src/config/rule_files.h"

namespace sidelight::cli {
namespace {

constexpr int kFailed = 1;

enum class Kind { kConfig, kRules, kTests, kBroken };

struct Sort {
  Kind kind = Kind::kConfig;
  std::string error;  // of kBroken
};

// A rule file is told from a configuration by its key `groups`, or one that was probably meant for it.
Sort SortOf(const std::string& path) {
  const yaml::Document document = yaml::Document::Load(path, {.expand_environment = false, .as_go = true});
  const yaml::Node root = document.Root();
  if (!root.IsMapping()) {
    const Status status = document.status();
    return status ? Sort{} : Sort{Kind::kBroken, status.error().message};
  }
  std::vector<std::string> keys;
  for (const yaml::Mapping::Entry& entry : root.AsMapping().Entries()) keys.push_back(entry.key);
  const auto has = [&](std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  if (has("groups")) return {Kind::kRules, ""};
  if (has("taps")) return {};
  if (has("tests")) return {Kind::kTests, ""};
  for (const std::string& key : keys) {
    if (!yaml::Nearest(key, {"groups"}).empty()) return {Kind::kRules, ""};
  }
  return {};
}

size_t RulesOf(const rules::RuleFile& file) {
  size_t count = 0;
  for (const rules::GroupDefinition& group : file.groups) count += group.rules.size();
  return count;
}

class Checking {
 public:
  Checking(const config::Environment& environment, bool connect)
      : environment_(environment), connect_(connect) {}

  // Rule files that stand by themselves, as they would run under that configuration, if there is one.
  void AddRules(const std::vector<std::string>& paths, const config::Config* config) {
    std::vector<rules::RuleFile> files;
    for (const std::string& path : paths) {
      Result<rules::RuleFile> file = rules::LoadRuleFile(path, OptionsOf(config));
      if (!file) {
        Fail(file.error().message);
        continue;
      }
      AddGood(*file);
      files.push_back(*std::move(file));
    }
    WarnOf(std::move(files), paths, config);
  }

  void AddConfig(const std::string& path) {
    const Result<config::Config> config = config::Load(path, environment_);
    if (!config) return Fail(config.error().message);
    report_.output += fmt::format("{}: ok\n", path);
    for (const std::string& pattern : config->rule_files) {
      if (!config::HasWildcard(pattern)) continue;
      if (config::Match({&pattern, 1}).files.empty()) {
        Warn(fmt::format("{}: there is no rule file {}", path, pattern));
      }
    }
    const config::Matched matched = config::Match(config->rule_files);
    for (const std::string& missing : matched.missing) {
      Fail(fmt::format("{}: the rule file {} is not there", path, missing));
    }
    AddRules(matched.files, &*config);
    const std::vector<rules::RuleFile> packs = PacksOf(*config);
    for (const rules::RuleFile& pack : packs) AddGood(pack);
    // Which taps there are, and how they name what they measure, a pack does not know.
    WarnOf(packs, packs, {.retention = config->storage.retention});
    if (connect_) AddAnswers(path, *config);
  }

  void AddTests(const std::string& path) {
    Fail(fmt::format("{}: these are unit tests of rules; `sidelight test rules {}` runs them", path, path));
  }

  void Fail(const std::string& message) {
    report_.errors += message + '\n';
    report_.exit_code = kFailed;
  }

  Report Take() { return std::move(report_); }

 private:
  static rules::RuleFileOptions OptionsOf(const config::Config* config) {
    rules::RuleFileOptions options;
    if (config != nullptr) options.parser.experimental = config->promql.experimental;
    return options;
  }

  static std::vector<rules::RuleFile> PacksOf(const config::Config& config) {
    std::vector<rules::RuleFile> files;
    for (const std::string& name : config.packs) {
      const rules::Pack* const pack = rules::FindPack(name);
      if (pack == nullptr) continue;
      Result<rules::RuleFile> file =
          rules::ParseRuleFile(std::string(pack->yaml), fmt::format("pack:{}", name), OptionsOf(&config));
      if (file) files.push_back(*std::move(file));
    }
    return files;
  }

  void AddGood(const rules::RuleFile& file) {
    const size_t count = RulesOf(file);
    report_.output += fmt::format("{}: ok ({} rule{})\n", file.path, count, count == 1 ? "" : "s");
    for (const std::string& warning : file.warnings) Warn(warning);
  }

  void Warn(const std::string& warning) { report_.errors += fmt::format("warning: {}\n", warning); }

  void AddAnswers(const std::string& path, const config::Config& config) {
    const std::vector<Connected> answers = Connect(config);
    if (answers.empty()) {
      Warn(fmt::format("{}: it names no Alertmanager and no exporter, so there is nothing to connect to",
                       path));
    }
    for (const Connected& answer : answers) {
      if (answer.ok) {
        report_.output += answer.line + '\n';
      } else {
        Fail(answer.line);
      }
    }
  }

  void WarnOf(std::span<const rules::RuleFile> files, std::span<const rules::RuleFile> all,
              const rules::RuleCheckOptions& options) {
    for (const std::string& warning : rules::CheckRules(files, all, options)) Warn(warning);
  }

  void WarnOf(std::vector<rules::RuleFile> files, const std::vector<std::string>& paths,
              const config::Config* config) {
    const size_t own = files.size();
    if (config != nullptr) AddOthers(*config, paths, &files);
    const rules::MetricCatalogue catalogue = config == nullptr ? OtelCatalogue() : CatalogueOf(*config);
    const std::span<const rules::RuleFile> all = files;
    WarnOf(all.first(own), all,
           {.retention = config == nullptr ? Duration::zero() : config->storage.retention,
            .catalogue = &catalogue});
  }

  // What the configuration's other rules record, these may use.
  static void AddOthers(const config::Config& config, const std::vector<std::string>& paths,
                        std::vector<rules::RuleFile>* files) {
    for (const std::string& path : config::Match(config.rule_files).files) {
      if (std::find(paths.begin(), paths.end(), path) != paths.end()) continue;
      Result<rules::RuleFile> file = rules::LoadRuleFile(path, OptionsOf(&config));
      if (file) files->push_back(*std::move(file));
    }
    for (rules::RuleFile& pack : PacksOf(config)) files->push_back(std::move(pack));
  }

  const config::Environment& environment_;
  const bool connect_;
  Report report_;
};

}  // namespace

Report RunCheck(const Check& check, const config::Environment& environment) {
  Checking checking(environment, check.connect);
  std::optional<config::Config> config;
  if (!check.config_path.empty()) {
    Result<config::Config> loaded = config::Load(check.config_path, environment);
    if (!loaded) {
      checking.Fail(loaded.error().message);
      return checking.Take();
    }
    config = *std::move(loaded);
  }
  std::vector<std::string> rule_files;
  for (const std::string& file : check.files) {
    const Sort sort = SortOf(file);
    switch (sort.kind) {
      case Kind::kConfig:
        checking.AddConfig(file);
        break;
      case Kind::kRules:
        rule_files.push_back(file);
        break;
      case Kind::kTests:
        checking.AddTests(file);
        break;
      case Kind::kBroken:
        checking.Fail(sort.error);
        break;
    }
  }
  checking.AddRules(rule_files, config ? &*config : nullptr);
  return checking.Take();
}

}  // namespace sidelight::cli
