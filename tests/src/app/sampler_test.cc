#include "src/app/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"

namespace sidelight::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

constexpr UnixMillis kStart = 1'700'000'000'000;  // a full multiple of 10 s

class SamplerTest : public ::testing::Test {
 protected:
  SamplerTest() {
    family_ =
        registry_.AddFamily({.name = "requests_total", .help = "Requests.", .type = MetricType::kCounter});
  }

  // Moves the clock by so much, a millisecond at a time, with a turn of the loop after each.
  void Pass(Duration time) {
    for (Duration passed{}; passed < time; passed += milliseconds(1)) {
      clock_.Advance(milliseconds(1));
      loop_->RunOnce({});
    }
  }
  storage::Samples Read(const std::string& name) {
    const std::vector<Matcher> matchers = {Matcher::Make(Matcher::Type::kEqual, "__name__", name).value()};
    const auto selection = store_->Select(matchers, INT64_MIN, INT64_MAX);
    storage::Samples samples;
    EXPECT_EQ(selection->series().size(), 1u) << name;
    for (const storage::Series* series : selection->series()) {
      series->Read(INT64_MIN, INT64_MAX, &samples);
      labels_ = series->labels();
    }
    return samples;
  }
  std::vector<UnixMillis> Times(const std::string& name) {
    std::vector<UnixMillis> times = Read(name).times;
    for (UnixMillis& time : times) time -= kStart;
    return times;
  }

  FakeClock clock_{kStart - 700};  // which is a second ahead
  metrics::Registry registry_{clock_, {}};
  metrics::Self self_;
  metrics::Family* family_ = nullptr;
  std::unique_ptr<storage::Store> store_ = storage::Store::Open({.clock = &clock_}).value();
  std::unique_ptr<net::EventLoop> loop_ = net::EventLoop::Open(clock_).value();
  Sampler sampler_{registry_,  *store_, Labels{{"job", "shop"}, {"instance", "pod-1"}},
                   seconds(1), self_,   *loop_};
  Labels labels_;
};

TEST_F(SamplerTest, SamplesAtTheMultiplesOfTheInterval) {
  metrics::Counter* const counter = registry_.AddShard()->GetCounter(family_, Labels{{"route", "/"}});
  counter->Add(3);
  sampler_.Start();
  Pass(milliseconds(694));
  EXPECT_EQ(store_->Stats().series, 0u) << "too early";
  Pass(milliseconds(1));
  EXPECT_EQ(store_->Stats().series, 1u);
  counter->Add(2);
  Pass(seconds(2));
  // The counter's start with its zero, then the multiples.
  EXPECT_THAT(Times("requests_total"), ElementsAre(300, 1000, 2000, 3000));
  EXPECT_THAT(Read("requests_total").values, ElementsAre(0, 3, 5, 5));
  EXPECT_EQ(labels_.ToString(),
            "{__name__=\"requests_total\", instance=\"pod-1\", job=\"shop\", route=\"/\"}");
  EXPECT_EQ(self_.Counter("sidelight_samplings_total", "").Value(), 3);
  EXPECT_EQ(self_.Counter("sidelight_samplings_missed_total", "").Value(), 0);
}

TEST_F(SamplerTest, ATurnThatComesLateHasItsOwnTime) {
  registry_.AddShard()->GetCounter(family_, Labels{})->Add(1);
  sampler_.Start();
  Pass(milliseconds(700));
  clock_.Advance(milliseconds(3'210));  // nobody turned the loop
  loop_->RunOnce({});
  Pass(milliseconds(800));
  EXPECT_THAT(Times("requests_total"), ElementsAre(300, 1000, 4210, 5000));
  EXPECT_EQ(self_.Counter("sidelight_samplings_missed_total", "").Value(), 2);
}

TEST_F(SamplerTest, GoesOnWhenTheClockIsSetBack) {
  registry_.AddShard()->GetCounter(family_, Labels{})->Add(1);
  sampler_.Start();
  Pass(milliseconds(1700));
  clock_.StepWall(-60'000);
  Pass(seconds(3));
  const std::vector<UnixMillis> times = Times("requests_total");
  ASSERT_GE(times.size(), 5u);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_GE(times.back(), 4000);
  EXPECT_LE(times.back(), 5100);
  EXPECT_EQ(store_->Stats().refused[static_cast<size_t>(storage::Refusal::kOutOfOrder)], 0u);
}

TEST_F(SamplerTest, ASeriesThatEndsGetsAStaleMarker) {
  metrics::Shard* const shard = registry_.AddShard();
  metrics::Counter* const counter = shard->GetCounter(family_, Labels{});
  counter->Add(1);
  sampler_.Start();
  Pass(milliseconds(700));
  shard->Release(counter);
  Pass(seconds(2));
  EXPECT_THAT(Times("requests_total"), ElementsAre(300, 1000, 2000));
}

TEST_F(SamplerTest, OneMoreAtTheEnd) {
  registry_.AddShard()->GetCounter(family_, Labels{})->Add(1);
  sampler_.Start();
  Pass(milliseconds(750));
  sampler_.SampleNow();
  EXPECT_THAT(Times("requests_total"), ElementsAre(300, 1000, 1050));
}

TEST_F(SamplerTest, WhatIsOldGoes) {
  auto store = storage::Store::Open({.retention = seconds(60), .clock = &clock_}).value();
  Sampler sampler(registry_, *store, Labels{{"job", "a"}}, seconds(1), self_, *loop_);
  registry_.AddShard()->GetCounter(family_, Labels{})->Add(1);
  sampler.Start();
  for (int i = 0; i < 400; ++i) {
    clock_.Advance(seconds(1));
    loop_->RunOnce({});
  }
  EXPECT_GT(store->Stats().dropped_by_retention, 100u);
}

}  // namespace
}  // namespace sidelight::app
