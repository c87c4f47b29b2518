// Sandbox: a store in memory, the engine over it, and what rules are evaluated with in there: nothing leaves
// it, and nothing stays.
//
//   auto sandbox = Sandbox::Open({});
//   (*sandbox)->store().MakeAppender() ...
//   const rules::Evaluation evaluation = (*sandbox)->MakeEvaluation();   // then set .notify,
//   .external_labels
//
// The evaluation must not outlive it. Not thread-safe.
#pragma once

#include <memory>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/storage/store.h"
#include "rules/evaluation/evaluation.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"

namespace sidelight::ruletest {

class Sandbox {
 public:
  struct Options {
    Duration default_subquery_step = std::chrono::minutes(1);
    promql::ParserOptions parser;
    const Clock* clock = &SystemClock();  // outlives it
  };
  static Result<std::unique_ptr<Sandbox>> Open(const Options& options);

  storage::Store& store() { return *store_; }
  // An instant query; a scalar gives one element without labels. kInvalidArgument for anything but a vector.
  Result<promql::Vector> Query(const promql::Expr& expr, UnixMillis time) const;
  Result<promql::Vector> Query(std::string_view text, UnixMillis time) const;
  rules::Evaluation MakeEvaluation();

 private:
  Sandbox(const Options& options, std::unique_ptr<storage::Store> store);

  const Options options_;
  const std::unique_ptr<storage::Store> store_;
  const promql::Engine engine_;
};

}  // namespace sidelight::ruletest
