// RecordingRule: a query whose result is written as a series of its own.
#pragma once

#include "rules/evaluation/rule.h"

namespace sidelight::rules {

class RecordingRule final : public Rule {
 public:
  using Rule::Rule;

 protected:
  // Errors besides the query's: two elements that come to the same labels, and more than the group's limit.
  Result<std::vector<promql::Sample>> Compute(const Turn& turn) override;
  void Describe(RuleStatus*) const override {}
};

}  // namespace sidelight::rules
