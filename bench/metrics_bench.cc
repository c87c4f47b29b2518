// What measuring costs: one Observe and one Add, a collection of 10,000 lines, and beside them
// prometheus-cpp's. The counter `ratio` compares with prometheus-cpp in the same process: its time over ours.
#include <benchmark/benchmark.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <time.h>

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/metrics/registry.h"

namespace sidelight::metrics {
namespace {

constexpr size_t kValues = 4096;

const std::vector<double>& LatencyBounds() {  // 14, those of http.server.request.duration
  static const std::vector<double> bounds{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                          0.5,   0.75, 1,     2.5,  5,     7.5, 10};
  return bounds;
}

const std::array<double, kValues>& Latencies() {
  static const std::array<double, kValues> values = [] {
    std::array<double, kValues> made{};
    std::mt19937 random(1);
    std::lognormal_distribution<double> latency(-4, 1);
    for (double& v : made) v = latency(random);
    return made;
  }();
  return values;
}

struct TwoShards {
  TwoShards() {
    const auto bounds = std::make_shared<const std::vector<double>>(LatencyBounds());
    Family* const durations = registry.AddFamily({.name = "h_seconds",
                                                  .help = "",
                                                  .unit = "seconds",
                                                  .type = MetricType::kHistogram,
                                                  .histogram = {.bounds = bounds}});
    Family* const requests =
        registry.AddFamily({.name = "c_total", .help = "", .unit = "", .type = MetricType::kCounter});
    for (size_t i = 0; i < 2; ++i) {
      Shard* const shard = registry.AddShard();
      histograms[i] = shard->GetHistogram(durations, Labels{{"k", "v"}});
      counters[i] = shard->GetCounter(requests, Labels{{"k", "v"}});
      peers[i] = std::make_unique<prometheus::Histogram>(LatencyBounds());
    }
  }

