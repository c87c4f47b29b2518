// Test file: the text of a promqltest script -> its commands, all of them parsed.
//
// A block (`load`, `eval`) ends at the next empty line, and a line that begins with `#` counts as empty.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "rules/testing/eval_command.h"
#include "rules/testing/load_command.h"

namespace sidelight::promqltest {

// A file of more values (of series that are loaded or expected) is refused.
inline constexpr size_t kMaxFileValues = 5'000'000;

struct ClearCommand {};

struct Command {
  size_t line = 0;  // from 1
  std::variant<ClearCommand, LoadCommand, EvalCommand> action;
};

// `name` is that of the file, for errors, which begin with "name:line: ".
Result<std::vector<Command>> ParseTestFile(std::string_view name, std::string_view text,
                                           const promql::ParserOptions& options);

}  // namespace sidelight::promqltest
