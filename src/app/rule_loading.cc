#include "src/app/rule_loading.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "rules/packs/packs.h"
#include "src/config/rule_files.h"

namespace sidelight::app {
namespace {

void Take(Result<rules::RuleFile> file, const config::Config& config, LoadedRules* out) {
  if (!file) {
    out->errors.push_back(std::move(file.error().message));
    return;
  }
  ++out->files;
  for (rules::GroupDefinition& group : file->groups) {
    if (!group.interval) group.interval = config.evaluation_interval;
    out->groups.push_back(std::move(group));
  }
  std::move(file->warnings.begin(), file->warnings.end(), std::back_inserter(out->warnings));
}

}  // namespace

bool NamesRules(const config::Config& config) {
  return !config.rule_files.empty() || !config.packs.empty();
}

LoadedRules LoadRules(const config::Config& config) {
  LoadedRules loaded;
  const rules::RuleFileOptions options{.parser = {.experimental = config.promql.experimental}};
  for (const std::string& name : config.packs) {
    const auto packs = rules::Packs();
    const auto pack = std::find_if(packs.begin(), packs.end(), [&](const auto& p) { return p.name == name; });
    if (pack == packs.end()) continue;  // the configuration has refused it
    Take(rules::ParseRuleFile(std::string(pack->yaml), fmt::format("pack:{}", name), options), config,
         &loaded);
  }
  const config::Matched matched = config::Match(config.rule_files);
  for (const std::string& missing : matched.missing) {
    loaded.errors.push_back(fmt::format("{}: there is no such rule file", missing));
  }
  for (const std::string& file : matched.files) Take(rules::LoadRuleFile(file, options), config, &loaded);
  return loaded;
}

}  // namespace sidelight::app
