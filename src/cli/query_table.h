// An answer of Prometheus' query API as text for a terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/base/error.h"

namespace sidelight::cli {

// A vector as two aligned columns, series and value; a matrix as each series with its times and values below
// it; a scalar or a string alone. A line says when there is nothing. Warnings and infos stand below. Control
// characters are escaped, so that no label moves the cursor.
//
// kInvalidArgument when it is no such answer.
Result<std::string> FormatTable(const nlohmann::json& answer);

}  // namespace sidelight::cli
