// The store against a plain map: random batches, reads of random ranges and starts anew must agree with it.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "core/model/stale.h"
#include "core/storage/store.h"
#include "tests/core/storage/memory_files.h"
#include "tests/core/storage/store_reading.h"

namespace sidelight::storage {
namespace {

struct ModelSample {
  double value = 0;
  FloatHistogramPtr histogram;  // null: a float
  UnixMillis start = 0;
};
using Model = std::map<Labels, std::map<UnixMillis, ModelSample>>;

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int64_t Below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(engine_); }
  bool OneIn(int64_t n) { return Below(n) == 0; }

  // What really comes: counters, gauges, noise, the odd ones.
  double Value(double last) {
    switch (Below(12)) {
      case 0:
        return StaleNan();
      case 1:
        return std::uniform_real_distribution<double>(-1, 1)(engine_);
      case 2:
        return std::vector<double>{
            NAN, INFINITY, -INFINITY, -0.0, 0x1p53, -0x1p53, 0x1p54, 5e-324, 1.7e308}[static_cast<size_t>(
            Below(9))];
      case 3:
        return last;
      case 4:
        return static_cast<double>(Below(1 << 30) - (1 << 29));
      default:
        return std::isfinite(last) ? std::trunc(last) + static_cast<double>(Below(4)) : 1;
    }
  }
  FloatHistogramPtr MakeHistogram(const FloatHistogram* last) {
    if (OneIn(10)) {
      auto stale = std::make_shared<FloatHistogram>();
      stale->sum = StaleNan();
      return stale;
    }
    auto made = std::make_shared<FloatHistogram>();
    if (last != nullptr && !IsStale(last->sum) && !OneIn(6)) {
      *made = *last;
      for (double& count : made->positive) count += static_cast<double>(Below(3));
      if (OneIn(8) && !made->positive.empty()) made->positive[0] += 0.25;
    } else {
      made->schema = OneIn(3) ? kCustomBucketsSchema : static_cast<int32_t>(Below(12)) - 4;
      const auto size = static_cast<uint32_t>(Below(6));
      made->positive_spans = {{0, size}};
      made->positive.assign(size, static_cast<double>(Below(5)));
      if (made->custom_buckets()) {
        std::vector<double> bounds;
        for (uint32_t i = 0; i + 1 < size; ++i) bounds.push_back(i);
        made->custom_values = std::make_shared<const std::vector<double>>(bounds);
      } else {
        made->zero_threshold = OneIn(2) ? 0 : 0.001;
        made->zero_count = static_cast<double>(Below(3));
        const auto negative = static_cast<uint32_t>(Below(4));
        made->negative_spans = {{-3, 1}, {2, negative}};
        made->negative.assign(negative + 1, 1);
      }
    }
    made->counter_reset = OneIn(5) ? CounterReset::kGauge : CounterReset::kUnknown;
    made->count = made->zero_count;
    for (const double count : made->positive) made->count += count;
    for (const double count : made->negative) made->count += count;
    made->sum = made->count * 1.1;
    return made;
  }

 private:
  std::mt19937_64 engine_;
};

