// Connecting: what the destinations of a configuration answer when they are spoken to, for
// `sidelight check --connect`. OTLP and remote write get a request with nothing in it, an Alertmanager is
// asked for its status: nothing is left behind anywhere.
#pragma once

#include <string>
#include <vector>

#include "src/config/config.h"

namespace sidelight::cli {

struct Connected {
  std::string line;  // "otlp http://collector:4318/v1/metrics: ok (200)", or what is wrong; no secret
  bool ok = false;
};

// One for each Alertmanager, each of exporters.otlp and each of exporters.remote_write, in that order. They
// are asked all at once, each with its own timeout, and ten seconds at most.
std::vector<Connected> Connect(const config::Config& config);

}  // namespace sidelight::cli
