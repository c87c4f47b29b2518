// A Snapshot as samples: names, labels, values, ends.
#include "core/storage/snapshot_appender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/model/stale.h"
#include "tests/core/storage/store_reading.h"
#include "tests/support/fake_clock.h"

namespace sidelight::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

const Labels kTarget{{"job", "shop"}, {"instance", "pod-1"}};

MetricFamily MakeFamily(std::string name, MetricType type, std::vector<Metric> metrics) {
  return {std::move(name), "", "", type, std::move(metrics)};
}

Metric MakeMetric(Labels labels, double value, UnixMillis start = 0) {
  Metric metric;
  metric.labels = std::move(labels);
  metric.value = value;
  metric.start = start;
  return metric;
}

Metric Ended(Labels labels) {
  Metric metric;
  metric.labels = std::move(labels);
  metric.stale = true;
  return metric;
}

class SnapshotAppenderTest : public ::testing::Test {
 protected:
  SnapshotAppender::Outcome Append(UnixMillis time, std::vector<MetricFamily> families) {
    return appender_.Append({time, std::move(families)});
  }
  // The samples of [time, time], as "labels value"; s for stale.
  std::vector<std::string> At(UnixMillis time) {
    std::vector<std::string> texts;
    for (const auto& [labels, samples] : ReadStore(*store_, time, time)) {
      for (const double value : samples.values) {
        texts.push_back(labels.ToString() + (IsStale(value) ? " s" : " " + std::to_string(value)));
      }
      for (const auto& histogram : samples.histograms) {
        texts.push_back(labels.ToString() + (IsStale(histogram->sum) ? " S" : " " + histogram->ToString()));
      }
    }
    return texts;
  }

  FakeClock clock_;
  std::unique_ptr<Store> store_ = OpenStore({.clock = &clock_});
  SnapshotAppender appender_{*store_, kTarget};
};

TEST_F(SnapshotAppenderTest, CountersAndGauges) {
  const auto outcome = Append(
      1000, {MakeFamily("c_total", MetricType::kCounter, {MakeMetric(Labels{{"code", "200"}}, 5, 400)}),
             MakeFamily("g", MetricType::kGauge, {MakeMetric({}, -1.5, 400)})});
  EXPECT_EQ(outcome.appended, 2U);
  EXPECT_EQ(outcome.time, 1000);
  EXPECT_THAT(At(1000),
              ElementsAre(R"({__name__="c_total", code="200", instance="pod-1", job="shop"} 5.000000)",
                          R"({__name__="g", instance="pod-1", job="shop"} -1.500000)"));
  EXPECT_THAT(At(400),
              ElementsAre(R"({__name__="c_total", code="200", instance="pod-1", job="shop"} 0.000000)"))
      << "the counter's first zero, and none of the gauge";
}

TEST_F(SnapshotAppenderTest, ALabelThatTheTargetHasIsExported) {
  Append(1000, {MakeFamily("g", MetricType::kGauge,
                           {MakeMetric(Labels{{"job", "mine"}, {"exported_job", "taken"}}, 1)})});
  EXPECT_THAT(At(1000), ElementsAre(R"({__name__="g", exported_exported_job="mine", exported_job="taken", )"
                                    R"(instance="pod-1", job="shop"} 1.000000)"));
}

Metric MakeHistogramMetric(Labels labels, uint64_t observed, bool native) {
  auto histogram = std::make_shared<Histogram>();
  histogram->count = observed;
  histogram->sum = 0.5 * static_cast<double>(observed);
  histogram->classic.bounds = std::make_shared<const std::vector<double>>(std::vector<double>{0.005, 2.5});
  histogram->classic.counts = {1, observed - 1, 0};
  Exemplar exemplar{.value = 1, .time = 900};
  exemplar.id.trace[0] = 1;
  exemplar.id.span[0] = 1;
  histogram->exemplars = {exemplar};
  if (native) {
    histogram->schema = 0;
    histogram->positive.spans = {{0, 1}};
    histogram->positive.counts = {observed};
  }
  Metric metric;
  metric.labels = std::move(labels);
  metric.histogram = std::move(histogram);
  metric.start = 10;
  return metric;
}

