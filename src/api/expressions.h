// /api/v1/format_query and /api/v1/parse_query: an expression spelled as Prometheus spells it, and its syntax
// tree. Nothing is evaluated.
//
// Errors are Problems whose code is Prometheus' errorType: bad_data (400) for what is no expression. Longer
// ones than 64 KiB are refused, as a deep tree takes many times the memory of its text.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/ .
#pragma once

#include "core/http/message.h"
#include "rules/promql/parser.h"
#include "src/api/problem.h"

namespace sidelight::api {

// Over several lines where it is longer than 100 columns.
Answer FormatQuery(const http::Request& request, const promql::ParserOptions& options);
// In the form of syntax_json.h.
Answer ParseQuery(const http::Request& request, const promql::ParserOptions& options);

}  // namespace sidelight::api
