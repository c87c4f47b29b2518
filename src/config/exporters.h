// The keys of the top-level file that say where measurements go: `exporters`, and OpenTelemetry's environment
// variables where it says nothing of OTLP.
#pragma once

#include <string>

#include "core/yaml/yaml.h"
#include "src/config/config.h"

namespace sidelight::config {

// `folder` is the one that the file stands in: relative paths are relative to it. `out->service` and
// `out->instance` have been read. What is wrong in the environment is recorded at `root`.
void DecodeExporters(yaml::Mapping& root, const std::string& folder, const Environment& environment,
                     Config* out);

// Who is measured, and unless `otlp_is_named` already, where OTLP goes. The error names the variable.
Status ReadExportersEnvironment(const Environment& environment, bool otlp_is_named, Config* out);

}  // namespace sidelight::config