TEST_F(SnapshotAppenderTest, HistogramsInBothForms) {
  store_ = OpenStore({.first_zero = false});
  SnapshotAppender appender(*store_, {});
  const auto append = [&](UnixMillis time, uint64_t observed, bool native) {
    return appender.Append({time,
                            {MakeFamily("x", MetricType::kHistogram,
                                        {MakeHistogramMetric(Labels{{"r", "/"}}, observed, native)})}});
  };
  EXPECT_EQ(append(1000, 3, true).appended, 6U);
  const std::vector<std::string> classic{R"({__name__="x_bucket", le="+Inf", r="/"} 3.000000)",
                                         R"({__name__="x_bucket", le="0.005", r="/"} 1.000000)",
                                         R"({__name__="x_bucket", le="2.5", r="/"} 3.000000)",
                                         R"({__name__="x_count", r="/"} 3.000000)",
                                         R"({__name__="x_sum", r="/"} 1.500000)"};
  std::vector<std::string> all = classic;
  all.push_back(R"({__name__="x", r="/"} {count:3, sum:1.5, (0.5,1]:3})");
  EXPECT_THAT(At(1000), ::testing::UnorderedElementsAreArray(all));
  // The exemplar stands with the bucket that it fell into, once.
  append(2000, 4, true);
  const auto exemplars = store_->Exemplars({}, 0, 10'000);
  ASSERT_EQ(exemplars.size(), 1U);
  EXPECT_EQ(exemplars[0].labels.Get("le"), "2.5");
  EXPECT_EQ(exemplars[0].exemplars.size(), 1U);
  // A form that is not there any more ends, and comes back.
  EXPECT_EQ(append(3000, 4, false).stale, 6U) << "the shape is another: all series end, and five begin again";
  EXPECT_EQ(append(4000, 4, true).refused, 0U);
}

TEST_F(SnapshotAppenderTest, Summaries) {
  Metric metric;
  auto summary = std::make_shared<Summary>();
  summary->count = 4;
  summary->sum = 8;
  summary->quantiles = {{0.5, 1.5}, {0.99, 3}};
  metric.summary = summary;
  metric.labels = Labels{{"quantile", "mine"}};
  Append(1000, {MakeFamily("s", MetricType::kSummary, {metric})});
  EXPECT_THAT(
      At(1000),
      UnorderedElementsAre(
          R"({__name__="s", exported_quantile="mine", instance="pod-1", job="shop", quantile="0.5"} 1.500000)",
          R"({__name__="s", exported_quantile="mine", instance="pod-1", job="shop", quantile="0.99"} 3.000000)",
          R"({__name__="s_sum", instance="pod-1", job="shop", quantile="mine"} 8.000000)",
          R"({__name__="s_count", instance="pod-1", job="shop", quantile="mine"} 4.000000)"));
}

TEST_F(SnapshotAppenderTest, WhatEndsOrVanishesGetsAStaleMarker) {
  const auto labels = [](const std::string& i) { return Labels{{"i", i}}; };
  const auto full = [&] {
    return std::vector<MetricFamily>{
        MakeFamily("a", MetricType::kGauge, {MakeMetric({}, 1)}),
        MakeFamily("g", MetricType::kGauge,
                   {MakeMetric(labels("1"), 1), MakeMetric(labels("2"), 1), MakeMetric(labels("3"), 1)}),
        MakeFamily("z", MetricType::kHistogram, {MakeHistogramMetric({}, 2, true)})};
  };
  EXPECT_EQ(Append(1000, full()).appended, 10U);
  // 1 is marked, 2 just is not there, 3 stays, 4 is new; two families are gone.
  const auto second = Append(
      2000, {MakeFamily("g", MetricType::kGauge,
                        {Ended(labels("1")), MakeMetric(labels("3"), 1), MakeMetric(labels("4"), 1)})});
  EXPECT_EQ(second.stale, 9U);
  size_t marks = 0;
  for (const std::string& text : At(2000)) marks += text.ends_with(" s") || text.ends_with(" S") ? 1 : 0;
  EXPECT_EQ(marks, 9U);
  EXPECT_EQ(At(2000).size(), 11U);
  // They are over: no second marker.
  const auto third =
      Append(3000, {MakeFamily("g", MetricType::kGauge, {Ended(labels("1")), MakeMetric(labels("3"), 1)})});
  EXPECT_EQ(third.stale, 1U);
  // And they come back.
  const auto fourth = Append(4000, full());
  EXPECT_EQ(fourth.appended, 10U);
  EXPECT_EQ(fourth.refused, 0U);
  EXPECT_EQ(fourth.stale, 0U);
  EXPECT_EQ(appender_.End(5000).stale, 10U);
  EXPECT_EQ(store_->Stats().series, 11U);
}

TEST_F(SnapshotAppenderTest, AClockThatStepsBackDoesNotStopIt) {
  const auto append = [&] {
    return Append(clock_.UnixNow(), {MakeFamily("g", MetricType::kGauge, {MakeMetric({}, 1)})});
  };
  const UnixMillis first = append().time;
  clock_.Advance(std::chrono::seconds(1));
  clock_.StepWall(-3'600'000);
  const auto second = append();
  EXPECT_EQ(second.time, first + 1000);
  EXPECT_EQ(second.refused, 0U);
  EXPECT_EQ(append().time, first + 1001) << "twice within one millisecond";
}

TEST_F(SnapshotAppenderTest, SeriesThatTheStoreForgotAreMadeAnew) {
  store_ = OpenStore({.retention = std::chrono::minutes(1), .clock = &clock_});
  SnapshotAppender appender(*store_, kTarget);
  const auto append = [&] {
    return appender.Append({clock_.UnixNow(), {MakeFamily("g", MetricType::kGauge, {MakeMetric({}, 1)})}});
  };
  append();
  clock_.Advance(std::chrono::hours(1));
  store_->Maintain(store_->Now());
  EXPECT_EQ(store_->Stats().series, 0U);
  EXPECT_EQ(append().appended, 1U);
  EXPECT_EQ(store_->Stats().series, 1U);
}

}  // namespace
}  // namespace sidelight::storage
