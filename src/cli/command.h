// Command: what the command line asks for. Only words become structs here; nothing is read, opened or
// printed.
//
//   sidelight run --config FILE | run --tap PROTOCOL://LISTEN=UPSTREAM... | check FILE... |
//   test rules FILE... | query EXPR | version
//
// Exit codes of the process: 0 done, 1 failed, 2 used wrongly (kUsageError).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "src/config/command_line.h"

namespace sidelight::cli {

inline constexpr int kUsageError = 2;

// `run`. Without a file the flags are the configuration: config::FromCommandLine(flags), whose errors are
// errors of usage too.
struct Run {
  std::string config_path;    // "": there is no file
  config::CommandLine flags;  // with a file all of them are empty
};

// `check`: each file is read as `run` would read it; src/cli/check.h does it.
struct Check {
  std::vector<std::string> files;  // at least one: configurations, rule files
  std::string config_path;         // the configuration that the rule files are meant for; "": none is named
  bool connect = false;            // to what the configurations name, too
};

// `test rules`: runs the unit tests of rule files; src/cli/test_rules.h does it.
struct TestRules {
  std::vector<std::string> files;  // at least one
  std::vector<std::string> names;  // patterns; none: all tests
  bool ignore_unknown_fields = false;
  bool experimental = false;
};

// `query`: asks a Sidelight, or a Prometheus, that runs; src/cli/query.h does it. Times and the step are as
// the API takes them.
struct Query {
  enum class Format { kTable, kJson };

  std::string expression;
  std::string url = "http://127.0.0.1:9464";
  std::string time;   // of an instant query; "": now
  std::string start;  // not empty: a range query, and `step` is there too
  std::string end;    // "": now
  std::string step;
  std::string timeout = "30s";
  Format format = Format::kTable;
};

struct Version {};

// Nothing to do but to print: help (code 0, standard output) or what is wrong with the arguments
// (kUsageError, standard error). The text ends in a line break.
struct Print {
  std::string text;
  int exit_code = 0;
};

using Command = std::variant<Run, Check, TestRules, Query, Version, Print>;

Command ParseCommandLine(int argc, const char* const* argv);

}  // namespace sidelight::cli
