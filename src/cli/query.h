// `sidelight query`: asks the API of a process that runs, over HTTP.
#pragma once

#include "core/base/clock.h"
#include "src/cli/command.h"
#include "src/cli/report.h"

namespace sidelight::cli {

// Blocks until there is an answer, at most the query's timeout and some seconds. The exit code is 1 when the
// query failed, kUsageError when what was asked makes no request.
Report RunQuery(const Query& query, const Clock& clock = SystemClock());

}  // namespace sidelight::cli
