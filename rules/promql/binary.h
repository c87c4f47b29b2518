// Binary operators: arithmetic, comparisons, trims and set operations, between scalars and vectors.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/operators/ .
#pragma once

#include "core/base/error.h"
#include "rules/promql/evaluation.h"

namespace sidelight::promql {

Result<Grid> EvalBinary(Evaluation& evaluation, const Binary& binary);

}  // namespace sidelight::promql
