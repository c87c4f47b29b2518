#include "rules/promql/aggregation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/float_text.h"
#include "core/base/utf8.h"
#include "rules/promql/accumulator.h"
#include "rules/promql/functions/function.h"
#include "rules/promql/grouping.h"
#include "rules/promql/printer.h"
#include "rules/promql/signature.h"

namespace sidelight::promql {
namespace {

// The rows of the argument, put into groups.
struct Groups {
  std::vector<size_t> of_row;
  std::vector<std::vector<size_t>> rows;  // of each group, in their order
  std::vector<Labels> labels;             // of each group
  std::vector<bool> drop_name;            // one of its rows has no name
};

Groups MakeGroups(const Aggregate& aggregate, const Grid& grid) {
  const Grouping grouping(aggregate.grouping, !aggregate.without);
  GroupIndex index(grouping);
  Groups groups;
  groups.of_row.reserve(grid.size());
  for (size_t row = 0; row < grid.size(); ++row) {
    const size_t group = index.Add(grid.row(row).labels);
    if (group == groups.rows.size()) {
      groups.rows.emplace_back();
      groups.labels.push_back(grouping.Of(grid.row(row).labels));
      groups.drop_name.push_back(false);
    }
    groups.of_row.push_back(group);
    groups.rows[group].push_back(row);
    if (grid.row(row).drop_name) groups.drop_name[group] = true;
  }
  return groups;
}

class Aggregation {
 public:
  Aggregation(Evaluation& evaluation, const Aggregate& aggregate, Grid argument)
      : evaluation_(evaluation),
        aggregate_(aggregate),
        position_(aggregate.expr->position),
        argument_(std::move(argument)),
        groups_(MakeGroups(aggregate, argument_)) {}

  // One value for each group and step.
  Result<Grid> Reduce(const std::vector<double>& param) {
    Grid result(argument_.steps());
    std::vector<bool> keep(groups_.rows.size());
    for (size_t group = 0; group < groups_.rows.size(); ++group) {
      if (Status held = evaluation_.ChargeRow(); !held) return tl::unexpected(held.error());
      result.Add(std::move(groups_.labels[group]), groups_.drop_name[group]);
      int64_t found = 0;
      const bool floats = !argument_.has_histograms();
      if (floats && aggregate_.op == AggregateOp::kSum) {
        found = AddRows<FloatSum>(group, &result);
      } else if (floats && aggregate_.op == AggregateOp::kAvg) {
        found = AddRows<FloatMean>(group, &result);
      } else {
        for (size_t i = 0; i < argument_.steps(); ++i) {
          Cell cell = Combine(groups_.rows[group], i, param.empty() ? 0 : param[i]);
          if (cell.empty()) continue;
          found += Evaluation::Weight(cell.histogram.get());
          result.Set(group, i, std::move(cell));
        }
      }
      keep[group] = found > 0;
      if (Status held = evaluation_.ChargeFound(found); !held) return tl::unexpected(held.error());
    }
    result.Keep(keep);
    return result;
  }

  // Those rows and steps that the operator chooses, with their own labels.
  Result<Grid> Choose(const std::vector<double>& param) {
    std::vector<std::vector<bool>> chosen(argument_.size(), std::vector<bool>(argument_.steps()));
    std::vector<size_t> order;  // of the only step of an instant query
    for (size_t i = 0; i < argument_.steps(); ++i) {
      for (const std::vector<size_t>& rows : groups_.rows) {
        const std::vector<size_t> picked =
            aggregate_.op == AggregateOp::kLimitRatio ? Sampled(rows, i, param[i]) : First(rows, i, param[i]);
        for (const size_t row : picked) {
          chosen[row][i] = true;
          if (argument_.steps() == 1) order.push_back(row);
        }
      }
      if (Status going = evaluation_.Charge(0); !going) return tl::unexpected(going.error());
    }
    Grid result(argument_.steps());
    if (argument_.steps() > 1) {
      order.resize(argument_.size());
      std::iota(order.begin(), order.end(), 0);
    }
    for (const size_t row : order) {
      bool any = false;
      const size_t added = result.Add(argument_.row(row).labels, argument_.row(row).drop_name);
      for (size_t i = 0; i < argument_.steps(); ++i) {
        if (!chosen[row][i]) continue;
        any = true;
        result.Set(added, i, argument_.cell(row, i));
      }
      if (!any) result.RemoveLast();
    }
    return result;
  }

