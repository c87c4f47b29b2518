#include "core/metrics/self.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/core/metrics/series_text.h"
#include "tests/support/fake_clock.h"

namespace sidelight::metrics {
namespace {

TEST(Self, JoinsTheRegistrysSnapshots) {
  FakeClock clock;
  Registry registry(clock, {});
  const auto self = std::make_shared<Self>();
  registry.AddSource(self);
  self->Counter("sidelight_lines_total", "Lines.", Labels{{"k", "b"}}).Add();
  self->Counter("sidelight_lines_total", "Lines.", Labels{{"k", "a"}}).Add(4);
  self->Gauge("sidelight_open", "Open.").Set(7);
  self->Gauge("sidelight_open", "Open.").Add(-2);

  const auto snapshot = registry.Collect();
  const MetricFamily* const lines = FindFamily(*snapshot, "sidelight_lines_total");
  ASSERT_NE(lines, nullptr);
  EXPECT_EQ(lines->help, "Lines.");
  EXPECT_EQ(lines->type, MetricType::kCounter);
  EXPECT_EQ(Values(lines, "k"), "a=4 b=1");
  EXPECT_EQ(FindMetric(*snapshot, "sidelight_open", {})->value, 5);
  EXPECT_EQ(self->Gauge("sidelight_open", "Open.").Value(), 5);
}

TEST(Self, GivesTheSameInstrumentForTheSameNameAndLabels) {
  Self self;
  SelfCounter& counter = self.Counter("a_total", "A.", Labels{{"x", "1"}});
  EXPECT_EQ(&self.Counter("a_total", "Another help.", Labels{{"x", "1"}}), &counter);
  EXPECT_NE(&self.Counter("a_total", "A.", Labels{{"x", "2"}}), &counter);
  EXPECT_EQ(self.Collect().size(), 1u);
}

TEST(Self, MayBeUsedFromAnyThread) {
  Self self;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&self, t] {
      for (int i = 0; i < 1000; ++i) {
        self.Counter("a_total", "A.").Add();
        self.Gauge("g", "G.", Labels{{"t", std::to_string(t)}}).Add(1);
      }
    });
  }
  for (int i = 0; i < 20; ++i) self.Collect();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(self.Counter("a_total", "A.").Value(), 4000);
  EXPECT_EQ(self.Gauge("g", "G.", Labels{{"t", "3"}}).Value(), 1000);
}

#ifndef NDEBUG
TEST(SelfDeathTest, RefusesNamesThatMeanABug) {
  Self self;
  self.Gauge("twice_total", "A gauge.");
  EXPECT_DEATH(self.Counter("no_suffix", ""), "_total");
  EXPECT_DEATH(self.Counter("bad-name_total", ""), "wrong name");
  EXPECT_DEATH(self.Counter("twice_total", ""), "another type");
}
#else
TEST(Self, CountsButDoesNotShowWhatHasAWrongName) {
  Self self;
  self.Gauge("bad-name", "").Set(3);
  EXPECT_TRUE(self.Collect().empty());
}
#endif

}  // namespace
}  // namespace sidelight::metrics
