// A Config without a file: from the flags of `sidelight run --tap http://0.0.0.0:8080=127.0.0.1:8081`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "src/config/config.h"

namespace sidelight::config {

// The flags as they were written; what is not given keeps the default of its key.
struct CommandLine {
  std::vector<std::string> taps;  // PROTOCOL://LISTEN=UPSTREAM
  std::optional<std::string> listen;
  std::optional<std::string> probe_listen;
  std::optional<std::string> service;
  std::optional<std::string> log_format;
  std::optional<std::string> log_level;
  std::vector<std::string> rules;          // patterns of rule files, relative to the working directory
  std::vector<std::string> alertmanagers;  // URLs
};

// Taps are named after their protocol: http, http-2, tcp. The error names each wrong flag, one to a line.
Result<Config> FromCommandLine(const CommandLine& flags, const Environment& environment = ProcessEnvironment);

}  // namespace sidelight::config
