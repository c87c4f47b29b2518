// A syntax tree of PromQL as JSON, for trees that people look at: each node an object whose "type" says which
// it is (aggregation, binaryExpr, call, matrixSelector, numberLiteral, parenExpr, stringLiteral, subquery,
// unaryExpr, vectorSelector), with its parts in it, as Prometheus 3 has them at /api/v1/parse_query. Spans of
// time and moments are milliseconds; those that only an evaluation can reckon (a duration expression) are 0.
//
// Source: Prometheus' answers, and https://prometheus.io/docs/prometheus/latest/querying/api/ .
#pragma once

#include <string>
#include <string_view>

#include "rules/promql/ast.h"

namespace sidelight::api {

// Appends the tree of `expr`, which was parsed from `query`.
void AppendSyntaxTree(const promql::Expr& expr, std::string_view query, std::string* out);

}  // namespace sidelight::api