  Registry registry{SystemClock(), {}};
  std::array<Histogram*, 2> histograms{};
  std::array<Counter*, 2> counters{};
  std::array<std::unique_ptr<prometheus::Histogram>, 2> peers;
};

TwoShards& Two() {
  static TwoShards two;
  return two;
}

// CPU time of this thread, in seconds: what else the machine does must not change a ratio.
double CpuSeconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Runs the benchmark's loop and, beside it, a peer's: `ratio` is the peer's CPU time per call over ours.
template <class Ours, class Peer>
void Compare(benchmark::State& state, const Ours& ours, size_t peer_calls, const Peer& peer) {
  size_t i = 0;
  const double start = CpuSeconds();
  for (auto _ : state) ours(i++);
  const double middle = CpuSeconds();
  for (size_t n = 0; n < peer_calls; ++n) peer(n);
  const double end = CpuSeconds();
  const double per_call = (middle - start) / static_cast<double>(state.iterations());
  state.counters["ratio"] = (end - middle) / static_cast<double>(peer_calls) / per_call;
}

void Observe(benchmark::State& state) {
  Histogram* const histogram = Two().histograms[static_cast<size_t>(state.thread_index())];
  const auto& values = Latencies();
  size_t i = 0;
  for (auto _ : state) histogram->Observe(values[i++ % kValues]);
}

void ObserveBesidePrometheusCpp(benchmark::State& state) {
  const auto& values = Latencies();
  Compare(
      state, [&](size_t i) { Two().histograms[0]->Observe(values[i % kValues]); }, 1'000'000,
      [&](size_t i) { Two().peers[0]->Observe(values[i % kValues]); });
}

void ObserveWithExemplar(benchmark::State& state) {
  Histogram* const histogram = Two().histograms[0];
  const auto& values = Latencies();
  TraceId id;
  id.trace[0] = id.span[0] = 1;
  size_t i = 0;
  for (auto _ : state) histogram->Observe(values[i++ % kValues], id, 1'700'000'000'000);
}

void PrometheusCppObserve(benchmark::State& state) {
  prometheus::Histogram& histogram = *Two().peers[static_cast<size_t>(state.thread_index())];
  const auto& values = Latencies();
  size_t i = 0;
  for (auto _ : state) histogram.Observe(values[i++ % kValues]);
}

void CounterAdd(benchmark::State& state) {
  Counter* const counter = Two().counters[static_cast<size_t>(state.thread_index())];
  for (auto _ : state) counter->Add(1);
}

// 8,500 counters and 100 histograms of 12 bounds, 15 lines each: 10,000 lines of a scrape.
template <class AddCounter, class AddHistogram>
void ForEachSeries(const AddCounter& add_counter, const AddHistogram& add_histogram) {
  int n = 0;
  for (int route = 0; n < 8500; ++route) {
    for (const char* method : {"GET", "POST", "PUT", "DELETE", "HEAD"}) {
      for (const char* code : {"200", "201", "301", "304", "400", "401", "404", "429", "500", "503"}) {
        if (n < 8500) add_counter("/api/v1/items/" + std::to_string(route), method, code, 1000.0 + n * 7);
        ++n;
      }
    }
  }
  for (int route = 0; route < 100; ++route) add_histogram("/api/v1/items/" + std::to_string(route), route);
}

const std::vector<double> kTwelveBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

struct TenThousand {
  TenThousand() {
    const auto bounds = std::make_shared<const std::vector<double>>(kTwelveBounds);
    requests = registry.AddFamily({.name = "http_requests_total", .help = "Requests by route and code"});
    Family* const durations = registry.AddFamily({.name = "http_request_duration_seconds",
                                                  .help = "Latency by route",
                                                  .unit = "seconds",
                                                  .type = MetricType::kHistogram,
                                                  .histogram = {.bounds = bounds}});
    shard = registry.AddShard();
    auto& peer_requests = prometheus::BuildCounter().Name("http_requests_total").Help("h").Register(peer);
    auto& peer_durations =
        prometheus::BuildHistogram().Name("http_request_duration_seconds").Help("h").Register(peer);
    ForEachSeries(
        [&](const std::string& route, const char* method, const char* code, double value) {
          shard
              ->GetCounter(
                  requests,
                  Labels{{"service", "checkout"}, {"route", route}, {"method", method}, {"code", code}})
              ->Add(value);
          peer_requests.Add({{"service", "checkout"}, {"route", route}, {"method", method}, {"code", code}})
              .Increment(value);
        },
        [&](const std::string& route, int number) {
          Histogram* const histogram =
              shard->GetHistogram(durations, Labels{{"service", "checkout"}, {"route", route}});
          auto& peer_histogram =
              peer_durations.Add({{"service", "checkout"}, {"route", route}}, kTwelveBounds);
          for (size_t k = 0; k < 200; ++k) {
            const double v = Latencies()[(static_cast<size_t>(number) * 200 + k) % kValues];
            histogram->Observe(v);
            peer_histogram.Observe(v);
          }
        });
  }

  Registry registry{SystemClock(), {.series_limit = 10000}};
  Family* requests = nullptr;
  Shard* shard = nullptr;
  prometheus::Registry peer;
};

TenThousand& Many() {
  static TenThousand many;
  return many;
}

void Collect10000(benchmark::State& state) {
  TenThousand& many = Many();
  Compare(
      state,
      [&](size_t) {
        const auto snapshot = many.registry.Collect();
        benchmark::DoNotOptimize(snapshot.get());
      },
      5,
      [&](size_t) {
        const auto collected = many.peer.Collect();
        benchmark::DoNotOptimize(collected.data());
      });
}

void GetExistingCounter(benchmark::State& state) {
  TenThousand& many = Many();
  const Labels labels{
      {"service", "checkout"}, {"route", "/api/v1/items/7"}, {"method", "GET"}, {"code", "200"}};
  for (auto _ : state) benchmark::DoNotOptimize(many.shard->GetCounter(many.requests, labels));
}

BENCHMARK(Observe)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(ObserveBesidePrometheusCpp);
BENCHMARK(ObserveWithExemplar);
BENCHMARK(PrometheusCppObserve)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(CounterAdd)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(Collect10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(GetExistingCounter);

}  // namespace
}  // namespace sidelight::metrics
