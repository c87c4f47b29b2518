#include "rules/evaluation/rule_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/yaml/source.h"
#include "core/yaml/spelling.h"
#include "rules/evaluation/known_series.h"
#include "rules/promql/printer.h"

namespace sidelight::rules {
namespace {

using promql::Expr;
using yaml::Quoted;

// Searching for a near name takes its time, which a file of nothing but unknown names must not cost.
constexpr int kMostSearches = 200;

// The ranges and offsets in each other, in milliseconds: how far back an expression says that it looks.
int64_t RangeOf(const Expr& expr) {
  if (const auto* selector = promql::TryAs<promql::VectorSelector>(expr)) return selector->offset.millis;
  if (const auto* matrix = promql::TryAs<promql::MatrixSelector>(expr)) {
    return matrix->range.millis + matrix->selector->offset.millis;
  }
  if (const auto* subquery = promql::TryAs<promql::Subquery>(expr)) {
    return subquery->range.millis + subquery->offset.millis + RangeOf(*subquery->expr);
  }
  int64_t longest = 0;
  for (const Expr* const child : promql::Children(expr)) longest = std::max(longest, RangeOf(*child));
  return longest;
}

class Checker {
 public:
  Checker(std::span<const RuleFile> files, const RuleCheckOptions& options) : options_(options) {
    if (options.catalogue != nullptr) known_.emplace(*options.catalogue, files);
  }

  void CheckFile(const RuleFile& file) {
    std::map<std::pair<std::string_view, Labels>, int> lines;
    for (const GroupDefinition& group : file.groups) {
      for (const RuleDefinition& rule : group.rules) {
        place_ = fmt::format("{}:{}: {}", file.path, rule.line, rule.name);
        first_of_rule_ = warnings_.size();
        const auto [first, added] =
            lines.emplace(std::pair(std::string_view(rule.name), rule.labels), rule.line);
        if (!added) {
          Warn(
              fmt::format("a rule of this name, with the same labels, is already in line {}", first->second));
        }
        CheckResult(*rule.expr);
        CheckReach(*rule.expr);
        if (known_) CheckPart(*rule.expr);
        if (known_ && rule.kind == RuleDefinition::Kind::kAlerting) CheckTemplates(rule);
      }
    }
  }

  std::vector<std::string> Take() { return std::move(warnings_); }

 private:
  // Once for each rule.
  void Warn(const std::string& message) {
    std::string line = fmt::format("{}: {}", place_, message);
    const auto begin = warnings_.begin() + static_cast<std::ptrdiff_t>(first_of_rule_);
    if (std::find(begin, warnings_.end(), line) == warnings_.end()) warnings_.push_back(std::move(line));
  }

  void CheckResult(const Expr& expr) {
    if (expr.type == promql::ValueType::kVector || expr.type == promql::ValueType::kScalar) return;
    Warn(fmt::format("its expression gives a {}, which no rule can take: every evaluation will fail",
                     promql::ValueTypeName(expr.type)));
  }

  void CheckReach(const Expr& expr) {
    if (options_.retention <= Duration::zero()) return;
    // Ranges in each other come to more than a Duration holds.
    const int64_t back = RangeOf(expr);
    const auto kept = std::chrono::duration_cast<std::chrono::milliseconds>(options_.retention).count();
    if (back <= kept) return;
    Warn(fmt::format("its expression looks {} back, and the storage keeps {} (storage.retention)",
                     promql::FormatDuration(back), promql::FormatDuration(kept)));
  }

  void CheckPart(const Expr& expr) {
    if (const auto* selector = promql::TryAs<promql::VectorSelector>(expr)) {
      CheckSelector(*selector);
    } else if (const auto* matrix = promql::TryAs<promql::MatrixSelector>(expr)) {
      CheckSelector(*matrix->selector);
    } else {
      if (const auto* aggregate = promql::TryAs<promql::Aggregate>(expr)) CheckGrouping(*aggregate);
      if (const auto* binary = promql::TryAs<promql::Binary>(expr)) CheckMatching(*binary);
      for (const Expr* const child : promql::Children(expr)) CheckPart(*child);
    }
  }

