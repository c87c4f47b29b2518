// Feeds the parser any text. What parses must be printed as something that parses to the same tree; what does
// not must leave an error that names a place in the text.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "tests/rules/promql/tree_text.h"

namespace sidelight::promql {
namespace {

void Require(bool condition, const char* what, std::string_view text) {
  if (condition) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

void CheckPrinted(const Expr& expr, const std::string& printed, const ParserOptions& options) {
  const Result<ExprPtr> again = Parse(printed, options);
  Require(again.has_value(), "what was printed does not parse", printed);
  Require(TreeText(expr) == TreeText(**again), "what was printed is another tree", printed);
  Require(Print(expr) == Print(**again), "printed differently the second time", printed);
}

void CheckPositions(const Expr& expr, std::string_view text) {
  Require(expr.position.start < expr.position.end && expr.position.end <= text.size(), "a bad position",
          text);
  for (const Expr* part : Children(expr)) CheckPositions(*part, text);
}

void CheckExpression(std::string_view text) {
  const ParserOptions options{.experimental = true, .max_depth = 64};
  const Result<ExprPtr> expr = Parse(text, options);
  if (!expr) {
    const std::string& message = expr.error().message;
    Require(message.find(": parse error: ") != std::string::npos, "an error without a place", message);
    return;
  }
  CheckPositions(**expr, text);
  CheckPrinted(**expr, Print(**expr), options);
  CheckPrinted(**expr, PrintPretty(**expr), options);
}

}  // namespace
}  // namespace sidelight::promql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace promql = sidelight::promql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  promql::CheckExpression(text);
  (void)promql::ParseSelector(text);
  std::string_view rest;
  if (promql::ParseMetric(text, &rest)) {
    promql::Require(text.ends_with(rest), "a rest that is not the rest", text);
  }
  if (const auto millis = promql::ParseDuration(text)) {
    const std::string written = promql::FormatDuration(*millis);
    const auto again = promql::ParseDuration(written);
    promql::Require(again && *again == *millis, "a duration that changes when written", text);
  }
  return 0;
}
