#include "rules/promql/selectors.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "rules/promql/interpolation.h"
#include "rules/promql/printer.h"

namespace sidelight::promql {
namespace {

using storage::Samples;

// Where a selector looks at each step: the first step's reference time, and how far it moves per step.
struct Reference {
  UnixMillis first = 0;
  int64_t interval = 0;
  size_t count = 1;

  UnixMillis At(size_t step) const { return first + static_cast<int64_t>(step) * interval; }
  UnixMillis last() const { return At(count - 1); }
};

Result<Reference> Refer(const Evaluation& evaluation, const AtModifier& at, const DurationValue& offset) {
  const Steps& steps = evaluation.steps();
  const Result<UnixMillis> first = evaluation.Shift(at, offset, steps.start);
  if (!first) return tl::unexpected(first.error());
  return Reference{*first, at.kind == AtModifier::Kind::kNone ? steps.interval : 0, steps.count};
}

// Tells resets of histograms that are next to each other, where the store has not.
void TellResets(Samples* samples) {
  FloatHistogramPtr previous;
  for (FloatHistogramPtr& histogram : samples->histograms) {
    if (IsStale(histogram->sum)) {
      previous = nullptr;
      continue;
    }
    if (histogram->counter_reset == CounterReset::kUnknown && previous != nullptr) {
      auto told = std::make_shared<FloatHistogram>(*histogram);
      told->counter_reset =
          histogram->DetectReset(*previous) ? CounterReset::kReset : CounterReset::kNotReset;
      previous = histogram;
      histogram = std::move(told);
      continue;
    }
    previous = histogram;
  }
}

// Without a way out in the middle, so that several are compared at once; there nearly never is one.
bool AnyStale(const std::vector<double>& values) {
  bool any = false;
  for (const double value : values) any |= IsStale(value);
  return any;
}

void RemoveStale(Samples* samples) {
  if (AnyStale(samples->values)) {
    size_t kept = 0;
    for (size_t i = 0; i < samples->values.size(); ++i) {
      if (IsStale(samples->values[i])) continue;
      samples->times[kept] = samples->times[i];
      if (!samples->starts.empty()) samples->starts[kept] = samples->starts[i];
      samples->values[kept++] = samples->values[i];
    }
    samples->times.resize(kept);
    samples->values.resize(kept);
    if (!samples->starts.empty()) samples->starts.resize(kept);
  }
  if (!samples->histograms.empty()) {
    size_t kept = 0;
    for (size_t i = 0; i < samples->histograms.size(); ++i) {
      if (IsStale(samples->histograms[i]->sum)) continue;
      samples->histogram_times[kept] = samples->histogram_times[i];
      if (!samples->histogram_starts.empty()) samples->histogram_starts[kept] = samples->histogram_starts[i];
      std::swap(samples->histograms[kept++], samples->histograms[i]);
    }
    samples->histogram_times.resize(kept);
    samples->histograms.resize(kept);
    if (!samples->histogram_starts.empty()) samples->histogram_starts.resize(kept);
  }
}

// The newest sample at or before a time that never goes back.
class Cursor {
 public:
  explicit Cursor(const Samples& samples) : samples_(samples) {}

  // What `take` wants of the newest sample in (time - lookback, time].
  Cell At(UnixMillis time, int64_t lookback, Take take) {
    while (floats_ < samples_.times.size() && samples_.times[floats_] <= time) ++floats_;
    while (histograms_ < samples_.histogram_times.size() && samples_.histogram_times[histograms_] <= time) {
      ++histograms_;
    }
    const bool has_float = floats_ > 0;
    const bool has_histogram = histograms_ > 0;
    if (has_histogram &&
        (!has_float || samples_.histogram_times[histograms_ - 1] > samples_.times[floats_ - 1])) {
      const size_t i = histograms_ - 1;
      const FloatHistogramPtr& histogram = samples_.histograms[i];
      if (samples_.histogram_times[i] <= time - lookback || IsStale(histogram->sum)) return {};
      if (take == Take::kValue) return {.histogram = histogram};
      return Meta(samples_.histogram_times[i],
                  samples_.histogram_starts.empty() ? 0 : samples_.histogram_starts[i], take);
    }
    if (!has_float) return {};
    const size_t i = floats_ - 1;
    if (samples_.times[i] <= time - lookback || IsStale(samples_.values[i])) return {};
    if (take == Take::kValue) return {.value = samples_.values[i]};
    return Meta(samples_.times[i], samples_.starts.empty() ? 0 : samples_.starts[i], take);
  }

 private:
  static Cell Meta(UnixMillis time, UnixMillis start, Take take) {
    if (take == Take::kTime) return {.value = static_cast<double>(time) / 1000};
    return {.value = static_cast<double>(start) / 1000};
  }

  const Samples& samples_;
  size_t floats_ = 0;
  size_t histograms_ = 0;
};

// A smoothed selector: the value on the line between the neighbours of a time.
class Smoother {
 public:
  Smoother(Evaluation& evaluation, const VectorSelector& selector, const Labels& labels, Samples* samples)
      : evaluation_(evaluation), selector_(selector), labels_(labels), samples_(*samples) {
    RemoveStale(samples);
  }

