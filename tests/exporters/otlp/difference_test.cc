#include "exporters/otlp/difference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/metrics/registry.h"
#include "core/model/float_histogram.h"
#include "tests/support/fake_clock.h"

namespace sidelight::otlp {
namespace {

Metric Number(const char* series, double value, UnixMillis start = 1000) {
  Metric metric;
  metric.labels = Labels{{"series", series}};
  metric.value = value;
  metric.start = start;
  return metric;
}

Snapshot Of(UnixMillis time, MetricType type, std::vector<Metric> metrics) {
  MetricFamily family;
  family.name = "requests_total";
  family.help = "Requests.";
  family.otel_name = "requests";
  family.type = type;
  family.metrics = std::move(metrics);
  return {.time = time, .families = {std::move(family)}};
}

// "a=3@5000", the value and the start of each series.
std::string Text(const Snapshot& snapshot) {
  std::string text;
  for (const MetricFamily& family : snapshot.families) {
    for (const Metric& metric : family.metrics) {
      text += std::string(text.empty() ? "" : " ") + std::string(metric.labels.Get("series")) + "=" +
              std::to_string(static_cast<int>(metric.value)) + "@" + std::to_string(metric.start);
    }
  }
  return text;
}

TEST(Difference, OfNumbers) {
  const MetricType counter = MetricType::kCounter;
  Metric stale = Number("a", 0);
  stale.stale = true;
  const struct {
    const char* name;
    MetricType type;
    std::vector<Metric> before;
    std::vector<Metric> now;
    std::string want;
  } cases[] = {
      {"grown", counter, {Number("a", 3)}, {Number("a", 10)}, "a=7@5000"},
      {"not grown", counter, {Number("a", 3)}, {Number("a", 3)}, ""},
      {"new", counter, {}, {Number("a", 3, 6000)}, "a=3@6000"},
      {"new, and 0", counter, {}, {Number("a", 0, 6000)}, "a=0@6000"},
      {"new, of unknown start", counter, {}, {Number("a", 3, 0)}, "a=3@5000"},
      {"of unknown start", counter, {Number("a", 3, 0)}, {Number("a", 4, 0)}, "a=1@5000"},
      {"begun anew", counter, {Number("a", 3)}, {Number("a", 4, 6000)}, "a=4@6000"},
      {"fallen", counter, {Number("a", 3, 0)}, {Number("a", 2, 0)}, "a=2@5000"},
      {"ended", counter, {Number("a", 3)}, {stale}, ""},
      {"gone", counter, {Number("a", 3), Number("b", 1)}, {Number("b", 2)}, "b=1@5000"},
      {"come back", counter, {stale}, {Number("a", 2, 6000)}, "a=2@6000"},
      {"a gauge", MetricType::kGauge, {Number("a", 3)}, {Number("a", 3)}, "a=3@1000"},
  };
  for (const auto& c : cases) {
    const Snapshot before = Of(5000, c.type, c.before);
    EXPECT_EQ(Text(Difference(&before, Of(9000, c.type, c.now))), c.want) << c.name;
  }
}

TEST(Difference, AfterTheClockWasSetBack) {
  const MetricType counter = MetricType::kCounter;
  const Snapshot before = Of(5000, counter, {Number("a", 3), Number("b", 1, 0)});
  const Snapshot out = Difference(&before, Of(2000, counter, {Number("a", 10), Number("b", 2, 0)}));
  EXPECT_EQ(Text(out), "a=7@2000 b=1@2000");
}

TEST(Difference, OfNothingIsAll) {
  const Snapshot out = Difference(nullptr, Of(9000, MetricType::kCounter, {Number("a", 3)}));
  EXPECT_EQ(Text(out), "a=3@1000");
  EXPECT_EQ(out.time, 9000);
  EXPECT_EQ(out.families[0].otel_name, "requests");
  EXPECT_EQ(out.families[0].help, "Requests.");
}

// What a receiver does that adds deltas up.
class Receiver {
 public:
  void Take(const Snapshot& deltas) {
    for (const MetricFamily& family : deltas.families) {
      for (const Metric& metric : family.metrics) {
        if (metric.histogram == nullptr) {
          counters_[metric.labels] += metric.value;
          continue;
        }
        const Histogram& delta = *metric.histogram;
        Sum& sum = histograms_[metric.labels];
        sum.classic.resize(delta.classic.counts.size());
        for (size_t i = 0; i < sum.classic.size(); ++i) sum.classic[i] += delta.classic.counts[i];
        const FloatHistogramPtr native = ToFloatHistogram(delta);
        if (sum.native == nullptr) {
          sum.native = std::make_unique<FloatHistogram>(*native);
        } else {
          ASSERT_TRUE(sum.native->Add(*native));
        }
      }
    }
  }

  void ExpectSame(const Snapshot& cumulative) {
    for (const MetricFamily& family : cumulative.families) {
      for (const Metric& metric : family.metrics) {
        if (metric.histogram == nullptr) {
          EXPECT_EQ(counters_[metric.labels], metric.value) << metric.labels.ToString();
          continue;
        }
        Sum& sum = histograms_[metric.labels];
        EXPECT_EQ(sum.classic, metric.histogram->classic.counts) << metric.labels.ToString();
        FloatHistogram want = *ToFloatHistogram(*metric.histogram);
        EXPECT_NEAR(sum.native->sum, want.sum, 1e-9 * std::abs(want.sum));
        want.sum = sum.native->sum;
        want.Compact();
        sum.native->Compact();
        EXPECT_EQ(sum.native->ToString(), want.ToString()) << metric.labels.ToString();
      }
    }
  }

 private:
  struct Sum {
    std::vector<uint64_t> classic;
    std::unique_ptr<FloatHistogram> native;
  };
  std::map<Labels, double> counters_;
  std::map<Labels, Sum> histograms_;
};

// Values over 24 orders of magnitude make the native form coarser again and again.
TEST(Difference, AddedUpIsCumulative) {
  FakeClock clock;
  metrics::Registry registry(clock, {.series_limit = 1000});
  metrics::Family* const counters = registry.AddFamily({.name = "c_total", .type = MetricType::kCounter});
  metrics::Family* const histograms = registry.AddFamily(
      {.name = "h_seconds",
       .type = MetricType::kHistogram,
       .histogram = {
           .bounds = std::make_shared<const std::vector<double>>(std::vector<double>{-1, 0.01, 1, 100}),
           .native_max_buckets = 20}});
  metrics::Shard* const shard = registry.AddShard();
  std::mt19937 random(7);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };

  Receiver receiver;
  std::shared_ptr<const Snapshot> last;
  for (int turn = 0; turn < 200; ++turn) {
    clock.Advance(std::chrono::seconds(10));
    const int decades = 1 + turn / 10;
    for (int i = pick(30); i > 0; --i) {
      const Labels labels{{"n", std::to_string(pick(5))}};
      shard->GetCounter(counters, labels)->Add(pick(100));
      const double magnitude = std::pow(10.0, decades * (pick(1000) / 500.0 - 1) / 1.7);
      const int kind = pick(10);
      shard->GetHistogram(histograms, labels)->Observe(kind == 0 ? 0 : kind < 3 ? -magnitude : magnitude);
    }
    const std::shared_ptr<const Snapshot> now = registry.Collect();
    receiver.Take(Difference(last.get(), *now));
    last = now;
  }
  receiver.ExpectSame(*last);
}

}  // namespace
}  // namespace sidelight::otlp
