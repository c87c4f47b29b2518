#include "src/api/expressions.h"

#include <algorithm>
#include <string>

#include "rules/promql/printer.h"
#include "src/api/query_json.h"
#include "src/api/request_parameters.h"
#include "src/api/syntax_json.h"

namespace sidelight::api {
namespace {

constexpr size_t kLongest = 64 << 10;

// The data is what `append(expr, query, &data)` appends for the expression.
template <class Append>
Answer OfExpression(const http::Request& request, promql::ParserOptions options, const Append& append) {
  const auto parameters = ParametersOf(request);
  if (!parameters) return tl::unexpected<Problem>(parameters.error());
  const std::string_view query = FirstOf(*parameters, "query");
  options.max_length = std::min(options.max_length, kLongest);
  const Result<promql::ExprPtr> expr = promql::Parse(query, options);
  if (!expr) return BadParameter("query", expr.error().message);
  std::string data;
  append(**expr, query, &data);
  return DataResponse(data);
}

}  // namespace

Answer FormatQuery(const http::Request& request, const promql::ParserOptions& options) {
  return OfExpression(request, options, [](const promql::Expr& expr, std::string_view, std::string* out) {
    AppendJsonString(promql::PrintPretty(expr), out);
  });
}

Answer ParseQuery(const http::Request& request, const promql::ParserOptions& options) {
  return OfExpression(request, options, AppendSyntaxTree);
}

}  // namespace sidelight::api
