// `sidelight query`: asks the API of a process that runs, over HTTP.
#pragma once

#include <string>

#include "core/base/clock.h"
#include "src/cli/command.h"

namespace sidelight::cli {

// What is to be printed, and where to; both texts end in a line break or are empty.
struct Report {
  std::string output;  // standard output
  std::string errors;  // standard error
  int exit_code = 0;   // 1 when the query failed, kUsageError when what was asked makes no request
};

// Blocks until there is an answer, at most the query's timeout and some seconds.
Report RunQuery(const Query& query, const Clock& clock = SystemClock());

}  // namespace sidelight::cli
