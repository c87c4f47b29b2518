// Functions of histograms: histogram_*.
#include <tsl/robin_map.h>

#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/compensated_sum.h"
#include "core/base/float_text.h"
#include "rules/promql/functions/function.h"
#include "rules/promql/functions/quantile.h"
#include "rules/promql/grouping.h"
#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Sets Query::tell_resets while it lives.
class TellResets {
 public:
  TellResets(Query* query, bool tell) : query_(*query), before_(std::exchange(query->tell_resets, tell)) {}
  ~TellResets() { query_.tell_resets = before_; }
  TellResets(const TellResets&) = delete;
  TellResets& operator=(const TellResets&) = delete;

 private:
  Query& query_;
  const bool before_;
};

double Variance(const FloatHistogram& histogram) {
  const double mean = histogram.sum / histogram.count;
  double variance = 0;
  double lost = 0;
  for (const HistogramBucket& bucket : histogram.Buckets()) {
    if (bucket.count == 0) continue;
    double value = 0;
    if (histogram.custom_buckets()) {
      value = (bucket.lower + bucket.upper) / 2;
    } else if (bucket.lower > 0 || bucket.upper < 0) {
      value = std::copysign(std::sqrt(bucket.lower * bucket.upper), bucket.upper > 0 ? 1.0 : -1.0);
    }
    CompensatedAdd(bucket.count * (value - mean) * (value - mean), &variance, &lost);
  }
  return (variance + lost) / histogram.count;
}

double Count(const FloatHistogram& histogram) {
  return histogram.count;
}
double Sum(const FloatHistogram& histogram) {
  return histogram.sum;
}
double Average(const FloatHistogram& histogram) {
  return histogram.sum / histogram.count;
}
double Deviation(const FloatHistogram& histogram) {
  return std::sqrt(Variance(histogram));
}

// A float of each native histogram; floats have no result.
template <double (*Of)(const FloatHistogram&), bool Buckets>
Result<Grid> OfEach(Evaluation& evaluation, const Call& call) {
  const TellResets tell(&evaluation.query(), !Buckets);
  Result<Grid> grid = evaluation.Eval(*call.args[0]);
  if (!grid) return grid;
  std::vector<bool> keep(grid->size());
  for (size_t row = 0; row < grid->size(); ++row) {
    for (size_t i = 0; i < grid->steps(); ++i) {
      if (const FloatHistogramPtr histogram = grid->histogram(row, i); histogram != nullptr) {
        keep[row] = true;
        grid->SetFloat(row, i, Of(*histogram));
      } else {
        grid->Clear(row, i);
      }
    }
    evaluation.DropName(grid->row(row));
  }
  grid->Keep(keep);
  if (Status distinct = evaluation.CheckDistinct(&*grid); !distinct) return tl::unexpected(distinct.error());
  return grid;
}

