// `sidelight test rules`: promtool's unit tests of rule files, with its output and its exit codes.
#pragma once

#include <cstdio>

#include "src/cli/command.h"

namespace sidelight::cli {

// Of each file `Unit Testing:  FILE` and `  SUCCESS` go to `out`, `  FAILED:` with what is not as expected,
// and warnings, to `errors`; each as soon as it is known. The exit code: 0 when all tests of all files
// passed, 1 when not, kUsageError when a name's pattern is none.
int RunTestRules(const TestRules& command, std::FILE* out, std::FILE* errors);

}  // namespace sidelight::cli
