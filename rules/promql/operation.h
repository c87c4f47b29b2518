// Operation: one binary operator on one pair of samples.
#pragma once

#include "rules/promql/annotations.h"
#include "rules/promql/ast.h"
#include "rules/promql/grid.h"

namespace sidelight::promql {

// Of two floats; a comparison gives 1 or 0.
double FloatOperation(BinaryOp op, double left, double right);

// Of any pair of samples. A comparison that holds gives its left side, else nothing; a pair that the operator
// has no meaning for gives nothing, and says so in the annotations, about `position`.
class Operation {
 public:
  Operation(BinaryOp op, Position position, Annotations* annotations)
      : op_(op), position_(position), annotations_(*annotations) {}

  struct Outcome {
    Cell cell;          // empty: there is no result
    bool meant = true;  // false: the pair has no result under this operator at all, whatever its values
    bool held = true;   // of a comparison
  };
  Outcome Apply(const Cell& left, const Cell& right) const;

 private:
  Outcome Incompatible(const Cell& left, const Cell& right) const;
  Outcome BothHistograms(const FloatHistogram& left, const FloatHistogramPtr& left_value,
                         const FloatHistogram& right) const;

  const BinaryOp op_;
  const Position position_;
  Annotations& annotations_;
};

}  // namespace sidelight::promql
