// Numbers in the text of a scalar: decimal, the whole text, nothing around it. An error is a clause that says
// what is wrong with the text without repeating it, to stand after `expected a whole number, got "010":`.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"

namespace sidelight::yaml {

Result<int64_t> ParseInt(std::string_view text);
Result<uint64_t> ParseUint(std::string_view text);
Result<double> ParseDouble(std::string_view text);          // finite
Result<uint64_t> ParseBytes(std::string_view text);         // 64MiB, 100B, or a plain number
Result<Duration> ParseDurationText(std::string_view text);  // 1h30m, 5s, 100ms, 0

}  // namespace sidelight::yaml
