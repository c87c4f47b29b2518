// AlertTemplate: the text of an alert's label or annotation, as Go's text/template with Prometheus' variables
// ($labels, $value, $externalLabels, $externalURL) and functions (humanize, query, reReplaceAll ...).
//
// Parsed once, then expanded for each alert at each evaluation; immutable and thread-safe.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/ .
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"
#include "rules/promql/value.h"

namespace sidelight::rules {

// What a template sees.
struct TemplateData {
  Labels labels;  // of the element, __name__ included; not those that the rule adds
  double value = 0;
  FloatHistogramPtr histogram;  // the value when it is one
  Labels external_labels;
  std::string external_url;  // "http://host:9464/prefix"
  UnixMillis time = 0;       // of the evaluation
  // PromQL at that time, for `query`.
  std::function<Result<promql::Vector>(std::string_view query)> query;
};

class AlertTemplate {
 public:
  // An empty text, which expands to itself.
  AlertTemplate();
  // kInvalidArgument, in Go's words ("template: __alert_Name:1: undefined variable \"$label\""), for what
  // does not parse or cannot be right whatever the data. `name` is the rule's.
  static Result<AlertTemplate> Parse(std::string_view name, std::string_view text);

  // kInvalidArgument for what fails with this data, kLimit for too many steps or too much output.
  Result<std::string> Expand(const TemplateData& data) const;
  const std::string& text() const { return text_; }

 private:
  struct Parsed;
  std::string text_;
  std::shared_ptr<const Parsed> parsed_;  // null: nothing in the text is to be expanded
};

}  // namespace sidelight::rules
