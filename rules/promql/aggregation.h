// Aggregations: many series to few, or the few of them that an order, a count or a share chooses.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#aggregation-operators .
#pragma once

#include "core/base/error.h"
#include "rules/promql/evaluation.h"

namespace sidelight::promql {

Result<Grid> EvalAggregate(Evaluation& evaluation, const Aggregate& aggregate);

}  // namespace sidelight::promql