  // One series for each value that a group has.
  Result<Grid> CountValues(std::string_view label) {
    Grid result(argument_.steps());
    tsl::robin_map<Labels, size_t, LabelsHash> rows;
    // What `without` takes away it takes away from the result, be it the label for the value.
    const std::vector<std::string>& grouping = aggregate_.grouping;
    const bool shown =
        !aggregate_.without ||
        (label != "__name__" && std::find(grouping.begin(), grouping.end(), label) == grouping.end());
    for (size_t group = 0; group < groups_.rows.size(); ++group) {
      for (const size_t row : groups_.rows[group]) {
        if (Status going = evaluation_.Charge(0); !going) return tl::unexpected(going.error());
        for (size_t i = 0; i < argument_.steps(); ++i) {
          if (!argument_.Has(row, i)) continue;
          const FloatHistogramPtr& histogram = argument_.histogram(row, i);
          const std::string value =
              histogram != nullptr ? histogram->ToString() : PlainFloatText(argument_.floats(row)[i]);
          Labels labels = shown ? WithLabel(groups_.labels[group], label, value) : groups_.labels[group];
          const auto [found, added] = rows.try_emplace(labels, result.size());
          if (added) {
            // Each value may be a row of its own, so that there may be as many rows as samples.
            const auto weight = static_cast<int64_t>(kRowWeight + value.size() / kBytesPerSample);
            Status held = evaluation_.ChargeRow();
            if (held) held = evaluation_.Charge(weight);
            if (!held) return tl::unexpected(held.error());
            result.Add(std::move(labels), groups_.drop_name[group] && label != "__name__");
          }
          const double before = result.HasFloat(found->second, i) ? result.floats(found->second)[i] : 0;
          result.SetFloat(found->second, i, before + 1);
        }
      }
    }
    return result;
  }

 private:
  static constexpr size_t kBytesPerSample = 16;
  static constexpr size_t kRowWeight = 8;  // what a row's labels take beside their text, in samples

  Cell Combine(const std::vector<size_t>& rows, size_t step, double param) {
    switch (aggregate_.op) {
      case AggregateOp::kSum:
        return Total(rows, step, FloatSum(), HistogramSum::Kind::kSum);
      case AggregateOp::kAvg:
        return Total(rows, step, FloatMean(), HistogramSum::Kind::kMean);
      case AggregateOp::kMin:
        return Extreme(rows, step, [](double a, double b) { return a < b; });
      case AggregateOp::kMax:
        return Extreme(rows, step, [](double a, double b) { return a > b; });
      case AggregateOp::kCount:
      case AggregateOp::kGroup: {
        double count = 0;
        for (const size_t row : rows) count += argument_.Has(row, step) ? 1 : 0;
        if (count == 0) return {};
        return {.value = aggregate_.op == AggregateOp::kGroup ? 1 : count};
      }
      case AggregateOp::kStddev:
      case AggregateOp::kStdvar: {
        FloatVariance variance;
        if (!Floats(rows, step, [&](double value) { variance.Add(value); })) return {};
        return {.value =
                    aggregate_.op == AggregateOp::kStddev ? std::sqrt(variance.value()) : variance.value()};
      }
      case AggregateOp::kQuantile: {
        values_.clear();
        if (!Floats(rows, step, [&](double value) { values_.push_back(value); })) return {};
        return {.value = Quantile(param, values_)};
      }
      default:
        return {};
    }
  }

  // Of floats alone: row by row, as they lie in memory. How many steps have a result.
  template <class Sum>
  int64_t AddRows(size_t group, Grid* result) {
    std::vector<Sum> sums(argument_.steps());
    std::vector<char> any(argument_.steps());
    for (const size_t row : groups_.rows[group]) {
      const std::span<const double> floats = argument_.floats(row);
      for (size_t i = 0; i < floats.size(); ++i) {
        if (IsStale(floats[i])) continue;
        any[i] = 1;
        sums[i].Add(floats[i]);
      }
    }
    int64_t found = 0;
    for (size_t i = 0; i < any.size(); ++i) {
      if (any[i] == 0) continue;
      ++found;
      result->SetFloat(group, i, sums[i].value());
    }
    return found;
  }

