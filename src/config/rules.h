// The keys of the top-level file that rules and their alerts have.
#pragma once

#include <string>

#include "core/yaml/yaml.h"
#include "src/config/config.h"

namespace sidelight::config {

// external_labels, external_url, evaluation_interval, rule_files, packs and alerting. `folder` is the one
// that the file stands in: relative paths are relative to it. `out->service` has been read.
void DecodeRules(yaml::Mapping& root, const std::string& folder, const Environment& environment, Config* out);

// The labels of the defaults that `given` does not override; an empty value removes one.
Labels ExternalLabels(const std::string& service, const Environment& environment,
                      const std::vector<std::pair<std::string, std::string>>& given);

}  // namespace sidelight::config