  Cell At(UnixMillis time, int64_t lookback) {
    if (AnyWithin(samples_.times, time, lookback) && AnyWithin(samples_.histogram_times, time, lookback)) {
      evaluation_.annotations().Warn(selector_.position,
                                     "encountered a mix of histograms and floats for metric name " + Name());
      return {};
    }
    if (const auto floats = Neighbours(samples_.times, time, lookback)) return Float(*floats, time);
    if (const auto histograms = Neighbours(samples_.histogram_times, time, lookback)) {
      return Histogram(*histograms, time);
    }
    return {};
  }

 private:
  // The samples to both sides; the same twice where one stands at the time itself, or none follows.
  struct Pair {
    size_t before;
    size_t after;
  };
  static bool AnyWithin(const std::vector<UnixMillis>& times, UnixMillis time, int64_t lookback) {
    const auto first = std::upper_bound(times.begin(), times.end(), time - lookback);
    return first != times.end() && *first <= time + lookback;
  }
  static std::optional<Pair> Neighbours(const std::vector<UnixMillis>& times, UnixMillis time,
                                        int64_t lookback) {
    const auto behind = std::upper_bound(times.begin(), times.end(), time);
    const auto index = static_cast<size_t>(behind - times.begin());
    const bool has_before = index > 0 && times[index - 1] > time - lookback;
    const bool has_after = index < times.size() && times[index] <= time + lookback;
    if (!has_before) return std::nullopt;
    if (times[index - 1] == time || !has_after) return Pair{index - 1, index - 1};
    return Pair{index - 1, index};
  }
  static double Fraction(const std::vector<UnixMillis>& times, Pair pair, UnixMillis time) {
    return static_cast<double>(time - times[pair.before]) /
           static_cast<double>(times[pair.after] - times[pair.before]);
  }

  Cell Float(Pair pair, UnixMillis time) const {
    const double before = samples_.values[pair.before];
    if (pair.before == pair.after) return {.value = before};
    return {.value = before + (samples_.values[pair.after] - before) * Fraction(samples_.times, pair, time)};
  }
  Cell Histogram(Pair pair, UnixMillis time) {
    const FloatHistogramPtr& before = samples_.histograms[pair.before];
    if (pair.before == pair.after) return {.histogram = before};
    const FloatHistogram& after = *samples_.histograms[pair.after];
    FloatHistogramPtr value = Interpolate(*before, after, Fraction(samples_.histogram_times, pair, time),
                                          after.counter_reset != CounterReset::kGauge);
    if (value == nullptr) {
      evaluation_.annotations().Warn(
          selector_.position,
          "vector contains a mix of histograms with exponential and custom buckets schemas for metric name " +
              Name());
    }
    return {.histogram = std::move(value)};
  }
  std::string Name() const { return Quote(labels_.Get("__name__")); }

