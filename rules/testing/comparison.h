// Comparison: whether a result is what a test expects.
//
// Floats may differ by a millionth of their sum; label sets, times, kinds, layouts of histograms may not
// differ at all.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model/float_histogram.h"
#include "rules/promql/value.h"
#include "rules/testing/eval_command.h"

namespace sidelight::promqltest {

// The first difference that was found.
struct Mismatch {
  std::string wanted;
  std::string got;
};
using Comparison = std::optional<Mismatch>;  // nothing: as expected

// NaN equals NaN, but a stale marker only another one.
bool AlmostEqual(double a, double b);
// Both as they are when compacted; counter_reset counts only where the wanted one was written.
bool AlmostEqual(const SequenceValue& wanted, const FloatHistogram& got);

// In any order, or in that of `wanted`.
Comparison CompareVector(std::span<const ExpectedSeries> wanted, bool ordered, const promql::Vector& got);
// Value number i of a wanted series is that at start + i * step. The result must be sorted by labels.
Comparison CompareMatrix(std::span<const ExpectedSeries> wanted, const TimeSpan& span,
                         const promql::Matrix& got);
// A value against what the command expects; it expects no failure.
Comparison CompareValue(const EvalCommand& command, const promql::Value& got);

// Whole texts of one kind ("warning", "info"). Without `positions` those at the end of a text do not count.
Comparison CompareAnnotations(const ExpectedAnnotations& wanted, std::string_view kind,
                              const std::vector<std::string>& got, bool positions);

// A value in a few words, for messages.
std::string ValueText(const promql::Value& value);

}  // namespace sidelight::promqltest
