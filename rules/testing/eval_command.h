// The command `eval`: an expression, when to evaluate it, and what is expected of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "rules/promql/ast.h"
#include "rules/promql/parser.h"
#include "rules/testing/expected_text.h"
#include "rules/testing/series_notation.h"

namespace sidelight::promqltest {

// Evaluations of more steps than that are refused.
inline constexpr int64_t kMaxSteps = 1'000'000;

struct Line {
  size_t number = 0;  // in the file, from 1
  std::string_view text;
};

// Times in milliseconds.
struct TimeSpan {
  UnixMillis start = 0;
  UnixMillis end = 0;
  int64_t step = 0;  // above 0

  size_t steps() const { return static_cast<size_t>((end - start) / step) + 1; }
};

struct ExpectedSeries {
  Labels labels;
  std::vector<SequenceValue> values;  // one, or one for each step
};

struct EvalCommand {
  std::string text;      // of the expression
  promql::ExprPtr expr;  // type-checked
  bool instant = true;
  UnixMillis time = 0;  // of an instant query
  TimeSpan span;        // of a range query; of an instant one the samples expected of a range vector

  // What is expected: a failure, or one kind of value.
  enum class Expectation : uint8_t { kFailure, kString, kScalar, kSeries, kRangeVector };
  Expectation expectation = Expectation::kSeries;
  ExpectedText failure;
  std::string string;
  double scalar = 0;
  std::vector<ExpectedSeries> series;  // none: an empty result
  bool ordered = false;                // the result is in the order of the series

  ExpectedAnnotations warnings;
  ExpectedAnnotations infos;
};

struct ReadEval {
  EvalCommand command;
  size_t lines = 0;  // that belong to it
};
// The first of the lines is the command's own, the others are those up to the next empty one, of which not
// all need to belong to it. Of `*values_left`, those that the file may still have, it takes its own off.
// Errors begin with the number of the line, "12: ".
Result<ReadEval> ReadEvalCommand(std::span<const Line> lines, const promql::ParserOptions& options,
                                 size_t* values_left);

}  // namespace sidelight::promqltest