bool Same(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

// The difference in words; "" when there is none.
std::string Compare(const std::map<UnixMillis, ModelSample>& wanted, const Samples& got, UnixMillis from,
                    UnixMillis to) {
  size_t floats = 0;
  size_t histograms = 0;
  for (auto at = wanted.lower_bound(from); at != wanted.end() && at->first <= to; ++at) {
    const auto& [time, sample] = *at;
    const std::string where = "at " + std::to_string(time) + ": ";
    if (sample.histogram == nullptr) {
      if (floats == got.times.size() || got.times[floats] != time) return where + "float is missing";
      if (!Same(got.values[floats], sample.value)) {
        return where + "wanted " + std::to_string(sample.value) + ", got " +
               std::to_string(got.values[floats]);
      }
      const UnixMillis start = got.starts.empty() ? 0 : got.starts[floats];
      if (start != sample.start) return where + "start " + std::to_string(start);
      ++floats;
      continue;
    }
    if (histograms == got.histogram_times.size() || got.histogram_times[histograms] != time) {
      return where + "histogram is missing";
    }
    const FloatHistogram& read = *got.histograms[histograms];
    const bool stale = IsStale(sample.histogram->sum);
    if (stale != IsStale(read.sum) || (!stale && !read.Equals(*sample.histogram))) {
      return where + "wanted " + sample.histogram->ToString() + ", got " + read.ToString();
    }
    const bool gauge = sample.histogram->counter_reset == CounterReset::kGauge;
    if (!stale && gauge != (read.counter_reset == CounterReset::kGauge)) return where + "gauge";
    const UnixMillis start = got.histogram_starts.empty() ? 0 : got.histogram_starts[histograms];
    if (start != sample.start) return where + "histogram's start " + std::to_string(start);
    ++histograms;
  }
  if (floats != got.times.size() || histograms != got.histogram_times.size())
    return "there is more than wanted";
  return "";
}

class ModelTest : public ::testing::TestWithParam<bool> {};

TEST_P(ModelTest, RandomBatchesAndReads) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const bool with_log = GetParam();
  const auto files = std::make_shared<MemoryFiles>();
  const auto open = [&] {
    return OpenStore({.path = with_log ? "data" : "", .first_zero = false, .files = files});
  };
  auto store = open();
  auto appender = store->MakeAppender();
  Model model;
  std::vector<Labels> labels;
  for (int i = 0; i < 12; ++i) labels.push_back(Labels{{"__name__", "m"}, {"i", std::to_string(i)}});
  UnixMillis now = -5000;
  for (int step = 0; step < 1500; ++step) {
    now += random.OneIn(10) ? random.Below(100'000) : 1000 + random.Below(2);
    Model batch;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (random.OneIn(4)) continue;
      auto& series = model[labels[i]];
      const ModelSample* const last = series.empty() ? nullptr : &series.rbegin()->second;
      ModelSample sample;
      if (random.OneIn(3)) sample.start = now - random.Below(3);
      const bool histogram = i % 4 == 1 || (i % 4 == 2 && random.OneIn(5));
      if (histogram) {
        sample.histogram = random.MakeHistogram(last == nullptr ? nullptr : last->histogram.get());
        // A marker is one of histograms only behind a histogram.
        if (IsStale(sample.histogram->sum) && (last == nullptr || last->histogram == nullptr)) continue;
      } else {
        sample.value = random.Value(last == nullptr ? 0 : last->value);
        if (IsStale(sample.value) && last != nullptr && last->histogram != nullptr) continue;
      }
      const auto appended =
          sample.histogram == nullptr
              ? appender->Append(0, labels[i], now, sample.value, sample.start)
              : appender->AppendHistogram(0, labels[i], now, sample.histogram, sample.start);
      ASSERT_TRUE(appended.has_value()) << appended.error().message;
      batch[labels[i]][now] = sample;
    }
    if (random.OneIn(20)) {
      appender->Rollback();
    } else {
      ASSERT_TRUE(appender->Commit().has_value());
      for (auto& [name, samples] : batch) model[name].merge(samples);
    }
    if (with_log && random.OneIn(200)) {
      appender = nullptr;
      store = nullptr;
      store = open();
      appender = store->MakeAppender();
      ASSERT_EQ(store->Stats().log_errors + store->Stats().log_torn + store->Stats().log_set_aside, 0U);
    }
    if (!random.OneIn(10)) continue;
    const UnixMillis to = random.OneIn(3) ? now : -5000 + random.Below(now + 5001);
    const UnixMillis from = to - random.Below(500'000);
    const auto selection = store->Select({}, from, to);
    std::map<Labels, Samples> read;
    for (const Series* series : selection->series()) {
      Samples& samples = read[series->labels()];
      series->Read(from, to, &samples);
      Samples newest;
      series->ReadNewest(from, to, &newest);
      const bool float_last =
          !samples.times.empty() &&
          (samples.histogram_times.empty() || samples.times.back() > samples.histogram_times.back());
      ASSERT_EQ(newest.times.size(), float_last ? 1U : 0U);
      if (float_last) {
        ASSERT_EQ(newest.times[0], samples.times.back());
        ASSERT_TRUE(Same(newest.values[0], samples.values.back()));
      }
    }
    for (const Labels& one : labels) {
      ASSERT_EQ(Compare(model[one], read[one], from, to), "")
          << one.ToString() << " in [" << from << ", " << to << "], step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Memory, ModelTest, ::testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Log, ModelTest, ::testing::Values(true));

}  // namespace
}  // namespace sidelight::storage
