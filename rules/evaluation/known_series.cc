#include "rules/evaluation/known_series.h"

#include <array>
#include <utility>
#include <vector>

#include "core/yaml/spelling.h"
#include "rules/evaluation/result_labels.h"
#include "rules/promql/signature.h"

namespace sidelight::rules {
namespace {

using promql::Expr;

// On every series of the storage.
constexpr std::array<std::string_view, 2> kAlways = {"job", "instance"};
constexpr std::array<std::string_view, 2> kWrittenForAlerts = {"ALERTS", "ALERTS_FOR_STATE"};

// "" when it is none that is written out.
std::string TextOf(const Expr& expr) {
  const auto* text = promql::TryAs<promql::StringLiteral>(promql::Unwrap(expr));
  return text == nullptr ? "" : text->value;
}

bool KeepsElements(promql::AggregateOp op) {
  switch (op) {
    case promql::AggregateOp::kTopk:
    case promql::AggregateOp::kBottomk:
    case promql::AggregateOp::kLimitk:
    case promql::AggregateOp::kLimitRatio:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view MetricOf(const promql::VectorSelector& selector) {
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.name() == kMetricName && matcher.type() == Matcher::Type::kEqual) return matcher.value();
  }
  return "";
}

KnownSeries::KnownSeries(const MetricCatalogue& catalogue, std::span<const RuleFile> files)
    : recorded_(kWrittenForAlerts.begin(), kWrittenForAlerts.end()), complete_(catalogue.complete) {
  for (const MetricCatalogue::Metric& metric : catalogue.metrics) {
    LabelNames& labels = metrics_[metric.name];
    labels.insert(kAlways.begin(), kAlways.end());
    labels.insert(metric.labels.begin(), metric.labels.end());
  }
  for (const RuleFile& file : files) {
    for (const GroupDefinition& group : file.groups) {
      for (const RuleDefinition& rule : group.rules) {
        if (rule.kind == RuleDefinition::Kind::kRecording) recorded_.insert(rule.name);
      }
    }
  }
}

bool KnownSeries::MayExist(std::string_view metric) const {
  return !complete_ || metrics_.contains(metric) || recorded_.contains(metric);
}

std::string_view KnownSeries::Nearest(std::string_view metric) const {
  std::vector<std::string_view> names(recorded_.begin(), recorded_.end());
  for (const auto& [name, labels] : metrics_) names.push_back(name);
  return yaml::Nearest(metric, names);
}

std::optional<LabelNames> KnownSeries::LabelsOf(std::string_view metric) const {
  const auto found = metrics_.find(metric);
  if (found == metrics_.end() || recorded_.contains(metric)) return std::nullopt;
  return found->second;
}

std::optional<LabelNames> KnownSeries::UnionOf(std::span<const Expr* const> parts) const {
  LabelNames all;
  for (const Expr* const part : parts) {
    std::optional<LabelNames> labels = LabelsOf(*part);
    if (!labels) return std::nullopt;
    all.merge(*labels);
  }
  return all;
}

std::optional<LabelNames> KnownSeries::LabelsOfCall(const promql::Call& call) const {
  const std::string_view name = call.function->name;
  if (name == "info" || name.starts_with("absent")) return std::nullopt;  // from labels of other series
  const std::vector<const Expr*> parts = promql::Children(static_cast<const Expr&>(call));
  std::optional<LabelNames> labels = UnionOf(parts);
  constexpr size_t kTarget = 1;
  if (labels && (name == "label_replace" || name == "label_join") && call.args.size() > kTarget) {
    labels->insert(TextOf(*call.args[kTarget]));
  }
  return labels;
}

// https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching
std::optional<LabelNames> KnownSeries::LabelsOfBinary(const promql::Binary& binary) const {
  const std::vector<const Expr*> sides = promql::Children(static_cast<const Expr&>(binary));
  if (!binary.matching || binary.op == promql::BinaryOp::kOr) return UnionOf(sides);
  if (promql::IsSetOperator(binary.op)) return LabelsOf(*binary.left);
  const promql::VectorMatching& matching = *binary.matching;
  const bool filled = matching.fill_left || matching.fill_right;
  std::optional<LabelNames> labels;
  switch (matching.cardinality) {
    case promql::VectorMatching::Cardinality::kManyToMany:
      return UnionOf(sides);
    case promql::VectorMatching::Cardinality::kOneToOne:
      if (matching.on) return LabelNames(matching.labels.begin(), matching.labels.end());
      labels = filled ? UnionOf(sides) : LabelsOf(*binary.left);
      if (labels) {
        for (const std::string& label : matching.labels) labels->erase(label);
      }
      return labels;
    case promql::VectorMatching::Cardinality::kManyToOne:
      labels = filled ? UnionOf(sides) : LabelsOf(*binary.left);
      break;
    case promql::VectorMatching::Cardinality::kOneToMany:
      labels = filled ? UnionOf(sides) : LabelsOf(*binary.right);
      break;
  }
  if (labels) labels->insert(matching.include.begin(), matching.include.end());
  return labels;
}

std::optional<LabelNames> KnownSeries::LabelsOfAggregate(const promql::Aggregate& aggregate) const {
  std::optional<LabelNames> labels = LabelsOf(*aggregate.expr);
  if (KeepsElements(aggregate.op)) return labels;
  if (!aggregate.without) labels = LabelNames(aggregate.grouping.begin(), aggregate.grouping.end());
  if (labels && aggregate.op == promql::AggregateOp::kCountValues && aggregate.param != nullptr) {
    labels->insert(TextOf(*aggregate.param));
  }
  return labels;
}

std::optional<LabelNames> KnownSeries::LabelsOf(const Expr& expr) const {
  if (expr.type == promql::ValueType::kScalar) return LabelNames();
  if (const auto* selector = promql::TryAs<promql::VectorSelector>(expr)) {
    return LabelsOf(MetricOf(*selector));
  }
  if (const auto* matrix = promql::TryAs<promql::MatrixSelector>(expr)) return LabelsOf(*matrix->selector);
  if (const auto* call = promql::TryAs<promql::Call>(expr)) return LabelsOfCall(*call);
  if (const auto* aggregate = promql::TryAs<promql::Aggregate>(expr)) return LabelsOfAggregate(*aggregate);
  if (const auto* binary = promql::TryAs<promql::Binary>(expr)) return LabelsOfBinary(*binary);
  return UnionOf(promql::Children(expr));
}

}  // namespace sidelight::rules