std::optional<double> ParseBound(std::string_view text) {
  if (text == "+Inf" || text == "Inf" || text == "+inf" || text == "inf")
    return std::numeric_limits<double>::infinity();
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// The histograms of a vector: native ones as they are, classic ones put together from the series of their
// buckets. `of_classic(buckets, name, step)` and `of_native(histogram, name, step)` give the float of each.
class Histograms {
 public:
  Histograms(Evaluation& evaluation, const Expr& argument)
      : evaluation_(evaluation), position_(argument.position), grid_(0) {}

  Status Load(const Expr& argument) {
    const TellResets tell(&evaluation_.query(), false);
    Result<Grid> grid = evaluation_.Eval(argument);
    if (!grid) return tl::unexpected(grid.error());
    grid_ = *std::move(grid);
    tsl::robin_map<Labels, size_t, LabelsHash> by_labels;
    for (size_t row = 0; row < grid_.size(); ++row) {
      const Labels& labels = grid_.row(row).labels;
      const std::string_view le = labels.Get("le");
      const std::optional<double> bound = ParseBound(le);
      bounds_.push_back(bound.value_or(kNan));
      // A native histogram's own labels, and those of a bucket's series without le, name the same thing.
      const auto add = [&](const Labels& whose) {
        const auto [found, added] = by_labels.try_emplace(whose, groups_.size());
        if (added) groups_.push_back({.labels = whose, .drop_name = grid_.row(row).drop_name});
        return found->second;
      };
      bool has_float = false;
      bool has_native = false;
      for (size_t i = 0; i < grid_.steps(); ++i) {
        has_native = has_native || grid_.histogram(row, i) != nullptr;
        has_float = has_float || grid_.HasFloat(row, i);
      }
      if (has_native) groups_[add(labels)].native = row;
      if (!has_float) continue;
      if (!bound) {
        std::string text = "bucket label \"le\" is missing or has a malformed value of " + Quote(le);
        evaluation_.annotations().Warn(position_, text + ForName(labels));
        continue;
      }
      groups_[add(WithLabel(labels, "le", ""))].buckets.push_back(row);
    }
    return {};
  }

  template <class OfClassic, class OfNative>
  Status Each(Grid* out, const std::function<Labels(const Labels&)>& label, OfClassic of_classic,
              OfNative of_native) {
    for (const Group& group : groups_) {
      const std::string name = ForName(group.labels);
      if (Status held = evaluation_.ChargeRow(); !held) return held;
      const size_t row = out->Add(label(group.labels), group.drop_name);
      int64_t found = 0;
      for (size_t i = 0; i < grid_.steps(); ++i) {
        std::vector<ClassicBucket> buckets;
        for (const size_t bucket : group.buckets) {
          if (grid_.HasFloat(bucket, i)) buckets.push_back({bounds_[bucket], grid_.floats(bucket)[i]});
        }
        const FloatHistogramPtr* const native =
            group.native == kNone || grid_.histogram(group.native, i) == nullptr
                ? nullptr
                : &grid_.histogram(group.native, i);
        if (native != nullptr && !buckets.empty()) {
          evaluation_.annotations().Warn(position_,
                                         "vector contains a mix of classic and native histograms" + name);
          continue;
        }
        if (native == nullptr && buckets.empty()) continue;
        ++found;
        if (native != nullptr) {
          out->SetFloat(row, i, of_native(**native, name, i));
          continue;
        }
        std::optional<Forced> forced;
        buckets = Prepare(std::move(buckets), &forced);
        out->SetFloat(row, i, of_classic(buckets, forced, group.labels.Get("__name__"), i));
      }
      if (found > 0) {
        evaluation_.DropName(out->row(row));
      } else {
        out->RemoveLast();
      }
      if (Status held = evaluation_.ChargeFound(found); !held) return held;
    }
    return {};
  }

  Position position() const { return position_; }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  struct Group {
    Labels labels;  // name included, le left out
    bool drop_name = false;
    std::vector<size_t> buckets;  // rows
    size_t native = kNone;
  };

  static std::string ForName(const Labels& labels) {
    const std::string_view name = labels.Get("__name__");
    return name.empty() ? std::string() : " for metric name " + Quote(name);
  }

  Evaluation& evaluation_;
  const Position position_;
  Grid grid_;
  std::vector<double> bounds_;  // of each row: its le
  std::vector<Group> groups_;
};

Result<Grid> Finish(Evaluation& evaluation, Grid grid) {
  if (Status distinct = evaluation.CheckDistinct(&grid); !distinct) return tl::unexpected(distinct.error());
  return grid;
}

// The quantiles at each step; warns about those outside of [0, 1].
Result<std::vector<double>> Quantiles(Evaluation& evaluation, const Expr& expr) {
  Result<std::vector<double>> values = evaluation.EvalScalar(expr);
  for (size_t i = 0; values && i < values->size(); ++i) {
    const double q = (*values)[i];
    if (q >= 0 && q <= 1) continue;
    evaluation.annotations().Warn(expr.position,
                                  "quantile value should be between 0 and 1, got " + FloatText(q));
  }
  return values;
}

Status AddQuantile(Evaluation& evaluation, Histograms& histograms, const std::vector<double>& q,
                   const std::function<Labels(const Labels&)>& label, Grid* out) {
  Annotations& annotations = evaluation.annotations();
  return histograms.Each(
      out, label,
      [&](const std::vector<ClassicBucket>& buckets, const std::optional<Forced>& forced,
          std::string_view name, size_t step) {
        if (forced) {
          annotations.InfoForcedMonotonic(histograms.position(), name, evaluation.steps().At(step),
                                          forced->lowest, forced->highest, forced->max_difference);
        }
        return ClassicQuantile(q[step], buckets);
      },
      [&](const FloatHistogram& histogram, const std::string& name, size_t step) {
        NanEffect effect = NanEffect::kNone;
        const double value = NativeQuantile(q[step], histogram, &effect);
        if (effect != NanEffect::kNone) {
          annotations.Info(histograms.position(),
                           std::string("input to histogram_quantile has NaN observations, result is ") +
                               (effect == NanEffect::kSkewed ? "skewed higher" : "NaN") + name);
        }
        return value;
      });
}

Result<Grid> HistogramQuantile(Evaluation& evaluation, const Call& call) {
  const Result<std::vector<double>> q = Quantiles(evaluation, *call.args[0]);
  if (!q) return tl::unexpected(q.error());
  Histograms histograms(evaluation, *call.args[1]);
  if (Status loaded = histograms.Load(*call.args[1]); !loaded) return tl::unexpected(loaded.error());
  Grid grid(evaluation.steps().count);
  Status added = AddQuantile(
      evaluation, histograms, *q, [](const Labels& labels) { return labels; }, &grid);
  if (!added) return tl::unexpected(added.error());
  return Finish(evaluation, std::move(grid));
}

Result<Grid> HistogramQuantiles(Evaluation& evaluation, const Call& call) {
  const Result<std::string_view> name = evaluation.EvalString(*call.args[1]);
  if (!name) return tl::unexpected(name.error());
  std::vector<std::vector<double>> quantiles;
  for (size_t a = 2; a < call.args.size(); ++a) {
    Result<std::vector<double>> q = Quantiles(evaluation, *call.args[a]);
    if (!q) return tl::unexpected(q.error());
    quantiles.push_back(*std::move(q));
  }
  Histograms histograms(evaluation, *call.args[0]);
  if (Status loaded = histograms.Load(*call.args[0]); !loaded) return tl::unexpected(loaded.error());
  Grid grid(evaluation.steps().count);
  for (const std::vector<double>& q : quantiles) {
    const std::string value = FloatText(q[0]);
    Status added = AddQuantile(
        evaluation, histograms, q, [&](const Labels& labels) { return WithLabel(labels, *name, value); },
        &grid);
    if (!added) return tl::unexpected(added.error());
  }
  return Finish(evaluation, std::move(grid));
}

Result<Grid> HistogramFraction(Evaluation& evaluation, const Call& call) {
  const Result<std::vector<double>> lower = evaluation.EvalScalar(*call.args[0]);
  if (!lower) return tl::unexpected(lower.error());
  const Result<std::vector<double>> upper = evaluation.EvalScalar(*call.args[1]);
  if (!upper) return tl::unexpected(upper.error());
  Histograms histograms(evaluation, *call.args[2]);
  if (Status loaded = histograms.Load(*call.args[2]); !loaded) return tl::unexpected(loaded.error());
  Grid grid(evaluation.steps().count);
  Status reckoned = histograms.Each(
      &grid, [](const Labels& labels) { return labels; },
      [&](const std::vector<ClassicBucket>& buckets, const std::optional<Forced>&, std::string_view,
          size_t step) { return ClassicFraction((*lower)[step], (*upper)[step], buckets); },
      [&](const FloatHistogram& histogram, const std::string& name, size_t step) {
        bool has_nan = false;
        const double value = NativeFraction((*lower)[step], (*upper)[step], histogram, &has_nan);
        if (has_nan) {
          evaluation.annotations().Info(
              histograms.position(),
              "input to histogram_fraction has NaN observations, which are excluded from all fractions" +
                  name);
        }
        return value;
      });
  if (!reckoned) return tl::unexpected(reckoned.error());
  return Finish(evaluation, std::move(grid));
}

constexpr std::array kFunctions = {
    Implementation{"histogram_avg", &OfEach<&Average, false>},
    Implementation{"histogram_count", &OfEach<&Count, false>},
    Implementation{"histogram_fraction", &HistogramFraction},
    Implementation{"histogram_quantile", &HistogramQuantile},
    Implementation{"histogram_quantiles", &HistogramQuantiles},
    Implementation{"histogram_stddev", &OfEach<&Deviation, true>},
    Implementation{"histogram_stdvar", &OfEach<&Variance, true>},
    Implementation{"histogram_sum", &OfEach<&Sum, false>},
};

}  // namespace

std::span<const Implementation> HistogramFunctions() {
  return kFunctions;
}

}  // namespace sidelight::promql
