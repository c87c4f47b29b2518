#include "rules/testing/sandbox.h"

#include <utility>
#include <variant>

namespace sidelight::ruletest {

Result<std::unique_ptr<Sandbox>> Sandbox::Open(const Options& options) {
  Result<std::unique_ptr<storage::Store>> store =
      storage::Store::Open({.first_zero = false, .clock = options.clock});
  if (!store) return tl::unexpected(std::move(store.error()));
  return std::unique_ptr<Sandbox>(new Sandbox(options, *std::move(store)));
}

Sandbox::Sandbox(const Options& options, std::unique_ptr<storage::Store> store)
    : options_(options),
      store_(std::move(store)),
      engine_({.default_subquery_step = options.default_subquery_step, .timeout = std::chrono::minutes(2)},
              *options.clock) {}

Result<promql::Vector> Sandbox::Query(const promql::Expr& expr, UnixMillis time) const {
  Result<promql::QueryResult> result = engine_.Instant(*store_, expr, time, {});
  if (!result) return tl::unexpected(std::move(result.error()));
  if (auto* const vector = std::get_if<promql::Vector>(&result->value)) return std::move(*vector);
  if (const auto* const scalar = std::get_if<promql::Scalar>(&result->value)) {
    return promql::Vector{{.time = scalar->time, .value = scalar->value}};
  }
  return Fail(ErrorCode::kInvalidArgument, "rule result is not a vector or scalar");
}

Result<promql::Vector> Sandbox::Query(std::string_view text, UnixMillis time) const {
  const Result<promql::ExprPtr> expr = promql::Parse(text, options_.parser);
  if (!expr) return tl::unexpected(expr.error());
  return Query(**expr, time);
}

rules::Evaluation Sandbox::MakeEvaluation() {
  return {.query = [this](const promql::Expr& expr, UnixMillis time) { return Query(expr, time); },
          .appender = [this] { return store_->MakeAppender(); },
          .clock = options_.clock,
          .parser = options_.parser,
          .default_subquery_step = options_.default_subquery_step};
}

}  // namespace sidelight::ruletest
