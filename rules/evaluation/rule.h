// Rule: what recording rules and alert rules have in common. A group evaluates its rules one after the other.
//
// Evaluate(), Inherit() and Restore() belong to the thread that evaluates; status() may be called from any.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "rules/evaluation/alert.h"
#include "rules/evaluation/evaluation.h"
#include "rules/evaluation/history.h"
#include "rules/evaluation/rule_file.h"
#include "rules/evaluation/status.h"
#include "rules/promql/value.h"

namespace sidelight::rules {

// When and under which terms of its group a rule is evaluated.
struct Turn {
  UnixMillis time = 0;    // of the evaluation
  UnixMillis offset = 0;  // the group's query_offset: the query, and what is written, is of so long before
  int64_t interval = 0;   // of the group
  uint64_t limit = 0;

  UnixMillis query_time() const { return time - offset; }
};

class Rule {
 public:
  // `key` tells it from all other rules, and is the same after a restart.
  Rule(RuleDefinition definition, std::string key, const Evaluation& evaluation);
  virtual ~Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  const std::string& key() const { return key_; }
  const RuleDefinition& definition() const { return definition_; }

  // The samples to be written, at turn.query_time(). An error is kept for status(), and leaves everything
  // else as it was.
  Result<std::vector<promql::Sample>> Evaluate(const Turn& turn);
  RuleStatus status() const;

  // Takes over what a rule of the same key knows.
  virtual void Inherit(Rule& old);
  // Takes back an alert that was stored. Gives the series that it had.
  virtual std::vector<Labels> Restore(const Alert& alert);

 protected:
  virtual Result<std::vector<promql::Sample>> Compute(const Turn& turn) = 0;
  // Under mutex().
  virtual void Describe(RuleStatus* status) const = 0;
  std::mutex& mutex() const { return mutex_; }
  const Evaluation& evaluation() const { return evaluation_; }
  const Reach& reach() const { return reach_; }
  // Whether the past does not reach back as far as the expression looks.
  bool Held(const Turn& turn) const;

 private:
  const RuleDefinition definition_;
  const std::string key_;
  const Evaluation& evaluation_;
  const Reach reach_;
  mutable std::mutex mutex_;
  RuleHealth health_ = RuleHealth::kUnknown;
  std::string last_error_;
  std::optional<UnixMillis> last_evaluation_;
  Duration evaluation_time_{};
  bool held_ = false;
};

std::unique_ptr<Rule> MakeRule(RuleDefinition definition, std::string key, const Evaluation& evaluation);

}  // namespace sidelight::rules