  Evaluation& evaluation_;
  const VectorSelector& selector_;
  const Labels& labels_;
  const Samples& samples_;
};

}  // namespace

Result<Grid> EvalSelector(Evaluation& evaluation, const VectorSelector& selector, Take take) {
  const Result<Reference> reference = Refer(evaluation, selector.at, selector.offset);
  if (!reference) return tl::unexpected(reference.error());
  const Query& query = evaluation.query();
  const bool smoothed = selector.extension == VectorSelector::Extension::kSmoothed;
  const UnixMillis from = reference->first - query.lookback + 1;
  const UnixMillis to = reference->last() + (smoothed ? query.lookback : 0);
  // Of one step only the newest sample counts, unless it takes its neighbours to read it.
  const bool newest = reference->first == reference->last() && !smoothed && !query.tell_resets;
  const std::unique_ptr<storage::Selection> selection = query.data.Select(selector.matchers, from, to);

  Grid grid(evaluation.steps().count);
  Samples samples;
  for (const storage::Series* const series : selection->series()) {
    samples.Clear();
    if (newest) {
      series->ReadNewest(from, to, &samples);
    } else {
      series->Read(from, to, &samples);
    }
    evaluation.query().samples_read += samples.times.size() + samples.histogram_times.size();
    if (samples.times.empty() && samples.histogram_times.empty()) continue;
    if (query.tell_resets) TellResets(&samples);
    if (Status held = evaluation.ChargeRow(); !held) return tl::unexpected(held.error());
    const size_t row = grid.Add(series->labels());
    int64_t found = 0;
    const FloatHistogram* last = nullptr;
    const auto put = [&](size_t step, Cell cell) {
      if (cell.histogram == nullptr) {
        if (IsStale(cell.value)) return;
        ++found;
        grid.SetFloat(row, step, cell.value);
        return;
      }
      // At several steps it is the same sample, which is held once.
      found += cell.histogram.get() == last ? 1 : Evaluation::Weight(cell.histogram.get());
      last = cell.histogram.get();
      grid.SetHistogram(row, step, std::move(cell.histogram));
    };
    if (smoothed) {
      Smoother smoother(evaluation, selector, series->labels(), &samples);
      for (size_t i = 0; i < grid.steps(); ++i) put(i, smoother.At(reference->At(i), query.lookback));
    } else {
      Cursor cursor(samples);
      for (size_t i = 0; i < grid.steps(); ++i) put(i, cursor.At(reference->At(i), query.lookback, take));
    }
    if (found == 0) grid.RemoveLast();
    if (Status held = evaluation.ChargeFound(found); !held) return tl::unexpected(held.error());
  }
  return grid;
}

Status EvalMatrixSelector(Evaluation& evaluation, const MatrixSelector& matrix,
                          const std::function<Status(RangeSeries& series)>& visit) {
  const VectorSelector& selector = *matrix.selector;
  const Result<Reference> reference = Refer(evaluation, selector.at, selector.offset);
  if (!reference) return tl::unexpected(reference.error());
  const Result<int64_t> range = evaluation.Resolve(matrix.range);
  if (!range) return tl::unexpected(range.error());
  if (*range <= 0) return Fail(ErrorCode::kInvalidArgument, "duration must be greater than 0");

  const Query& query = evaluation.query();
  const auto extension = selector.extension;
  UnixMillis from = reference->first - *range + 1;
  UnixMillis to = reference->last();
  if (extension != VectorSelector::Extension::kNone) from -= query.lookback;
  if (extension == VectorSelector::Extension::kSmoothed) to += query.lookback;
  const std::unique_ptr<storage::Selection> selection = query.data.Select(selector.matchers, from, to);
  Samples samples;
  for (const storage::Series* const series : selection->series()) {
    samples.Clear();
    series->Read(from, to, &samples);
    if (query.tell_resets) TellResets(&samples);
    RemoveStale(&samples);
    const size_t found = samples.times.size() + samples.histogram_times.size();
    if (found == 0) continue;
    evaluation.query().samples_read += found;
    auto read = static_cast<int64_t>(samples.times.size());
    for (const FloatHistogramPtr& histogram : samples.histograms) read += Evaluation::Weight(histogram.get());
    if (Status held = evaluation.Charge(read); !held) return held;
    RangeSeries windows(series->labels(), false, samples, evaluation.steps(), reference->first,
                        reference->interval, *range, query.lookback, extension);
    if (Status visited = visit(windows); !visited) return visited;
    if (Status held = evaluation.Charge(-read); !held) return held;
  }
  return {};
}

Status EvalSubquery(Evaluation& evaluation, const Subquery& subquery,
                    const std::function<Status(RangeSeries& series)>& visit) {
  const Result<Reference> reference = Refer(evaluation, subquery.at, subquery.offset);
  if (!reference) return tl::unexpected(reference.error());
  const Result<int64_t> range = evaluation.Resolve(subquery.range);
  if (!range) return tl::unexpected(range.error());
  if (*range <= 0) return Fail(ErrorCode::kInvalidArgument, "duration must be greater than 0");
  int64_t step =
      std::chrono::duration_cast<std::chrono::milliseconds>(evaluation.query().options.default_subquery_step)
          .count();
  if (subquery.has_step) {
    const Result<int64_t> wanted = evaluation.Resolve(subquery.step);
    if (!wanted) return tl::unexpected(wanted.error());
    step = *wanted;
  }
  if (step <= 0) return Fail(ErrorCode::kInvalidArgument, "duration must be greater than 0");

  // Its steps are multiples of the step, whatever the time of the query.
  const UnixMillis before = reference->first - *range;
  const int64_t steps_before = before / step - (before % step < 0 ? 1 : 0);
  const Steps steps{.start = (steps_before + 1) * step, .interval = step, .count = 1};
  if (steps.start > reference->last()) return {};
  const uint64_t held_before = evaluation.query().samples_held;
  Evaluation inner(&evaluation.query(),
                   {.start = steps.start,
                    .interval = step,
                    .count = static_cast<size_t>((reference->last() - steps.start) / step) + 1});
  const Result<Grid> grid = inner.Eval(*subquery.expr);
  if (!grid) return tl::unexpected(grid.error());
  const auto held_by_inner = static_cast<int64_t>(evaluation.query().samples_held - held_before);

  Samples samples;
  for (size_t row = 0; row < grid->size(); ++row) {
    samples.Clear();
    for (size_t i = 0; i < grid->steps(); ++i) {
      if (const FloatHistogramPtr& histogram = grid->histogram(row, i); histogram != nullptr) {
        samples.histogram_times.push_back(inner.steps().At(i));
        samples.histograms.push_back(histogram);
      } else if (grid->HasFloat(row, i)) {
        samples.times.push_back(inner.steps().At(i));
        samples.values.push_back(grid->floats(row)[i]);
      }
    }
    if (samples.times.empty() && samples.histogram_times.empty()) continue;
    RangeSeries windows(grid->row(row).labels, grid->row(row).drop_name, samples, evaluation.steps(),
                        reference->first, reference->interval, *range, evaluation.query().lookback,
                        VectorSelector::Extension::kNone);
    if (Status visited = visit(windows); !visited) return visited;
  }
  // The inner values are not kept, whatever it took to get them.
  return evaluation.Charge(-held_by_inner);
}

}  // namespace sidelight::promql
