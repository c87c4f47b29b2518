// `sidelight check`: whether configuration and rule files are right, and what in them is probably not meant.
#pragma once

#include <iostream>
#include <istream>

#include "src/cli/command.h"
#include "src/cli/report.h"
#include "src/config/config.h"

namespace sidelight::cli {

// "FILE: ok" for each configuration and "FILE: ok (3 rules)" for each rule file, those that a configuration
// names included; errors and warnings on standard error. With `connect` a line for each destination too; then
// it waits for them, ten seconds at most for each configuration. The exit code is 1 when there is an error.
//
// A file with objects of Kubernetes counts for the configurations in its ConfigMaps and for its
// PrometheusRules; the file "-" is `input` with such objects.
Report RunCheck(const Check& check, const config::Environment& environment = config::ProcessEnvironment,
                std::istream& input = std::cin);

}  // namespace sidelight::cli
