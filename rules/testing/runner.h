// Runner: runs a promqltest script against the engine, over a store of its own that lives as long as the run.
//
// What an eval is put through: the query; for an instant query the same as the middle of a range query; and
// both again at other times with the time pinned by `@` (pinning.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"

namespace sidelight::promqltest {

// What the scripts of Prometheus are written for.
promql::EngineOptions ReferenceEngineOptions();
promql::ParserOptions ReferenceParserOptions();

struct Report {
  size_t passed = 0;                  // evals
  size_t failed = 0;                  // evals, and loads that the store refused
  std::vector<std::string> failures;  // "file:line: EXPR: wanted ..., got ...", one for each
};

// kInvalidArgument, "file:line: ...", when the text is no script. `name` is that of the file.
Result<Report> RunTestFile(std::string_view name, std::string_view text, const Clock& clock = SystemClock());

}  // namespace sidelight::promqltest
