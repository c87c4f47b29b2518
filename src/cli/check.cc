#include "src/cli/check.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/yaml/spelling.h"
#include "core/yaml/yaml.h"
#include "rules/evaluation/manifest_stream.h"
#include "rules/evaluation/rule_check.h"
#include "rules/evaluation/rule_file.h"
#include "rules/packs/packs.h"
#include "src/cli/connect.h"
#include "src/cli/manifests.h"
#include "src/cli/metric_catalogue.h"
#include "src/config/rule_files.h"

namespace sidelight::cli {
namespace {

constexpr int kFailed = 1;

constexpr std::string_view kStandardInput = "-";

enum class Kind { kConfig, kRules, kTests, kManifests, kBroken };

struct Sort {
  Kind kind = Kind::kConfig;
  std::string error;  // of kBroken
};

// A rule file is told from a configuration by its key `groups`, or one that was probably meant for it.
Sort SortOf(const std::string& path) {
  if (rules::LoadManifests(path)) return {Kind::kManifests, ""};
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

// To whom it is a word of promtool's, which is given before the files.
std::string_view HintTo(const std::string& missing) {
  if (missing != "rules" && missing != "config") return "";
  return "; `sidelight check` takes files alone, and tells what is in each";
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
    std::vector<Result<rules::RuleFile>> files;
    for (const std::string& path : paths) files.push_back(rules::LoadRuleFile(path, OptionsOf(config)));
    AddRules(std::move(files), paths, config);
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
    AddRest(path, *config);
  }

  // Objects of Kubernetes; `name` is "" on standard input. `config` is for the PrometheusRules.
  void AddManifests(const std::string& text, const std::string& name, const config::Config* config) {
    const Manifests manifests = ReadManifests(text, name);
    for (const std::string& error : manifests.errors) Fail(error);
    if (manifests.configs.empty() && manifests.rules.empty() && manifests.errors.empty()) {
      Fail(
          fmt::format("{}: there is nothing in it for Sidelight: no ConfigMap with a sidelight.yaml, and no "
                      "PrometheusRule",
                      name.empty() ? "standard input" : name));
    }
    const config::Environment environment = [&](const std::string& variable) -> std::optional<std::string> {
      const auto found = manifests.environment.find(variable);
      return found == manifests.environment.end() ? environment_(variable) : found->second;
    };
    for (const EmbeddedConfig& embedded : manifests.configs) AddEmbedded(embedded, environment);
    std::vector<std::string> paths;
    std::vector<Result<rules::RuleFile>> files;
    for (const EmbeddedRules& rule : manifests.rules) {
      paths.push_back(rule.path);
      files.push_back(rules::ParsePrometheusRule(rule.object, rule.path, OptionsOf(config)));
    }
    AddRules(std::move(files), paths, config);
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
  void AddRules(std::vector<Result<rules::RuleFile>> loaded, const std::vector<std::string>& paths,
                const config::Config* config) {
    std::vector<rules::RuleFile> files;
    for (Result<rules::RuleFile>& file : loaded) {
      if (!file) {
        Fail(file.error().message);
        continue;
      }
      AddGood(*file);
      files.push_back(*std::move(file));
    }
    WarnOf(std::move(files), paths, config);
  }

  // What there is to a configuration besides its rule files.
  void AddRest(const std::string& path, const config::Config& config) {
    const std::vector<rules::RuleFile> packs = PacksOf(config);
    for (const rules::RuleFile& pack : packs) AddGood(pack);
    // Which taps there are, and how they name what they measure, a pack does not know.
    WarnOf(packs, packs, {.retention = config.storage.retention});
    if (connect_) AddAnswers(path, config);
  }

  // A configuration in a ConfigMap, which is mounted as one folder.
  void AddEmbedded(const EmbeddedConfig& embedded, const config::Environment& environment) {
    const std::string& path = embedded.file.path;
    const Result<config::Config> config = config::Parse(embedded.file.text, path, environment);
    if (!config) return Fail(config.error().message);
    report_.output += fmt::format("{}: ok\n", path);
    const std::string folder = config::PatternOf(path.substr(0, path.rfind('/') + 1));
    std::set<const EmbeddedFile*> named;
    for (const std::string& pattern : config->rule_files) {
      const bool is_absolute = !pattern.starts_with(folder);
      bool found = false;
      for (const EmbeddedFile& file : embedded.others) {
        if (!(is_absolute ? MatchesByName(file.path, pattern) : Matches(file.path, pattern))) continue;
        named.insert(&file);
        found = true;
      }
      if (found) continue;
      if (config::HasWildcard(pattern) || is_absolute) {
        Warn(fmt::format("{}: there is no rule file {} in the ConfigMap", path, pattern));
      } else {
        Fail(fmt::format("{}: the rule file {} is not in the ConfigMap", path, config::PlainName(pattern)));
      }
    }
    std::vector<std::string> paths;
    std::vector<Result<rules::RuleFile>> files;
    for (const EmbeddedFile& file : embedded.others) {
      if (!named.contains(&file)) continue;
      paths.push_back(file.path);
      files.push_back(rules::ParseRuleFile(file.text, file.path, OptionsOf(&*config)));
    }
    AddRules(std::move(files), paths, &*config);
    AddRest(path, *config);
  }

  static bool Matches(const std::string& path, const std::string& pattern) {
    return fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
  }

  // Where a ConfigMap is mounted it does not say, so of an absolute pattern only the name counts.
  static bool MatchesByName(const std::string& path, const std::string& pattern) {
    return Matches(path.substr(path.rfind('/') + 1), pattern.substr(pattern.rfind('/') + 1));
  }

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

void AddStandardInput(std::istream& input, const config::Config* config, Checking* checking) {
  const std::optional<std::string> text = rules::ReadManifestText(input);
  if (!text) {
    checking->Fail(fmt::format("standard input: it has more than {} MiB", rules::kMaxManifestBytes >> 20));
  } else if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
    checking->Fail("standard input: it is empty; what should have written it has probably failed");
  } else {
    checking->AddManifests(*text, "", config);
  }
}

}  // namespace

Report RunCheck(const Check& check, const config::Environment& environment, std::istream& input) {
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
  const config::Config* const given = config ? &*config : nullptr;
  std::vector<std::string> rule_files;
  for (const std::string& file : check.files) {
    if (file == kStandardInput) {
      AddStandardInput(input, given, &checking);
      continue;
    }
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
      case Kind::kManifests:
        checking.AddManifests(rules::LoadManifests(file).value_or(""), file, given);
        break;
      case Kind::kBroken:
        checking.Fail(fmt::format("{}{}", sort.error, HintTo(file)));
        break;
    }
  }
  checking.AddRules(rule_files, given);
  return checking.Take();
}

}  // namespace sidelight::cli
