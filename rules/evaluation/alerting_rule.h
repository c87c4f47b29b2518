// AlertingRule: a query whose every element is an alert, with the timers and the memory that make it one.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ .
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rules/evaluation/alert_template.h"
#include "rules/evaluation/rule.h"

namespace sidelight::rules {

// For so long after it was resolved an alert is told again and again as resolved.
inline constexpr Duration kResolvedRetention = std::chrono::minutes(15);

class AlertingRule final : public Rule {
 public:
  AlertingRule(RuleDefinition definition, std::string key, const Evaluation& evaluation);

  void Inherit(Rule& old) override;
  std::vector<Labels> Restore(const Alert& alert) override;

 protected:
  // Also moves the alerts on, saves what has changed of them and tells those that are to be told. Errors
  // besides the query's: two elements that come to the same labels; more than the group's limit, which ends
  // all alerts of the rule.
  Result<std::vector<promql::Sample>> Compute(const Turn& turn) override;
  void Describe(RuleStatus* status) const override;

 private:
  struct Template {
    std::string name;
    AlertTemplate text;
    std::string logged = {};  // the error that was logged last
  };
  using Alerts = std::map<Labels, Alert>;

  // The alerts that the result says there are, without a past.
  Result<Alerts> Found(const promql::Vector& vector, const Turn& turn);
  std::string Expand(Template& text, const TemplateData& data);
  void Settle(Alert* alert, bool found, bool held, const Turn& turn) const;
  bool Over(const Alert& alert, UnixMillis time) const;
  std::vector<promql::Sample> Series(const Turn& turn) const;
  void SaveAndTell(const Turn& turn);
  void Save();
  Notification Told(const Alert& alert, const Turn& turn) const;

  std::vector<Template> labels_;
  std::vector<Template> annotations_;
  Alerts alerts_;  // by labels; written by the evaluating thread, under mutex()
  // As the store has them; what differs from it is saved, and tried again while that fails.
  Alerts saved_;
  bool save_failing_ = false;
};

}  // namespace sidelight::rules
