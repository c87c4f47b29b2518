// A scrape of 10,000 series: each writer, gzip, and the same data in prometheus-cpp, whose Collect and
// TextSerializer::Serialize are the yardstick (design.md: at least 20 times faster).
//
// The series: 8,500 counters with four labels, and 100 histograms of 12 bounds, which is 15 lines each.
#include <benchmark/benchmark.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <time.h>

#include <chrono>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "core/metrics/registry.h"
#include "core/wire/exposition/exposition.h"
#include "core/wire/gzip.h"

namespace sidelight {
namespace {

constexpr int kCounters = 8500;
constexpr int kHistograms = 100;
constexpr int kObservations = 200;
const std::vector<double> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
constexpr const char* kCodes[] = {"200", "201", "301", "304", "400", "401", "404", "429", "500", "503"};
constexpr const char* kMethods[] = {"GET", "POST", "PUT", "DELETE", "HEAD"};

std::string Route(int i) {
  return "/api/v1/items/" + std::to_string(i);
}

// Calls `counter(route, method, code, value)` and `histogram(route, observations)` for each series.
template <class CounterFn, class HistogramFn>
void ForEachSeries(CounterFn counter, HistogramFn histogram) {
  for (int n = 0, route = 0; n < kCounters; ++route) {
    for (const char* method : kMethods) {
      for (const char* code : kCodes) {
        if (n < kCounters) counter(Route(route), method, code, 1000.0 + n * 7);
        ++n;
      }
    }
  }
  std::mt19937 random(1);
  std::lognormal_distribution<double> latency(-4, 1);
  for (int i = 0; i < kHistograms; ++i) {
    std::vector<double> observations(kObservations);
    for (double& v : observations) v = latency(random);
    histogram(Route(i), observations);
  }
}

struct PrometheusCpp {
  ::prometheus::Registry registry;

  PrometheusCpp() {
    auto& counters = ::prometheus::BuildCounter()
                         .Name("http_requests_total")
                         .Help("Requests by route and code")
                         .Register(registry);
    auto& histograms = ::prometheus::BuildHistogram()
                           .Name("http_request_duration_seconds")
                           .Help("Latency by route")
                           .Register(registry);
    ForEachSeries(
        [&](const std::string& route, const char* method, const char* code, double value) {
          counters.Add({{"service", "checkout"}, {"route", route}, {"method", method}, {"code", code}})
              .Increment(value);
        },
        [&](const std::string& route, const std::vector<double>& observations) {
          auto& histogram = histograms.Add({{"service", "checkout"}, {"route", route}}, kBounds);
          for (const double v : observations) histogram.Observe(v);
        });
  }

  std::string Scrape() const {
    const ::prometheus::TextSerializer serializer;
    std::ostringstream out;
    serializer.Serialize(out, registry.Collect());
    return out.str();
  }

  static const PrometheusCpp& Get() {
    static const auto* const instance = new PrometheusCpp;
    return *instance;
  }
};

struct Ours {
  metrics::Registry registry{SystemClock(), {.series_limit = 20000}};

  Ours() {
    metrics::Shard* const shard = registry.AddShard();
    metrics::Family* const counters = registry.AddFamily({.name = "http_requests_total",
                                                          .help = "Requests by route and code",
                                                          .unit = "",
                                                          .type = MetricType::kCounter,
                                                          .histogram = {}});
    metrics::Family* const histograms =
        registry.AddFamily({.name = "http_request_duration_seconds",
                            .help = "Latency by route",
                            .unit = "seconds",
                            .type = MetricType::kHistogram,
                            .histogram = {.bounds = std::make_shared<const std::vector<double>>(kBounds)}});
    ForEachSeries(
        [&](const std::string& route, const char* method, const char* code, double value) {
          const Labels labels = {
              {"service", "checkout"}, {"route", route}, {"method", method}, {"code", code}};
          shard->GetCounter(counters, labels)->Add(value);
        },
        [&](const std::string& route, const std::vector<double>& observations) {
          metrics::Histogram* const histogram =
              shard->GetHistogram(histograms, Labels{{"service", "checkout"}, {"route", route}});
          for (const double v : observations) histogram->Observe(v);
        });
  }

  static const Ours& Get() {
    static const auto* const instance = new Ours;
    return *instance;
  }
};

const Snapshot& TheSnapshot() {
  static const std::shared_ptr<const Snapshot> snapshot = Ours::Get().registry.Collect();
  return *snapshot;
}

void Write(benchmark::State& state, wire::ExpositionFormat format) {
  const Snapshot& snapshot = TheSnapshot();
  std::string out;
  for (auto _ : state) {
    out.clear();
    wire::WriteExposition(snapshot, {.format = format}, &out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * out.size()));
}
BENCHMARK_CAPTURE(Write, text, wire::ExpositionFormat::kText004)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Write, openmetrics, wire::ExpositionFormat::kOpenMetrics100)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Write, protobuf, wire::ExpositionFormat::kProtobuf)->Unit(benchmark::kMicrosecond);

// By zlib's level; `out` is the share of the bytes that is left.
void Gzip(benchmark::State& state) {
  std::string text;
  wire::WriteExposition(TheSnapshot(), {}, &text);
  size_t size = 0;
  for (auto _ : state) {
    const Result<std::string> packed = wire::Gzip(text, static_cast<int>(state.range(0)));
    size = packed->size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
  state.counters["out"] = static_cast<double>(size) / static_cast<double>(text.size());
}
BENCHMARK(Gzip)->Arg(1)->Arg(3)->Arg(6)->Unit(benchmark::kMicrosecond);

void PrometheusCppScrape(benchmark::State& state) {
  size_t size = 0;
  for (auto _ : state) size = PrometheusCpp::Get().Scrape().size();
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * size));
}
BENCHMARK(PrometheusCppScrape)->Unit(benchmark::kMicrosecond);

void Scrape(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    wire::WriteExposition(*Ours::Get().registry.Collect(), {}, &out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * out.size()));
}
BENCHMARK(Scrape)->Unit(benchmark::kMicrosecond);

std::chrono::nanoseconds CpuTime() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// Both in turns, so that the machine's moods strike them alike; of CPU time, since a neighbour's turn is
// neither's. `ratio` is the budget: at least 20.
void Ratio(benchmark::State& state) {
  constexpr int kOursPerTheirs = 10;
  std::chrono::nanoseconds ours{};
  std::chrono::nanoseconds theirs{};
  std::string out;
  for (auto _ : state) {
    const auto start = CpuTime();
    benchmark::DoNotOptimize(PrometheusCpp::Get().Scrape());
    const auto middle = CpuTime();
    for (int i = 0; i < kOursPerTheirs; ++i) {
      out.clear();
      wire::WriteExposition(*Ours::Get().registry.Collect(), {}, &out);
      benchmark::DoNotOptimize(out.data());
    }
    theirs += middle - start;
    ours += (CpuTime() - middle) / kOursPerTheirs;
  }
  state.counters["ratio"] = static_cast<double>(theirs.count()) / static_cast<double>(ours.count());
}
BENCHMARK(Ratio)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sidelight
