// What a query costs: each beside the bare loop over the same numbers. bench/query/query_bench.py asks the
// same over HTTP and beside Prometheus.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/query/workload.h"
#include "core/base/clock.h"
#include "core/storage/store.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "src/api/query_json.h"

namespace sidelight::bench {
namespace {

constexpr UnixMillis kOrigin = 1'700'000'000'000;
constexpr UnixMillis kRecent = kOrigin + 600'000;  // the end of ten minutes at one second
constexpr UnixMillis kHour = kOrigin + 3'660'000;  // the end of 61 minutes at 15 seconds

constexpr const char* kQueries[] = {
    "sum by (route) (rate(http_requests_total[1m]))",
    "histogram_quantile(0.99, sum by (le, route) (rate(x_bucket[1m])))",
    "topk(10, rate(http_requests_total[1m]))",
    "sum by (route) (http_requests_total)",
    "http_requests_total",
};

storage::Store& Filled(UnixMillis end, int64_t interval) {
  // They live as long as the process.
  auto* const store = storage::Store::Open({.first_zero = false})->release();
  Fill(Workload(kOrigin), kOrigin, end, interval, store);
  return *store;
}
const storage::Store& Recent() {
  static const storage::Store& store = Filled(kRecent, 1000);
  return store;
}
const storage::Store& Hour() {
  static const storage::Store& store = Filled(kHour, 15'000);
  return store;
}

const promql::Engine& TheEngine() {
  static const promql::Engine engine({}, SystemClock());
  return engine;
}

void Instant(benchmark::State& state) {
  const char* const text = kQueries[state.range(0)];
  const promql::ExprPtr expr = *promql::Parse(text, {});
  size_t bytes = 0;
  for (auto _ : state) {
    const auto result = TheEngine().Instant(Recent(), *expr, kRecent, {});
    bytes = api::WriteAnswer(*result, text, {.bytes = size_t{1} << 30})->size();
  }
  state.SetLabel(text);
  state.counters["answer_bytes"] = static_cast<double>(bytes);
}

void Range(benchmark::State& state) {
  const char* const text = kQueries[state.range(0)];
  const promql::ExprPtr expr = *promql::Parse(text, {});
  size_t bytes = 0;
  for (auto _ : state) {
    const auto result = TheEngine().Range(Hour(), *expr, kHour - 3'600'000, kHour, 15'000, {});
    bytes = api::WriteAnswer(*result, text, {.bytes = size_t{1} << 30})->size();
  }
  state.SetLabel(text);
  state.counters["answer_bytes"] = static_cast<double>(bytes);
}

void Rules(benchmark::State& state) {
  std::vector<promql::ExprPtr> rules;
  for (const std::string& text : RuleExpressions()) rules.push_back(*promql::Parse(text, {}));
  for (auto _ : state) {
    for (const promql::ExprPtr& rule : rules) {
      benchmark::DoNotOptimize(TheEngine().Instant(Recent(), *rule, kRecent, {}));
    }
  }
  state.counters["per_rule"] =
      benchmark::Counter(static_cast<double>(rules.size()),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// The first query as the least that could be: the samples of the window lie decoded, one series after the
// other, and the group of each is known.
void BareLoop(benchmark::State& state) {
  constexpr size_t kWindow = 60;
  const size_t series = Workload::kSeries * 4 / 10;
  std::vector<double> values(series * kWindow);
  std::vector<double> sums(Workload::kRoutes);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<double>((i % kWindow) * (i / kWindow % 100));
  }
  for (auto _ : state) {
    std::fill(sums.begin(), sums.end(), 0);
    for (size_t i = 0; i < series; ++i) {
      const double* const window = values.data() + i * kWindow;
      double growth = window[kWindow - 1] - window[0];
      for (size_t k = 1; k < kWindow; ++k) growth += window[k] < window[k - 1] ? window[k - 1] : 0;
      sums[i / 40] += growth / (kWindow - 1);
    }
    benchmark::DoNotOptimize(sums.data());
  }
}

// Decoding the windows of that query alone: where the store's part of it ends.
void DecodeAlone(benchmark::State& state) {
  const std::vector<Matcher> matchers = {
      *Matcher::Make(Matcher::Type::kEqual, "__name__", "http_requests_total")};
  storage::Samples samples;
  for (auto _ : state) {
    const auto selection = Recent().Select(matchers, kRecent - 59'999, kRecent);
    for (const storage::Series* const series : selection->series()) {
      samples.Clear();
      series->Read(kRecent - 59'999, kRecent, &samples);
    }
  }
}

BENCHMARK(Instant)->DenseRange(0, 4)->Unit(benchmark::kMicrosecond);
BENCHMARK(Range)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);
BENCHMARK(Rules)->Unit(benchmark::kMicrosecond);
BENCHMARK(DecodeAlone)->Unit(benchmark::kMicrosecond);
BENCHMARK(BareLoop)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sidelight::bench
