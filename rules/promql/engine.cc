#include "rules/promql/engine.h"

#include <algorithm>
#include <utility>

#include "rules/promql/evaluation.h"
#include "rules/promql/grouping.h"

namespace sidelight::promql {
namespace {

int64_t Millis(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

// The names that were to go go now; what then has the same labels is put together.
Status RemoveNames(const EngineOptions& options, Grid* grid) {
  if (!options.delayed_name_removal) return {};
  bool any = false;
  for (Grid::Row& row : grid->rows()) {
    if (!row.drop_name) continue;
    any = true;
    row.labels = WithoutName(row.labels);
  }
  return any ? MergeDuplicates(grid) : Status();
}

Vector ToVector(const Grid& grid, UnixMillis time) {
  Vector vector;
  vector.reserve(grid.size());
  for (size_t row = 0; row < grid.size(); ++row) {
    if (!grid.Has(row, 0)) continue;
    vector.push_back({.labels = grid.row(row).labels,
                      .time = time,
                      .value = grid.floats(row)[0],
                      .histogram = grid.histogram(row, 0)});
  }
  return vector;
}

void Sort(Matrix* matrix) {
  std::sort(matrix->begin(), matrix->end(),
            [](const SampleSeries& a, const SampleSeries& b) { return a.labels < b.labels; });
}

Matrix ToMatrix(const Grid& grid, const Steps& steps) {
  Matrix matrix;
  matrix.reserve(grid.size());
  for (size_t row = 0; row < grid.size(); ++row) {
    SampleSeries series{.labels = grid.row(row).labels};
    const std::span<const double> floats = grid.floats(row);
    for (size_t i = 0; i < steps.count; ++i) {
      if (const FloatHistogramPtr& histogram = grid.histogram(row, i); histogram != nullptr) {
        series.histograms.push_back({steps.At(i), histogram});
      } else if (grid.HasFloat(row, i)) {
        series.floats.push_back({steps.At(i), floats[i]});
      }
    }
    if (!series.floats.empty() || !series.histograms.empty()) matrix.push_back(std::move(series));
  }
  Sort(&matrix);
  return matrix;
}

// A range vector on its own: the samples themselves.
Result<Matrix> Samples(Evaluation& evaluation, const Expr& expr) {
  Matrix matrix;
  const bool delayed = evaluation.query().options.delayed_name_removal;
  Status visited = evaluation.EvalRange(expr, [&](RangeSeries& series) -> Status {
    const Window& window = series.At(0);
    if (window.empty()) return {};
    int64_t held = static_cast<int64_t>(window.times.size());
    for (const FloatHistogramPtr& histogram : window.histograms) held += Evaluation::Weight(histogram.get());
    if (Status charged = evaluation.Charge(held); !charged) return charged;
    SampleSeries out{.labels =
                         delayed && series.drop_name() ? WithoutName(series.labels()) : series.labels()};
    for (size_t i = 0; i < window.times.size(); ++i)
      out.floats.push_back({window.times[i], window.values[i]});
    for (size_t i = 0; i < window.histogram_times.size(); ++i) {
      out.histograms.push_back({window.histogram_times[i], window.histograms[i]});
    }
    matrix.push_back(std::move(out));
    return {};
  });
  if (!visited) return tl::unexpected(visited.error());
  Sort(&matrix);
  return matrix;
}

}  // namespace

Engine::Turn::Turn(const Engine& engine, TimePoint deadline, const Cancellation* cancellation)
    : engine_(engine) {
  std::unique_lock lock(engine.mutex_);
  // The clock may be one that does not run by itself; whoever waits looks at it again from time to time.
  while (engine.running_ >= engine.options_.max_concurrent) {
    if (cancellation != nullptr && cancellation->cancelled()) {
      taken_ = Fail(ErrorCode::kTimeout, "query was canceled in query queue");
      return;
    }
    if (engine.clock_.Now() >= deadline) {
      taken_ = Fail(ErrorCode::kTimeout, "query timed out in query queue");
      return;
    }
    engine.freed_.wait_for(lock, std::chrono::milliseconds(10));
  }
  ++engine.running_;
}

Engine::Turn::~Turn() {
  if (!taken_) return;
  const std::lock_guard lock(engine_.mutex_);
  --engine_.running_;
  engine_.freed_.notify_one();
}

Engine::Engine(EngineOptions options, const Clock& clock) : options_(options), clock_(clock) {}

Result<QueryResult> Engine::Run(const storage::Queryable& data, const Expr& expr, const Span& span,
                                const Settings& settings) const {
  const Duration timeout =
      settings.timeout > Duration::zero() ? std::min(settings.timeout, options_.timeout) : options_.timeout;
  if (span.start < -kTimeLimit || span.end > kTimeLimit) {
    return Fail(ErrorCode::kInvalidArgument, "the time of the query is out of range");
  }
  const TimePoint deadline = clock_.Now() + timeout;
  const Turn turn(*this, deadline, settings.cancellation);
  if (!turn.taken()) return tl::unexpected(turn.taken().error());

  const bool instant = span.step == 0;
  Query query{
      .data = data,
      .options = options_,
      .clock = clock_,
      .deadline = deadline,
      .cancellation = settings.cancellation,
      .lookback = Millis(settings.lookback > Duration::zero() ? settings.lookback : options_.lookback),
      .start = span.start,
      .end = span.end,
      .interval = span.step,
      .annotations = {}};
  Evaluation evaluation(
      &query, {.start = span.start,
               .interval = span.step,
               .count = instant ? 1 : static_cast<size_t>((span.end - span.start) / span.step) + 1});
  QueryResult result;
  if (expr.type == ValueType::kString) {
    const Result<std::string_view> text = evaluation.EvalString(expr);
    if (!text) return tl::unexpected(text.error());
    result.value = String{.time = span.start, .value = std::string(*text)};
  } else if (expr.type == ValueType::kMatrix) {
    Result<Matrix> matrix = Samples(evaluation, expr);
    if (!matrix) return tl::unexpected(matrix.error());
    result.value = *std::move(matrix);
  } else {
    Result<Grid> grid = evaluation.Eval(expr);
    if (!grid) return tl::unexpected(grid.error());
    if (Status distinct = RemoveNames(options_, &*grid); !distinct) return tl::unexpected(distinct.error());
    if (!instant) {
      result.value = ToMatrix(*grid, evaluation.steps());
    } else if (expr.type == ValueType::kScalar) {
      result.value = Scalar{.time = span.start, .value = grid->floats(0)[0]};
    } else {
      result.value = ToVector(*grid, span.start);
    }
  }
  result.annotations = std::move(query.annotations);
  result.samples_read = query.samples_read;
  return result;
}

Result<QueryResult> Engine::Instant(const storage::Queryable& data, const Expr& expr, UnixMillis time,
                                    const Settings& settings) const {
  return Run(data, expr, {.start = time, .end = time, .step = 0}, settings);
}

Result<QueryResult> Engine::Range(const storage::Queryable& data, const Expr& expr, UnixMillis start,
                                  UnixMillis end, int64_t step, const Settings& settings) const {
  if (expr.type != ValueType::kScalar && expr.type != ValueType::kVector) {
    return Fail(ErrorCode::kInvalidArgument, "invalid expression type \"" +
                                                 std::string(ValueTypeName(expr.type)) +
                                                 "\" for range query, must be Scalar or instant Vector");
  }
  return Run(data, expr, {.start = start, .end = end, .step = step}, settings);
}

}  // namespace sidelight::promql
