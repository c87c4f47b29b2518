// Rule file: the YAML of Prometheus' recording and alerting rules, decoded and checked.
//
// Everything that is wrong in a file is said at once, each with "file:line:column: message", the line and a
// caret; a wrong key comes with the nearest valid one. PromQL and templates are parsed here, so that a file
// that loads can be evaluated.
//
// In its place stands a file with PrometheusRules, the objects of which the Prometheus Operator makes rule
// files.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ as of 3.14.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/labels.h"
#include "rules/evaluation/manifest_stream.h"
#include "rules/promql/ast.h"
#include "rules/promql/parser.h"

namespace sidelight::rules {

struct RuleDefinition {
  enum class Kind : uint8_t { kRecording, kAlerting };

  Kind kind = Kind::kRecording;
  std::string name;                          // `record` or `alert`
  std::string query;                         // `expr`, as Prometheus prints it
  std::shared_ptr<const promql::Expr> expr;  // of the text that `query` is printed from
  std::string text;                          // `expr` as written
  Duration hold{};                           // `for`
  Duration keep_firing_for{};
  Labels labels;  // the group's, overridden by the rule's own; an alert's values are templates
  // Labels that are given as "": the result's own of that name are taken away.
  std::vector<std::string> removed_labels;
  Labels annotations;  // templates
  int line = 0;        // of the file, from 1, where the rule begins
};

struct GroupDefinition {
  std::string file;  // as it was named
  std::string name;
  std::optional<Duration> interval;      // none: the evaluation_interval
  std::optional<Duration> query_offset;  // none: 0
  uint64_t limit = 0;                    // of alerts, or series, that one rule may give; 0: none
  std::vector<RuleDefinition> rules;
};

struct RuleFile {
  std::string path;
  std::vector<GroupDefinition> groups;
  std::vector<std::string>
      warnings;  // each "file:line:column: ..."; the file means what it says all the same
};

struct RuleFileOptions {
  promql::ParserOptions parser;
  // Label and annotation names are [a-zA-Z_][a-zA-Z0-9_]*, as before Prometheus 3; else any UTF-8.
  bool legacy_names = false;
  bool ignore_unknown_fields = false;
};

// All errors of the file in one text, or what it says. Of a file with objects of Kubernetes that is the
// groups of all its PrometheusRules, of which there must be one.
Result<RuleFile> LoadRuleFile(const std::string& path, const RuleFileOptions& options);
// The same for a text that stands in a file of that name.
Result<RuleFile> ParseRuleFile(std::string text, const std::string& name, const RuleFileOptions& options);
// The same for one PrometheusRule, which has the rule file at `spec`.
Result<RuleFile> ParsePrometheusRule(const ManifestObject& object, const std::string& name,
                                     const RuleFileOptions& options);

}  // namespace sidelight::rules
