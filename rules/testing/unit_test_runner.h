// Unit test runner: promtool's `test rules` over the engine and the rule groups that Sidelight itself runs.
//
// Of each test: a store of its own; from the start on, at every step of the evaluation_interval up to the
// latest eval_time, the samples up to that time are appended and every group is evaluated, whatever interval
// the group names. Alerts are compared as of the last evaluation up to their eval_time, expressions after all
// evaluations. Where promtool lets NaN differ from NaN, here they are the same.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ .
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "rules/promql/parser.h"

namespace sidelight::ruletest {

// Which tests of a file are run, by their names.
class NameFilter {
 public:
  // All of them.
  NameFilter();
  // Those in whose names one of the patterns (RE2's syntax) is found; with no pattern all.
  static Result<NameFilter> Make(const std::vector<std::string>& patterns);
  bool Matches(const std::string& name) const;

 private:
  struct Patterns;
  std::shared_ptr<const Patterns> patterns_;
};

struct UnitTestOptions {
  promql::ParserOptions parser;
  bool ignore_unknown_fields = false;  // of rule files
  NameFilter filter;
};

struct UnitTestReport {
  std::vector<std::string> warnings;
  // One for each thing that is not as expected, in promtool's words; a file that cannot be read is one.
  std::vector<std::string> failures;
  size_t tests = 0;  // that were run
};

// Rule files are looked for beside the test file, unless their patterns begin with '/'.
UnitTestReport RunUnitTestFile(const std::string& path, const UnitTestOptions& options);

}  // namespace sidelight::ruletest
