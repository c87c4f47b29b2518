// Selectors: from the store to a grid, or to the windows of a range vector.
#pragma once

#include <functional>

#include "core/base/error.h"
#include "rules/promql/evaluation.h"

namespace sidelight::promql {

// What of the sample that a selector finds goes into the grid.
enum class Take : uint8_t {
  kValue,
  kTime,   // its timestamp, in seconds; of floats and histograms
  kStart,  // its start timestamp, in seconds; 0 where there is none
};

// An instant vector: of each series the newest sample within the lookback, unless it is a stale marker.
Result<Grid> EvalSelector(Evaluation& evaluation, const VectorSelector& selector, Take take = Take::kValue);

// A range vector's windows, for each series that has a sample in any of them.
Status EvalMatrixSelector(Evaluation& evaluation, const MatrixSelector& selector,
                          const std::function<Status(RangeSeries& series)>& visit);
Status EvalSubquery(Evaluation& evaluation, const Subquery& subquery,
                    const std::function<Status(RangeSeries& series)>& visit);

}  // namespace sidelight::promql
