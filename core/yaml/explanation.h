// Why yaml-cpp could not go on, in words that say what its reader can do, and where that is to be done.
#pragma once

#include <yaml-cpp/exceptions.h>

#include <optional>

#include "core/yaml/source.h"

namespace sidelight::yaml {

// `before` is where the last event was, `open` where the innermost collection begins that is still open.
Problem Explain(const Source& source, bool as_go, const YAML::Exception& e, Place before,
                std::optional<Place> open);

}  // namespace sidelight::yaml
