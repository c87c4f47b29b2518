// Printer: syntax tree -> text that parses to the same tree, in Prometheus' spelling: matchers go by the
// alphabet.
#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace sidelight::promql {

// On one line.
std::string Print(const Expr& expr);
// Over several lines, as Prometheus' /api/v1/format_query does: whatever is longer than 100 columns is split.
std::string PrintPretty(const Expr& expr);

// "1h30m"; "0s" for nothing.
std::string FormatDuration(int64_t millis);
// Quoted as Go's %q does.
std::string Quote(std::string_view text);

}  // namespace sidelight::promql
