// Command: what the command line asks for. Only words become structs here; nothing is read, opened or
// printed.
//
//   sidelight run --config FILE | run --tap PROTOCOL://LISTEN=UPSTREAM... | check FILE... | version
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

// `check`: each file is read as `run` would read it, and "FILE: ok" or its errors are printed.
struct Check {
  std::vector<std::string> files;  // at least one
};

struct Version {};

// Nothing to do but to print: help (code 0, standard output) or what is wrong with the arguments
// (kUsageError, standard error). The text ends in a line break.
struct Print {
  std::string text;
  int exit_code = 0;
};

using Command = std::variant<Run, Check, Version, Print>;

Command ParseCommandLine(int argc, const char* const* argv);

}  // namespace sidelight::cli
