// KnownSeries: which labels the result of an expression can have, as far as a catalogue and the rules say.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "rules/evaluation/rule_check.h"
#include "rules/promql/ast.h"

namespace sidelight::rules {

using LabelNames = std::set<std::string, std::less<>>;

class KnownSeries {
 public:
  KnownSeries(const MetricCatalogue& catalogue, std::span<const RuleFile> files);

  // Whether there may be series of that name.
  bool MayExist(std::string_view metric) const;
  // The known metric that was probably meant; "" when none is near.
  std::string_view Nearest(std::string_view metric) const;

  // Every label that a series of that metric, or of that expression's result, may have; nothing when that is
  // not known.
  std::optional<LabelNames> LabelsOf(std::string_view metric) const;
  std::optional<LabelNames> LabelsOf(const promql::Expr& expr) const;
  // Every label that one of several may have.
  std::optional<LabelNames> UnionOf(std::span<const promql::Expr* const> parts) const;

 private:
  std::optional<LabelNames> LabelsOfCall(const promql::Call& call) const;
  std::optional<LabelNames> LabelsOfBinary(const promql::Binary& binary) const;
  std::optional<LabelNames> LabelsOfAggregate(const promql::Aggregate& aggregate) const;

  std::map<std::string, LabelNames, std::less<>> metrics_;
  std::set<std::string, std::less<>> recorded_;  // by rules, with labels that are not known
  bool complete_;
};

// The metric that a selector names; "" when a matcher leaves it open.
std::string_view MetricOf(const promql::VectorSelector& selector);

}  // namespace sidelight::rules
