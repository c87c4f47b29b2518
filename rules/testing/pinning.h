// Pinning: an expression whose selectors all say `@ T` has the same value at whatever time it is evaluated,
// which is a test of `@`.
#pragma once

#include "core/base/clock.h"
#include "rules/promql/ast.h"

namespace sidelight::promqltest {

// Whether it calls a function whose result depends on when it is evaluated, so that it cannot be pinned.
bool CallsTimeFunction(const promql::Expr& expr);

// Sets `@ time` on every selector and subquery that has no `@` of its own and is in no subquery that has one.
void PinTimes(UnixMillis time, promql::Expr* expr);

}  // namespace sidelight::promqltest
