// Parser: text -> syntax tree, type-checked. First of the stages lexer, parser, engine; printer.h goes back.
//
// Its errors read `1:5: parse error: unexpected end of input`: line and column (from 1, columns in bytes) of
// the expression, then Prometheus' sentence. Any text is fine as input: time is linear in its length, depth
// and memory are bounded.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/error.h"
#include "rules/promql/ast.h"

namespace sidelight::promql {

struct ParserOptions {
  // Functions, aggregations and modifiers that Prometheus has behind flags: limitk, info, fill, anchored, ...
  bool experimental = false;
  size_t max_length = 1 << 20;  // bytes of an expression
  size_t max_depth = 256;       // of nested expressions
};

Result<ExprPtr> Parse(std::string_view text, const ParserOptions& options);
// A selector alone, as in match[]: `up{job="api"}`. At least one matcher must not match the empty string.
Result<std::vector<Matcher>> ParseSelector(std::string_view text);
// `name{label="value"}`: the labels of one series, the name as __name__. What is left of the text behind it
// goes to `rest` when that is not null, else there must be nothing left.
Result<Labels> ParseMetric(std::string_view text, std::string_view* rest = nullptr);
// "1h30m", "5m", "0": Prometheus' durations, in milliseconds.
Result<int64_t> ParseDuration(std::string_view text);

}  // namespace sidelight::promql
