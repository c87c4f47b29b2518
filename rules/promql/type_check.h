// Type check: which parts of an expression may stand where; and which parts of it have the same value at
// every step of a query.
#pragma once

#include <string_view>

#include "core/base/error.h"
#include "rules/promql/ast.h"

namespace sidelight::promql {

// Checks a tree that the grammar made of `text`, and settles what depends on types: the matching of scalars,
// the selectors that only name labels. The error is that of the parser.
Status CheckTypes(Expr& expr, std::string_view text);

// Sets step_invariant throughout the tree. To be called again after `@` modifiers were changed.
void MarkStepInvariant(Expr& expr);

}  // namespace sidelight::promql
