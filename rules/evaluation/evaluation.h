// Evaluation: what rules are evaluated with. Queries, the store, the way out and the state come in from
// above, so that a test (or a unit test of a user's) brings its own.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/labels.h"
#include "core/storage/appender.h"
#include "rules/evaluation/alert.h"
#include "rules/evaluation/alert_store.h"
#include "rules/promql/parser.h"
#include "rules/promql/value.h"

namespace sidelight::rules {

// An instant query; a scalar gives a vector of one element without labels. Errors are the engine's.
using QueryFn = std::function<Result<promql::Vector>(const promql::Expr& expr, UnixMillis time)>;
// Takes alerts to be told; never waits.
using NotifyFn = std::function<void(std::vector<Notification>)>;

inline constexpr Duration kOutageTolerance = std::chrono::hours(1);  // as Prometheus has it

struct Evaluation {
  QueryFn query;
  std::function<std::unique_ptr<storage::Appender>()> appender;
  NotifyFn notify;
  AlertStore* store = nullptr;  // null: state does not survive. Outlives the evaluation
  // For how long evaluations took. Outlives the evaluation.
  const Clock* clock = &SystemClock();

  promql::ParserOptions parser;  // of the queries in templates
  Labels external_labels;
  std::string external_url;  // "http://host:9464", without a '/' at its end
  Duration resend_delay = std::chrono::minutes(1);
  Duration lookback = std::chrono::minutes(5);
  Duration default_subquery_step = std::chrono::minutes(1);

  // Since when the past is whole, without a gap: rules that look further back are held. INT64_MIN: always.
  UnixMillis history_since = INT64_MIN;
  Duration retention{};  // nobody can look back further than that; 0: unlimited
  // For how long nobody evaluated before this process did: an alert that was pending has not waited
  // meanwhile, and after more than kOutageTolerance it begins anew.
  Duration outage{};
};

}  // namespace sidelight::rules
