// info: series with the labels of the info series beside them (target_info and the like) added.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#info .
#include <fmt/format.h>
#include <tsl/robin_map.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rules/promql/functions/function.h"
#include "rules/promql/grouping.h"
#include "rules/promql/selectors.h"

namespace sidelight::promql {
namespace {

constexpr std::string_view kName = "__name__";
// What an info series and the series that it describes have in common.
constexpr std::array<std::string_view, 2> kIdentifying = {"instance", "job"};

bool IsIdentifying(std::string_view name) {
  return std::find(kIdentifying.begin(), kIdentifying.end(), name) != kIdentifying.end();
}

bool IsPositive(const Matcher& matcher) {
  return matcher.type() == Matcher::Type::kEqual || matcher.type() == Matcher::Type::kRegex;
}

// When the samples of the first argument are from: info series are looked up at the same time.
struct Reference {
  AtModifier at;
  int64_t offset = 0;
};

// What a selector, or a subquery around it, does to the time. One that is pinned does not see what is around
// it.
Status Apply(const Evaluation& evaluation, const AtModifier& at, const DurationValue& offset,
             Reference* reference) {
  const Result<int64_t> millis = evaluation.Resolve(offset);
  if (!millis) return tl::unexpected(millis.error());
  if (at.kind != AtModifier::Kind::kNone) {
    reference->at = at;
    reference->offset = 0;
  }
  reference->offset += *millis;
  return {};
}

// Follows the first selector that it finds; the depth of a tree is bounded by the parser. True: it found one.
Result<bool> Refer(const Evaluation& evaluation, const Expr& expr, Reference* reference) {
  if (const auto* const selector = TryAs<VectorSelector>(expr)) {
    if (Status applied = Apply(evaluation, selector->at, selector->offset, reference); !applied) {
      return tl::unexpected(applied.error());
    }
    return true;
  }
  if (const auto* const matrix = TryAs<MatrixSelector>(expr)) {
    return Refer(evaluation, *matrix->selector, reference);
  }
  const Reference outside = *reference;
  if (const auto* const subquery = TryAs<Subquery>(expr)) {
    if (Status applied = Apply(evaluation, subquery->at, subquery->offset, reference); !applied) {
      return tl::unexpected(applied.error());
    }
  }
  for (const Expr* const child : Children(expr)) {
    Result<bool> found = Refer(evaluation, *child, reference);
    if (!found || *found) return found;
  }
  *reference = outside;
  return false;
}

// What the second argument asks for.
struct Wanted {
  std::vector<Matcher> names;
  std::vector<Matcher> data;
  bool takes_none = true;  // a series without an info series stays

  bool Includes(std::string_view label) const {
    return data.empty() || std::any_of(data.begin(), data.end(),
                                       [&](const Matcher& matcher) { return matcher.name() == label; });
  }
  // Info series are not described by info series.
  bool IsInfo(const Labels& labels) const {
    const std::string_view name = labels.Get(kName);
    return std::any_of(names.begin(), names.end(), IsPositive) &&
           std::all_of(names.begin(), names.end(),
                       [&](const Matcher& matcher) { return matcher.Matches(name); });
  }
};

Wanted Want(const Call& call) {
  Wanted wanted;
  if (call.args.size() > 1) {
    for (const Matcher& matcher : As<VectorSelector>(Unwrap(*call.args[1])).matchers) {
      (matcher.name() == kName ? wanted.names : wanted.data).push_back(matcher);
    }
  }
  if (wanted.names.empty()) {
    wanted.names.push_back(*Matcher::Make(Matcher::Type::kEqual, std::string(kName), "target_info"));
  }
  wanted.takes_none = std::all_of(wanted.data.begin(), wanted.data.end(),
                                  [](const Matcher& matcher) { return matcher.Matches(""); });
  return wanted;
}

// The info series at each step.
class InfoSeries {
 public:
  InfoSeries()
      : values_(0),
        times_(0),
        grouping_({kIdentifying.begin(), kIdentifying.end()}, true),
        index_(grouping_) {}

  Status Load(Evaluation& evaluation, const Wanted& wanted, const Reference& reference) {
    VectorSelector selector;
    selector.at = reference.at;
    selector.offset.millis = reference.offset;
    selector.matchers = wanted.names;
    // Names that are only ruled out would leave every series to look at.
    if (std::none_of(wanted.names.begin(), wanted.names.end(), IsPositive)) {
      selector.matchers.push_back(*Matcher::Make(Matcher::Type::kRegex, std::string(kName), ".+_info"));
    }
    selector.matchers.insert(selector.matchers.end(), wanted.data.begin(), wanted.data.end());
    Result<Grid> values = EvalSelector(evaluation, selector);
    if (!values) return tl::unexpected(values.error());
    Result<Grid> times = EvalSelector(evaluation, selector, Take::kTime);
    if (!times) return tl::unexpected(times.error());
    values_ = *std::move(values);
    times_ = *std::move(times);
    for (size_t row = 0; row < values_.size(); ++row) {
      const size_t group = index_.Add(values_.row(row).labels);
      if (group == rows_.size()) rows_.emplace_back();
      rows_[group].push_back(row);
      for (size_t i = 0; i < values_.steps(); ++i) {
        if (values_.histogram(row, i) == nullptr) continue;
        return Fail(ErrorCode::kInvalidArgument, "this should be an info metric, with float samples: " +
                                                     values_.row(row).labels.ToString());
      }
    }
    return {};
  }

