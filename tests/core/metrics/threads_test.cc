// Writers on their own shards while others collect: every snapshot is consistent, and nothing is lost.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "core/metrics/registry.h"
#include "tests/core/metrics/series_text.h"
#include "tests/support/fake_clock.h"

namespace sidelight::metrics {
namespace {

// Each step is a multiple of 1/1024, so that sums are exact in any order.
double Value(uint64_t n) {
  return static_cast<double>(1 + n * 2654435761u % (1 << 20)) / 1024;
}

void ExpectConsistent(const sidelight::Histogram& h) {
  ASSERT_EQ(Sum(h.classic.counts), h.count);
  ASSERT_EQ(NativeSum(h), h.count);
  // The parts of an exemplar belong together: a torn read would mix two.
  for (const Exemplar& exemplar : h.exemplars) {
    ASSERT_EQ(exemplar.value, static_cast<double>(exemplar.time) / 1024);
    ASSERT_EQ(exemplar.id.trace[3], exemplar.id.span[5]);
  }
}

TEST(Threads, EverySnapshotIsConsistentAndNothingIsLost) {
  constexpr int kWriters = 3;
  constexpr uint64_t kObservations = 60'000;
  FakeClock clock;
  Registry registry(clock, {});
  Family* const durations = registry.AddFamily(
      {.name = "h",
       .type = MetricType::kHistogram,
       .histogram = {
           .bounds = std::make_shared<const std::vector<double>>(std::vector<double>{0.5, 2, 30, 500}),
           .native_max_buckets = 40}});
  Family* const requests = registry.AddFamily({.name = "c_total"});
  Family* const active = registry.AddFamily({.name = "g", .type = MetricType::kGauge});

  std::atomic<int> running{kWriters};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w, shard = registry.AddShard()] {
      metrics::Histogram* const histogram = shard->GetHistogram(durations, {});
      Counter* const counter = shard->GetCounter(requests, {});
      Gauge* const gauge = shard->GetGauge(active, {});
      for (uint64_t i = 0; i < kObservations; ++i) {
        const double v = Value(i * 3 + static_cast<uint64_t>(w));
        gauge->Add(1);
        if (i % 8 == 0) {
          TraceId id;
          id.trace[3] = id.span[5] = static_cast<uint8_t>(1 + i % 250);
          histogram->Observe(v, id, static_cast<UnixMillis>(v * 1024));
        } else {
          histogram->Observe(i % 16 == 1 ? -v : v);
        }
        counter->Add(1);
        gauge->Add(-1);
        // Series that come and go meanwhile, with storage of their own.
        if (i % 512 == 0) {
          const Labels labels{{"n", std::to_string(i % 7)}};
          metrics::Histogram* const passing = shard->GetHistogram(durations, labels);
          passing->Observe(v);
          shard->Release(passing);
        }
      }
      --running;
    });
  }
  std::thread sampler([&] {
    while (running.load() > 0) registry.Sample();
  });

  uint64_t last_count = 0;
  while (running.load() > 0) {
    const auto snapshot = registry.Collect();
    if (const MetricFamily* const family = FindFamily(*snapshot, "h")) {
      for (const Metric& metric : family->metrics) ExpectConsistent(*metric.histogram);
    }
    if (const Metric* const metric = FindMetric(*snapshot, "h", {})) {
      ASSERT_GE(metric->histogram->count, last_count);
      last_count = metric->histogram->count;
    }
    if (testing::Test::HasFatalFailure()) break;
  }
  for (std::thread& writer : writers) writer.join();
  sampler.join();

  double sum = 0;
  for (uint64_t i = 0; i < kObservations; ++i) {
    for (uint64_t w = 0; w < kWriters; ++w) sum += i % 16 == 1 ? -Value(i * 3 + w) : Value(i * 3 + w);
  }
  const auto snapshot = registry.Collect();
  const auto histogram = FindMetric(*snapshot, "h", {})->histogram;
  ExpectConsistent(*histogram);
  EXPECT_EQ(histogram->count, kWriters * kObservations);
  EXPECT_EQ(histogram->sum, sum);
  EXPECT_EQ(FindMetric(*snapshot, "c_total", {})->value, kWriters * kObservations);
  EXPECT_EQ(FindMetric(*snapshot, "g", {})->value, 0);
  EXPECT_EQ(FindFamily(*snapshot, "h")->metrics.size(), 1u);
  EXPECT_EQ(registry.series(), 3u);
}

// A writer that never pauses must neither be torn nor keep the collection waiting for ever.
TEST(Threads, ACollectionEndsWhileAWriterNeverPauses) {
  FakeClock clock;
  Registry registry(clock, {});
  Family* const family = registry.AddFamily(
      {.name = "h",
       .type = MetricType::kHistogram,
       .histogram = {.bounds = std::make_shared<const std::vector<double>>(std::vector<double>{1, 2, 3})}});
  std::atomic<bool> stop{false};
  std::atomic<bool> started{false};
  uint64_t written = 0;
  std::thread writer([&, shard = registry.AddShard()] {
    metrics::Histogram* const histogram = shard->GetHistogram(family, {});
    // Every observation is 1.5 of bucket 2, so that the parts of a consistent state are multiples of its
    // count.
    while (!stop.load(std::memory_order_relaxed)) {
      histogram->Observe(1.5);
      ++written;
      started.store(true, std::memory_order_relaxed);
    }
  });
  while (!started.load()) std::this_thread::yield();
  for (int i = 0; i < 500; ++i) {
    const auto snapshot = registry.Collect();
    const auto histogram = FindMetric(*snapshot, "h", {})->histogram;
    ASSERT_EQ(NativeSum(*histogram), histogram->count);
    ASSERT_EQ(histogram->sum, 1.5 * static_cast<double>(histogram->count));
  }
  stop = true;
  writer.join();
  EXPECT_EQ(FindMetric(*registry.Collect(), "h", {})->histogram->count, written);
}

}  // namespace
}  // namespace sidelight::metrics
