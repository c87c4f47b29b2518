// Series selectors, of which a series has to fit one: the parameters match[], and those of an expression.
#pragma once

#include <string>
#include <vector>

#include "core/model/matcher.h"
#include "rules/promql/ast.h"
#include "src/api/problem.h"

namespace sidelight::api {

using Selectors = std::vector<std::vector<Matcher>>;

// One set of matchers for each text. A Problem of status 400, whose code is Prometheus' errorType bad_data
// and whose message is Prometheus' sentence, for one that is no selector; the same, with a sentence of ours,
// for more than a thousand, and for regular expressions that are too large, all of them together.
tl::expected<Selectors, Problem> ReadSelectors(const std::vector<std::string>& texts);

// Those of an expression, in the order of its text. A Problem as above for more than a thousand.
tl::expected<Selectors, Problem> SelectorsOf(const promql::Expr& expr);

}  // namespace sidelight::api
