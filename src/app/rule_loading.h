// The rules that a configuration names, from files and from the packs that come with the program.
#pragma once

#include <string>
#include <vector>

#include "rules/evaluation/rule_file.h"
#include "src/config/config.h"

namespace sidelight::app {

struct LoadedRules {
  std::vector<rules::GroupDefinition> groups;  // in order of the packs, then of the files' paths
  std::vector<std::string> errors;             // of each file that is left out: all its errors in one text
  std::vector<std::string> warnings;
  size_t files = 0;  // that were loaded, packs among them
};

// Groups that name no interval get the configuration's.
LoadedRules LoadRules(const config::Config& config);

// Whether there is anything to judge: a file, a pattern or a pack is named.
bool NamesRules(const config::Config& config);

}  // namespace sidelight::app
