// What the store costs: bytes for each sample, appending, reading, selecting. 10,000 series at one sample a
// second, with the values of a counter that was read at whole seconds: int(rate * t).
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "core/model/snapshot.h"
#include "core/storage/snapshot_appender.h"
#include "core/storage/store.h"

namespace sidelight::storage {
namespace {

constexpr size_t kSeries = 10'000;
constexpr int64_t kSeconds = 600;
constexpr UnixMillis kStart = 1'700'000'000'000;

// 10,000 counters of two families: rates are spread evenly up to `most` each second.
Snapshot MakeSnapshot(double most, int64_t second) {
  static const std::vector<Labels> labels = [] {
    std::vector<Labels> made;
    for (size_t i = 0; i < kSeries; ++i) {
      const std::string route = "/api/v1/r" + std::to_string(i / 40);
      const std::string code = std::to_string(200 + 100 * (i % 4) + i % 5);
      const std::string pod = "checkout-7d9f-" + std::to_string(i % 40);
      made.push_back(Labels{{"route", route}, {"code", code}, {"pod", pod}, {"service", "checkout"}});
    }
    std::sort(made.begin(), made.end());
    return made;
  }();
  static const std::vector<double> shares = [] {
    std::mt19937_64 random(1);
    std::vector<double> made;
    for (size_t i = 0; i < kSeries; ++i) made.push_back(std::uniform_real_distribution<double>()(random));
    return made;
  }();
  Snapshot snapshot;
  snapshot.time = kStart + second * 1000;
  for (const auto& [name, first, last] :
       {std::tuple{"http_requests_total", size_t{0}, size_t{4000}}, {"x_total", size_t{4000}, kSeries}}) {
    MetricFamily family{name, "", "", MetricType::kCounter, {}};
    for (size_t i = first; i < last; ++i) {
      Metric metric;
      metric.labels = labels[i];
      metric.start = kStart - 5000;
      metric.value =
          static_cast<double>(static_cast<int64_t>(shares[i] * most * static_cast<double>(second + 5)));
      family.metrics.push_back(std::move(metric));
    }
    snapshot.families.push_back(std::move(family));
  }
  return snapshot;
}

struct Filled {
  explicit Filled(double most) {
    store = *Store::Open({.first_zero = false});
    SnapshotAppender appender(*store, Labels{{"job", "checkout"}, {"instance", "pod-1"}});
    for (int64_t second = 0; second < kSeconds; ++second) appender.Append(MakeSnapshot(most, second));
    store->Maintain(kStart + kSeconds * 1000);
  }
  std::unique_ptr<Store> store;
};

const Store& Slow() {
  static const Filled filled(1);
  return *filled.store;
}
const Store& Fast() {
  static const Filled filled(100);
  return *filled.store;
}

std::vector<Matcher> Requests() {
  return {*Matcher::Make(Matcher::Type::kEqual, "__name__", "http_requests_total")};
}

// The time means nothing here; the counters are the result.
void BytesPerSample(benchmark::State& state) {
  const Store& store = state.range(0) == 1 ? Slow() : Fast();
  const StoreStats stats = store.Stats();
  for (auto _ : state) benchmark::DoNotOptimize(&stats);
  const auto samples = static_cast<double>(stats.appended);
  state.counters["bytes_per_sample"] = static_cast<double>(stats.chunk_bytes) / samples;
  state.counters["with_series_and_index"] = static_cast<double>(stats.bytes) / samples;
  state.counters["MiB"] = static_cast<double>(stats.bytes) / (1 << 20);
}

void AppendSnapshot(benchmark::State& state) {
  const auto store = *Store::Open({.retention = std::chrono::minutes(10), .first_zero = false});
  SnapshotAppender appender(*store, Labels{{"job", "checkout"}, {"instance", "pod-1"}});
  int64_t second = 0;
  for (; second < 10; ++second) appender.Append(MakeSnapshot(100, second));
  for (auto _ : state) {
    state.PauseTiming();
    const Snapshot snapshot = MakeSnapshot(100, second++);
    state.ResumeTiming();
    appender.Append(snapshot);
  }
  state.counters["ns_per_sample"] = benchmark::Counter(
      kSeries * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void Select4000Of10000(benchmark::State& state) {
  const Store& store = Fast();
  const std::vector<Matcher> matchers = Requests();
  const UnixMillis to = kStart + kSeconds * 1000;
  for (auto _ : state) {
    const auto selection = store.Select(matchers, to - 60'000, to);
    if (selection->series().size() != 4000) state.SkipWithError("not 4000 series");
  }
}

void ReadSeries(benchmark::State& state) {
  const Store& store = Fast();
  const std::vector<Matcher> matchers = Requests();
  const UnixMillis to = kStart + kSeconds * 1000;
  const UnixMillis from = to - state.range(0) * 1000 + 1;
  const auto selection = store.Select(matchers, from, to);
  Samples samples;
  size_t read = 0;
  for (auto _ : state) {
    for (const Series* series : selection->series()) {
      samples.Clear();
      series->Read(from, to, &samples);
      read += samples.times.size();
    }
  }
  state.counters["ns_per_sample"] = benchmark::Counter(
      static_cast<double>(read) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void ReadNewest(benchmark::State& state) {
  const Store& store = Fast();
  const UnixMillis to = kStart + kSeconds * 1000;
  const auto selection = store.Select(Requests(), to - 300'000, to);
  Samples samples;
  for (auto _ : state) {
    for (const Series* series : selection->series()) {
      samples.Clear();
      series->ReadNewest(to - 300'000, to, &samples);
    }
  }
}

void LabelNames(benchmark::State& state) {
  const Store& store = Fast();
  const UnixMillis to = kStart + kSeconds * 1000;
  for (auto _ : state) {
    if (store.LabelNames({}, to - 60'000, to).size() != 7) state.SkipWithError("not 7 names");
  }
}

void LabelValues(benchmark::State& state) {
  const Store& store = Fast();
  const UnixMillis to = kStart + kSeconds * 1000;
  for (auto _ : state) {
    if (store.LabelValues("route", {}, to - 60'000, to).size() != 250) state.SkipWithError("not 250 values");
  }
}

// The log of ten minutes, read back.
void Replay(benchmark::State& state) {
  std::string folder = (std::filesystem::temp_directory_path() / "storage_bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    state.SkipWithError("no temporary folder");
    return;
  }
  {
    const auto store = *Store::Open({.path = folder, .first_zero = false});
    SnapshotAppender appender(*store, Labels{{"job", "checkout"}, {"instance", "pod-1"}});
    for (int64_t second = 0; second < kSeconds; ++second) appender.Append(MakeSnapshot(100, second));
  }
  StoreStats stats;
  for (auto _ : state) {
    const auto store = *Store::Open({.path = folder, .first_zero = false});
    stats = store->Stats();
  }
  if (stats.replayed != kSeries * kSeconds) state.SkipWithError("not everything came back");
  state.counters["log_bytes_per_sample"] =
      static_cast<double>(stats.log_bytes) / static_cast<double>(stats.replayed);
  state.counters["ns_per_sample"] =
      benchmark::Counter(static_cast<double>(stats.replayed) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  std::filesystem::remove_all(folder);
}

BENCHMARK(Replay)->Unit(benchmark::kMillisecond)->Iterations(3);
BENCHMARK(BytesPerSample)->Arg(1)->Arg(100)->Iterations(1);
BENCHMARK(AppendSnapshot)->Unit(benchmark::kMillisecond);
BENCHMARK(Select4000Of10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(LabelNames)->Unit(benchmark::kMicrosecond);
BENCHMARK(LabelValues)->Unit(benchmark::kMicrosecond);
BENCHMARK(ReadSeries)->Arg(60)->Arg(600)->Unit(benchmark::kMillisecond);
BENCHMARK(ReadNewest)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sidelight::storage