  template <class Sum>
  Cell Total(const std::vector<size_t>& rows, size_t step, Sum floats, HistogramSum::Kind kind) {
    bool any_float = false;
    HistogramSum histograms(kind);
    for (const size_t row : rows) {
      if (const FloatHistogramPtr& histogram = argument_.histogram(row, step); histogram != nullptr) {
        if (!histograms.Add(histogram)) {
          evaluation_.annotations().Warn(position_,
                                         "vector contains a mix of histograms with exponential and custom "
                                         "buckets schemas for metric name " +
                                             Quote(argument_.row(row).labels.Get("__name__")));
          return {};
        }
      } else if (argument_.HasFloat(row, step)) {
        any_float = true;
        floats.Add(argument_.floats(row)[step]);
      }
    }
    if (any_float && !histograms.empty()) {
      evaluation_.annotations().Warn(position_, "encountered a mix of histograms and floats for aggregation");
      return {};
    }
    if (any_float) return {.value = floats.value()};
    if (histograms.empty()) return {};
    return {.histogram = histograms.Finish(position_, &evaluation_.annotations())};
  }

  // Calls `use` with each float; false when there is none. Histograms are left out, and said so.
  template <class Use>
  bool Floats(const std::vector<size_t>& rows, size_t step, Use use) {
    bool any = false;
    for (const size_t row : rows) {
      if (argument_.HasFloat(row, step)) {
        any = true;
        use(argument_.floats(row)[step]);
      } else if (argument_.Has(row, step)) {
        IgnoreHistogram();
      }
    }
    return any;
  }

  void IgnoreHistogram() {
    evaluation_.annotations().Info(
        position_, fmt::format("ignored histogram in {} aggregation", AggregateOpName(aggregate_.op)));
  }

  template <class Better>
  Cell Extreme(const std::vector<size_t>& rows, size_t step, Better better) {
    std::optional<double> best;
    Floats(rows, step, [&](double value) {
      if (!best || std::isnan(*best) || better(value, *best)) best = value;
    });
    return best ? Cell{.value = *best} : Cell{};
  }

  // topk, bottomk: by value, NaN behind all others. limitk: in their order, histograms too.
  std::vector<size_t> First(const std::vector<size_t>& rows, size_t step, double limit) {
    std::vector<size_t> picked;
    if (!(limit >= 1)) return picked;
    const bool any = aggregate_.op == AggregateOp::kLimitk;
    for (const size_t row : rows) {
      if (!argument_.Has(row, step)) continue;
      if (!any && !argument_.HasFloat(row, step)) {
        IgnoreHistogram();
        continue;
      }
      picked.push_back(row);
    }
    const size_t count =
        limit >= static_cast<double>(picked.size()) ? picked.size() : static_cast<size_t>(limit);
    if (!any) {
      const bool top = aggregate_.op == AggregateOp::kTopk;
      const auto value = [&](size_t row) { return argument_.floats(row)[step]; };
      std::partial_sort(picked.begin(), picked.begin() + static_cast<std::ptrdiff_t>(count), picked.end(),
                        [&](size_t a, size_t b) {
                          const double left = value(a);
                          const double right = value(b);
                          if (std::isnan(left) != std::isnan(right)) return std::isnan(right);
                          if (left != right && !std::isnan(left)) return top ? left > right : left < right;
                          return a < b;
                        });
    }
    picked.resize(count);
    return picked;
  }

  // limit_ratio: a series is in or out by a hash of its labels, so that the ratios r and r-1 share all out.
  std::vector<size_t> Sampled(const std::vector<size_t>& rows, size_t step, double ratio) const {
    std::vector<size_t> picked;
    for (const size_t row : rows) {
      if (!argument_.Has(row, step)) continue;
      const double place = static_cast<double>(argument_.row(row).labels.hash()) /
                           static_cast<double>(std::numeric_limits<uint64_t>::max());
      if (ratio >= 0 ? place < ratio || ratio == 1 : place >= 1 + ratio) picked.push_back(row);
    }
    return picked;
  }

