#include "rules/evaluation/rule.h"

#include <algorithm>
#include <utility>

#include "rules/evaluation/alerting_rule.h"
#include "rules/evaluation/recording_rule.h"

namespace sidelight::rules {

Rule::Rule(RuleDefinition definition, std::string key, const Evaluation& evaluation)
    : definition_(std::move(definition)),
      key_(std::move(key)),
      evaluation_(evaluation),
      reach_(ReachOf(*definition_.expr, evaluation.lookback, evaluation.default_subquery_step)) {}

bool Rule::Held(const Turn& turn) const {
  if (evaluation_.history_since == INT64_MIN) return false;
  Duration back = reach_.back;
  if (evaluation_.retention > Duration::zero()) back = std::min(back, evaluation_.retention);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(back).count();
  return turn.query_time() - millis < evaluation_.history_since;
}

Result<std::vector<promql::Sample>> Rule::Evaluate(const Turn& turn) {
  const TimePoint begun = evaluation_.clock->Now();
  Result<std::vector<promql::Sample>> samples = Compute(turn);
  const bool held = Held(turn);
  const std::lock_guard<std::mutex> lock(mutex_);
  health_ = samples ? RuleHealth::kOk : RuleHealth::kError;
  last_error_ = samples ? "" : samples.error().message;
  last_evaluation_ = turn.time;
  evaluation_time_ = evaluation_.clock->Now() - begun;
  held_ = held;
  return samples;
}

RuleStatus Rule::status() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  RuleStatus status{.definition = definition_,
                    .health = health_,
                    .last_error = last_error_,
                    .last_evaluation = last_evaluation_,
                    .evaluation_time = evaluation_time_,
                    .held = held_};
  Describe(&status);
  return status;
}

void Rule::Inherit(Rule& old) {
  const std::scoped_lock lock(mutex_, old.mutex_);
  health_ = old.health_;
  last_error_ = old.last_error_;
  last_evaluation_ = old.last_evaluation_;
  evaluation_time_ = old.evaluation_time_;
  held_ = old.held_;
}

std::vector<Labels> Rule::Restore(const Alert&) {
  return {};
}

std::unique_ptr<Rule> MakeRule(RuleDefinition definition, std::string key, const Evaluation& evaluation) {
  if (definition.kind == RuleDefinition::Kind::kAlerting) {
    return std::make_unique<AlertingRule>(std::move(definition), std::move(key), evaluation);
  }
  return std::make_unique<RecordingRule>(std::move(definition), std::move(key), evaluation);
}

}  // namespace sidelight::rules
