// History: how much of the past an expression needs, and what it makes of a past that is not there.
#pragma once

#include "core/base/clock.h"
#include "rules/promql/ast.h"

namespace sidelight::rules {

struct Reach {
  // From the oldest sample that may count to the time of evaluation: ranges, offsets and subqueries added up;
  // of an instant selector the lookback.
  Duration back{};
  // Samples that are missing may make it true: absent(), unless, or something that grows with its samples
  // (a range, a sum, a count) compared so that less of it is more of a reason.
  bool true_of_absence = false;
};

Reach ReachOf(const promql::Expr& expr, Duration lookback, Duration default_subquery_step);

}  // namespace sidelight::rules