  Evaluation& evaluation_;
  const Aggregate& aggregate_;
  const Position position_;
  const Grid argument_;
  Groups groups_;
  std::vector<double> values_;
};

// Checks the parameter at every step, and caps a ratio.
Status CheckParam(Evaluation& evaluation, const Aggregate& aggregate, std::vector<double>* param) {
  constexpr double kInt64 = 9223372036854775808.0;
  const Position position = aggregate.param->position;
  for (double& value : *param) {
    switch (aggregate.op) {
      case AggregateOp::kTopk:
      case AggregateOp::kBottomk:
      case AggregateOp::kLimitk:
        if (std::isnan(value)) return Fail(ErrorCode::kInvalidArgument, "Parameter value is NaN");
        if (value < -kInt64) {
          return Fail(ErrorCode::kInvalidArgument,
                      fmt::format("Scalar value {} underflows int64", FloatText(value)));
        }
        if (value >= kInt64) {
          return Fail(ErrorCode::kInvalidArgument,
                      fmt::format("Scalar value {} overflows int64", FloatText(value)));
        }
        break;
      case AggregateOp::kLimitRatio:
        if (std::isnan(value)) return Fail(ErrorCode::kInvalidArgument, "Ratio value is NaN");
        if (value < -1 || value > 1) {
          const double capped = value < -1 ? -1 : 1;
          evaluation.annotations().Warn(
              position, fmt::format("ratio value should be between -1 and 1, got {}, capping to {}",
                                    FloatText(value), FloatText(capped)));
          value = capped;
        }
        break;
      case AggregateOp::kQuantile:
        if (!(value >= 0 && value <= 1)) {
          evaluation.annotations().Warn(
              position, fmt::format("quantile value should be between 0 and 1, got {}", FloatText(value)));
        }
        break;
      default:
        break;
    }
  }
  return {};
}

// Whether the argument's rows come from a function of one metric's ranges, so that no two of them differ by
// name alone, and the operator has no use for the name.
bool NamesMayStay(Evaluation& evaluation, const Aggregate& aggregate) {
  if (evaluation.query().options.delayed_name_removal) return false;
  switch (aggregate.op) {
    case AggregateOp::kCountValues:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return false;
    default:
      break;
  }
  if (!aggregate.without && std::any_of(aggregate.grouping.begin(), aggregate.grouping.end(),
                                        [](const std::string& name) { return name == "__name__"; })) {
    return false;
  }
  const auto* const call = TryAs<Call>(Unwrap(*aggregate.expr));
  if (call == nullptr) return false;
  const Implementation* const implementation = FindImplementation(call->function->name);
  if (implementation == nullptr || implementation->keeps_name ||
      !std::holds_alternative<RangeFunction>(implementation->function)) {
    return false;
  }
  for (const ExprPtr& arg : call->args) {
    const auto* const matrix = TryAs<MatrixSelector>(Unwrap(*arg));
    if (matrix == nullptr) continue;
    const std::vector<Matcher>& matchers = matrix->selector->matchers;
    return std::any_of(matchers.begin(), matchers.end(), [](const Matcher& matcher) {
      return matcher.type() == Matcher::Type::kEqual && matcher.name() == "__name__";
    });
  }
  return false;
}

}  // namespace

Result<Grid> EvalAggregate(Evaluation& evaluation, const Aggregate& aggregate) {
  std::string_view label;
  std::vector<double> param;
  if (aggregate.op == AggregateOp::kCountValues) {
    const Result<std::string_view> name = evaluation.EvalString(*aggregate.param);
    if (!name) return tl::unexpected(name.error());
    label = *name;
    if (label.empty() || !IsValidUtf8(label)) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("invalid label name {}", Quote(label)));
    }
  } else if (aggregate.param != nullptr) {
    Result<std::vector<double>> values = evaluation.EvalScalar(*aggregate.param);
    if (!values) return tl::unexpected(values.error());
    param = *std::move(values);
    if (Status sound = CheckParam(evaluation, aggregate, &param); !sound)
      return tl::unexpected(sound.error());
  }
  const bool names_may_stay = NamesMayStay(evaluation, aggregate);
  evaluation.query().names_may_stay = names_may_stay;
  Result<Grid> argument = evaluation.Eval(*aggregate.expr);
  if (!argument) return argument;
  Aggregation aggregation(evaluation, aggregate, *std::move(argument));
  switch (aggregate.op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio: {
      Result<Grid> chosen = aggregation.Choose(param);
      if (!chosen || !names_may_stay) return chosen;
      for (Grid::Row& row : chosen->rows()) evaluation.DropName(row);
      return chosen;
    }
    case AggregateOp::kCountValues:
      return aggregation.CountValues(label);
    default:
      return aggregation.Reduce(param);
  }
}

}  // namespace sidelight::promql
