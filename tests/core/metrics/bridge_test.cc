#include "core/metrics/bridge.h"

#include <gtest/gtest.h>
#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>

#include <cmath>
#include <limits>

#include "tests/core/metrics/series_text.h"
#include "tests/support/fake_clock.h"

namespace sidelight::metrics {
namespace {

TEST(Bridge, TranslatesWhatPrometheusCppCounts) {
  const auto from = std::make_shared<prometheus::Registry>();
  auto& counters =
      prometheus::BuildCounter().Name("c_total").Help("Counted.").Labels({{"all", "x"}}).Register(*from);
  counters.Add({{"k", "b"}}).Increment(2);
  counters.Add({{"k", "a"}}).Increment(1);
  prometheus::BuildGauge().Name("g").Help("Gauged.").Register(*from).Add({}).Set(-3);
  auto& histogram =
      prometheus::BuildHistogram().Name("h").Register(*from).Add({}, std::vector<double>{1, 10});
  for (const double v : {0.5, 5.0, 6.0, 50.0}) histogram.Observe(v);
  auto& summary = prometheus::BuildSummary().Name("s").Register(*from).Add(
      {}, prometheus::Summary::Quantiles{{0.5, 0.05}});
  summary.Observe(7);

  FakeClock clock;
  Registry registry(clock, {});
  registry.AddSource(Bridge(from));
  const auto snapshot = registry.Collect();

  const MetricFamily* const counted = FindFamily(*snapshot, "c_total");
  ASSERT_NE(counted, nullptr);
  EXPECT_EQ(counted->help, "Counted.");
  EXPECT_EQ(counted->type, MetricType::kCounter);
  EXPECT_EQ(Values(counted, "k"), "a=1 b=2");
  EXPECT_EQ(counted->metrics[0].labels, (Labels{{"all", "x"}, {"k", "a"}}));

  EXPECT_EQ(FindFamily(*snapshot, "g")->type, MetricType::kGauge);
  EXPECT_EQ(FindMetric(*snapshot, "g", {})->value, -3);

  EXPECT_EQ(FindFamily(*snapshot, "h")->type, MetricType::kHistogram);
  const auto h = FindMetric(*snapshot, "h", {})->histogram;
  EXPECT_EQ(h->count, 4u);
  EXPECT_EQ(h->sum, 61.5);
  EXPECT_EQ(*h->classic.bounds, (std::vector<double>{1, 10}));
  EXPECT_EQ(h->classic.counts, (std::vector<uint64_t>{1, 2, 1}));
  EXPECT_FALSE(h->has_native());

  EXPECT_EQ(FindFamily(*snapshot, "s")->type, MetricType::kSummary);
  const auto s = FindMetric(*snapshot, "s", {})->summary;
  EXPECT_EQ(s->count, 1u);
  EXPECT_EQ(s->sum, 7);
  ASSERT_EQ(s->quantiles.size(), 1u);
  EXPECT_EQ(s->quantiles[0].quantile, 0.5);
  EXPECT_EQ(s->quantiles[0].value, 7);
}

class Given final : public prometheus::Collectable {
 public:
  explicit Given(prometheus::MetricFamily family) : family_(std::move(family)) {}
  std::vector<prometheus::MetricFamily> Collect() const override { return {family_}; }

 private:
  const prometheus::MetricFamily family_;
};

TEST(Bridge, TakesUntypedMetrics) {
  prometheus::ClientMetric metric;
  metric.untyped.value = 4;
  const auto got = CollectFrom(Given({"u", "", prometheus::MetricType::Untyped, {metric}}));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].type, MetricType::kUnknown);
  EXPECT_EQ(got[0].metrics[0].value, 4);
}

TEST(Bridge, MakesTheBestOfBucketsThatDoNotAscend) {
  prometheus::ClientMetric metric;
  metric.histogram.sample_count = 3;
  metric.histogram.bucket = {{5, 1}, {4, 2}, {3, std::numeric_limits<double>::infinity()}};
  const auto got = CollectFrom(Given({"h", "", prometheus::MetricType::Histogram, {metric}}));
  const sidelight::Histogram& h = *got.at(0).metrics.at(0).histogram;
  EXPECT_EQ(h.count, 5u);
  EXPECT_EQ(h.classic.counts, (std::vector<uint64_t>{5, 0, 0}));
}

}  // namespace
}  // namespace sidelight::metrics