  // The labels that the info series beside a series have for it at a step, into `labels`; false when there is
  // none. Of several series of one metric the one with the newest sample counts.
  Result<bool> LabelsFor(const Labels& series, size_t step, const Wanted& wanted,
                         std::map<std::string, std::string>* labels) const {
    labels->clear();
    const size_t group = index_.Find(series);
    if (group == GroupIndex::kNone) return false;
    std::map<std::string_view, size_t> newest;  // by the metric's name
    for (const size_t row : rows_[group]) {
      if (!values_.Has(row, step)) continue;
      const auto [other, added] = newest.try_emplace(values_.row(row).labels.Get(kName), row);
      if (added) continue;
      const double time = times_.floats(row)[step];
      const double other_time = times_.floats(other->second)[step];
      if (time == other_time) {
        return Fail(ErrorCode::kInvalidArgument,
                    fmt::format("found duplicate series for info metric: existing {} @ {}, new {} @ {}",
                                values_.row(other->second).labels.ToString(), other_time * 1000,
                                values_.row(row).labels.ToString(), time * 1000));
      }
      if (time > other_time) other->second = row;
    }
    if (newest.empty()) return false;
    for (const auto& [name, row] : newest) {
      for (const Label label : values_.row(row).labels) {
        if (label.name == kName || IsIdentifying(label.name) || !wanted.Includes(label.name)) continue;
        if (!series.Get(label.name).empty()) continue;
        const auto [other, added] = labels->try_emplace(std::string(label.name), label.value);
        if (!added && other->second != label.value) {
          return Fail(ErrorCode::kInvalidArgument, fmt::format("conflicting label: {}", label.name));
        }
      }
    }
    return true;
  }

 private:
  Grid values_;
  Grid times_;
  const Grouping grouping_;
  GroupIndex index_;
  std::vector<std::vector<size_t>> rows_;  // of each group
};

Labels Enriched(const Labels& labels, const std::map<std::string, std::string>& added) {
  std::vector<Label> all;
  for (const Label label : labels) all.push_back(label);
  for (const auto& [name, value] : added) all.push_back({name, value});
  return Labels(all);
}

Result<Grid> Info(Evaluation& evaluation, const Call& call) {
  const Result<Grid> base = evaluation.Eval(*call.args[0]);
  if (!base) return base;
  const Wanted wanted = Want(call);
  Reference reference;
  if (const Result<bool> referred = Refer(evaluation, *call.args[0], &reference); !referred) {
    return tl::unexpected(referred.error());
  }
  InfoSeries info;
  if (Status loaded = info.Load(evaluation, wanted, reference); !loaded)
    return tl::unexpected(loaded.error());

  Grid result(base->steps());
  std::map<std::string, std::string> added_labels;
  for (size_t row = 0; row < base->size(); ++row) {
    const Grid::Row& series = base->row(row);
    const bool is_info = wanted.IsInfo(series.labels);
    if (Status going = evaluation.Charge(0); !going) return tl::unexpected(going.error());
    tsl::robin_map<Labels, size_t, LabelsHash> rows;  // as the info series change, so do the labels
    for (size_t i = 0; i < base->steps(); ++i) {
      if (!base->Has(row, i)) continue;
      Labels labels = series.labels;
      if (!is_info) {
        const Result<bool> found = info.LabelsFor(series.labels, i, wanted, &added_labels);
        if (!found) return tl::unexpected(found.error());
        if (!*found && !wanted.takes_none) continue;
        if (*found) labels = Enriched(series.labels, added_labels);
      }
      const auto [place, added] = rows.try_emplace(labels, result.size());
      if (added) {
        if (Status held = evaluation.ChargeRow(); !held) return tl::unexpected(held.error());
        result.Add(std::move(labels), series.drop_name);
      }
      result.Set(place->second, i, base->cell(row, i));
    }
  }
  if (Status distinct = MergeDuplicates(&result); !distinct) return tl::unexpected(distinct.error());
  return result;
}

constexpr std::array kFunctions = {Implementation{"info", &Info}};

}  // namespace

std::span<const Implementation> InfoFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