  void CheckSelector(const promql::VectorSelector& selector) {
    const std::string_view metric = MetricOf(selector);
    if (metric.empty()) return;
    if (!known_->MayExist(metric)) {
      const std::string_view nearest = NearestTo(metric);
      Warn(fmt::format("nothing gives the metric {}{}", Quoted(metric),
                       nearest.empty() ? "" : fmt::format("; did you mean {}?", Quoted(nearest))));
      return;
    }
    const std::optional<LabelNames> labels = known_->LabelsOf(metric);
    if (!labels) return;
    for (const Matcher& matcher : selector.matchers) {
      // What an absent label satisfies may be written so on purpose.
      if (matcher.name() == "__name__" || matcher.Matches("")) continue;
      CheckLabel(matcher.name(), *labels, fmt::format("the metric {} has no", Quoted(metric)));
    }
  }

  void CheckGrouping(const promql::Aggregate& aggregate) {
    if (aggregate.without) return;
    const std::optional<LabelNames> labels = known_->LabelsOf(*aggregate.expr);
    if (!labels) return;
    for (const std::string& label : aggregate.grouping) {
      CheckLabel(label, *labels,
                 fmt::format("what \"{} by\" takes together has no", promql::AggregateOpName(aggregate.op)));
    }
  }

  void CheckMatching(const promql::Binary& binary) {
    if (!binary.matching) return;
    const std::optional<LabelNames> labels =
        known_->UnionOf(promql::Children(static_cast<const Expr&>(binary)));
    if (!labels) return;
    const std::string what = fmt::format("neither side of \"{}\" has a", promql::BinaryOpName(binary.op));
    if (binary.matching->on) {
      for (const std::string& label : binary.matching->labels) CheckLabel(label, *labels, what);
    }
    for (const std::string& label : binary.matching->include) CheckLabel(label, *labels, what);
  }

  void CheckTemplates(const RuleDefinition& rule) {
    const std::optional<LabelNames> labels = known_->LabelsOf(*rule.expr);
    if (!labels) return;
    static const RE2 kReference(R"((?:\$l|\.L)abels\.([a-zA-Z_][a-zA-Z0-9_]*))");
    for (const Labels& texts : {rule.labels, rule.annotations}) {
      for (const Label text : texts) {
        re2::StringPiece rest(text.value.data(), text.value.size());
        std::string label;
        while (RE2::FindAndConsume(&rest, kReference, &label)) {
          CheckLabel(label, *labels,
                     fmt::format("{}: the result of the expression has no", Quoted(text.name)));
        }
      }
    }
  }

  void CheckLabel(std::string_view label, const LabelNames& labels, std::string_view what) {
    if (labels.contains(label)) return;
    const std::vector<std::string_view> names(labels.begin(), labels.end());
    const std::string_view nearest = searches_++ < kMostSearches ? yaml::Nearest(label, names) : "";
    std::string hint;
    if (!nearest.empty()) {
      hint = fmt::format("; did you mean {}?", Quoted(nearest));
    } else if (!names.empty()) {
      hint = fmt::format("; there are {}", fmt::join(names, ", "));
    }
    Warn(fmt::format("{} label {}{}", what, Quoted(label), hint));
  }

  std::string_view NearestTo(std::string_view metric) {
    const auto found = nearest_.find(metric);
    if (found != nearest_.end()) return found->second;
    const std::string_view nearest = searches_++ < kMostSearches ? known_->Nearest(metric) : "";
    nearest_.emplace(metric, nearest);
    return nearest;
  }

  const RuleCheckOptions& options_;
  std::optional<KnownSeries> known_;
  std::string place_;  // and name of the rule that is looked at
  size_t first_of_rule_ = 0;
  int searches_ = 0;
  std::map<std::string, std::string_view, std::less<>> nearest_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<std::string> CheckRules(std::span<const RuleFile> files, std::span<const RuleFile> all,
                                    const RuleCheckOptions& options) {
  Checker checker(all, options);
  for (const RuleFile& file : files) checker.CheckFile(file);
  return checker.Take();
}

}  // namespace sidelight::rules
