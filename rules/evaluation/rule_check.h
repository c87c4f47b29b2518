// Rule check: what is right in rule files and yet probably not meant. Nothing is evaluated.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "rules/evaluation/rule_file.h"

namespace sidelight::rules {

// The series that rules can ask for, but for those that the rules write themselves.
struct MetricCatalogue {
  struct Metric {
    std::string name;                 // of series: a histogram is four of them (x, x_bucket, x_sum, x_count)
    std::vector<std::string> labels;  // that a series of it may have, without job and instance
  };
  std::vector<Metric> metrics;  // of a name that comes again the labels join
  // There are no others. Else nothing is said about a metric that is not among them.
  bool complete = false;
};

struct RuleCheckOptions {
  Duration retention{};                        // of the storage; 0: nothing is said about it
  const MetricCatalogue* catalogue = nullptr;  // null: nothing is said about metrics and labels
};

// Of the rules of `files`; they may use what the rules of `all` record. Each is one line,
// "file:line: name of the rule: ...", in the order of the rules:
//   - a rule with the name and the labels of another one of its file
//   - an expression that looks back further than the retention, or gives what no rule can take
//   - a metric that nothing gives; a label, of a matcher, a grouping or a template, that nothing sets
std::vector<std::string> CheckRules(std::span<const RuleFile> files, std::span<const RuleFile> all,
                                    const RuleCheckOptions& options);

}  // namespace sidelight::rules
