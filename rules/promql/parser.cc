#include "rules/promql/parser.h"

#include "rules/promql/grammar.h"
#include "rules/promql/printer.h"
#include "rules/promql/type_check.h"

namespace sidelight::promql {
namespace {

// Checks what each entry point has to before it reads a byte.
Status CheckLength(std::string_view text, const ParserOptions& options) {
  if (text.size() <= options.max_length) return {};
  return tl::unexpected<Error>(
      ParseError(text, {}, "the expression is longer than " + std::to_string(options.max_length) + " bytes",
                 ErrorCode::kLimit));
}

tl::unexpected<Error> ErrorOf(Grammar& grammar) {
  return tl::unexpected<Error>(std::move(grammar.error()));
}

}  // namespace

Result<ExprPtr> Parse(std::string_view text, const ParserOptions& options) {
  if (Status status = CheckLength(text, options); !status) {
    return tl::unexpected<Error>(std::move(status.error()));
  }
  Grammar grammar(text, options);
  ExprPtr expr = grammar.WholeExpression();
  if (expr == nullptr) return ErrorOf(grammar);
  if (Status status = CheckTypes(*expr, text); !status) {
    return tl::unexpected<Error>(std::move(status.error()));
  }
  MarkStepInvariant(*expr);
  return expr;
}

Result<std::vector<Matcher>> ParseSelector(std::string_view text) {
  const ParserOptions options;
  if (Status status = CheckLength(text, options); !status) {
    return tl::unexpected<Error>(std::move(status.error()));
  }
  Grammar grammar(text, options);
  std::unique_ptr<VectorSelector> selector = grammar.WholeSelector();
  if (selector == nullptr) return ErrorOf(grammar);
  if (Status status = CheckTypes(*selector, text); !status) {
    return tl::unexpected<Error>(std::move(status.error()));
  }
  return std::move(selector->matchers);
}

Result<Labels> ParseMetric(std::string_view text, std::string_view* rest) {
  const ParserOptions options;
  // What follows the labels is not ours, so it may be of any length.
  Grammar grammar(text, options);
  size_t end = 0;
  std::optional<Labels> labels = grammar.Metric(&end);
  if (!labels) return ErrorOf(grammar);
  const std::string_view left = text.substr(end);
  if (rest != nullptr) {
    *rest = left;
  } else if (const size_t more = left.find_first_not_of(" \t\n\r"); more != std::string_view::npos) {
    const auto start = static_cast<uint32_t>(end + more);
    return tl::unexpected<Error>(
        ParseError(text, {start, static_cast<uint32_t>(text.size())},
                   "unexpected text behind the labels: " + Quote(left.substr(more, 20))));
  }
  return std::move(*labels);
}

}  // namespace sidelight::promql
