#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/metrics/native_index.h"
#include "core/metrics/registry.h"
#include "tests/core/metrics/series_text.h"
#include "tests/support/fake_clock.h"

namespace sidelight::metrics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLargest = std::numeric_limits<double>::max();

BucketBounds Bounds(std::vector<double> bounds) {
  return std::make_shared<const std::vector<double>>(std::move(bounds));
}

TraceId Trace(uint8_t n) {
  TraceId id;
  id.trace[0] = n;
  id.span[7] = n;
  return id;
}

// A registry with one histogram family and as many shards as a test wants.
class OneFamily {
 public:
  explicit OneFamily(HistogramOptions options) {
    family_ =
        registry_.AddFamily({.name = "h", .type = MetricType::kHistogram, .histogram = std::move(options)});
    first_ = Add();
  }
  metrics::Histogram* Add() { return registry_.AddShard()->GetHistogram(family_, {}); }
  metrics::Histogram& first() { return *first_; }
  std::shared_ptr<const sidelight::Histogram> Read() const {
    return registry_.Collect()->families.at(0).metrics.at(0).histogram;
  }

 private:
  FakeClock clock_;
  Registry registry_{clock_, {}};
  Family* family_ = nullptr;
  metrics::Histogram* first_ = nullptr;
};

TEST(HistogramCell, CountsInTheBucketWhoseBoundIsNotBelow) {
  for (const size_t size : {0u, 1u, 2u, 3u, 4u, 5u, 12u, 14u, 16u, 40u, 41u, 100u}) {
    std::vector<double> bounds;
    for (size_t i = 0; i < size; ++i) bounds.push_back(static_cast<double>(i) * 10 - 50);
    OneFamily one({.bounds = Bounds(bounds)});
    std::vector<uint64_t> want(size + 1);
    double sum = 0;
    const auto observe = [&](double v, size_t bucket) {
      one.first().Observe(v);
      ++want[bucket];
      sum += v;
    };
    for (size_t i = 0; i < size; ++i) {
      observe(bounds[i], i);
      observe(std::nextafter(bounds[i], -kInfinity), i);
      observe(std::nextafter(bounds[i], kInfinity), i + 1);
    }
    observe(1e300, size);
    observe(-1e300, 0);
    const auto got = one.Read();
    EXPECT_EQ(got->classic.counts, want) << size << " bounds";
    EXPECT_EQ(got->count, Sum(want)) << size << " bounds";
    EXPECT_EQ(NativeSum(*got), got->count) << size << " bounds";
  }
}

TEST(HistogramCell, TakesValuesThatAreNoNumber) {
  const struct {
    double value;
    size_t classic;
    uint64_t native;  // counted in any native bucket
  } cases[] = {
      {kInfinity, 2, 1}, {-kInfinity, 0, 1}, {kNan, 2, 0}, {0.0, 1, 1}, {-0.0, 1, 1}, {kLargest, 2, 1},
  };
  for (const auto& c : cases) {
    OneFamily one({.bounds = Bounds({-1, 1})});
    one.first().Observe(c.value);
    const auto got = one.Read();
    EXPECT_EQ(got->count, 1u) << c.value;
    EXPECT_EQ(got->classic.counts[c.classic], 1u) << c.value;
    EXPECT_EQ(NativeSum(*got), c.native) << c.value;
    if (std::isnan(c.value)) {
      EXPECT_TRUE(std::isnan(got->sum));
    } else {
      EXPECT_EQ(got->sum, c.value);
    }
  }
}

TEST(HistogramCell, PutsInfinityAboveTheLargestValue) {
  OneFamily one({});
  one.first().Observe(kInfinity);
  one.first().Observe(-kInfinity);
  one.first().Observe(-kInfinity);
  one.first().Observe(1);
  const auto got = one.Read();
  EXPECT_EQ(got->schema, 3) << "infinity does not widen the range";
  EXPECT_EQ(ToMap(got->positive), (std::map<int32_t, uint64_t>{{0, 1}, {8193, 1}}));
  EXPECT_EQ(ToMap(got->negative), (std::map<int32_t, uint64_t>{{8193, 2}}));
}

TEST(HistogramCell, KeepsSmallMagnitudesInTheZeroBucket) {
  OneFamily one({.zero_threshold = 0.5});
  for (const double v : {0.0, -0.0, 0.5, -0.5, 0.1, 5e-324}) one.first().Observe(v);
  one.first().Observe(std::nextafter(0.5, 1));
  one.first().Observe(std::nextafter(-0.5, -1));
  const auto got = one.Read();
  EXPECT_EQ(got->zero_threshold, 0.5);
  EXPECT_EQ(got->zero_count, 6u);
  EXPECT_EQ(ToMap(got->positive), (std::map<int32_t, uint64_t>{{-7, 1}}));
  EXPECT_EQ(ToMap(got->negative), (std::map<int32_t, uint64_t>{{-7, 1}}));
}

TEST(HistogramCell, WithoutZeroThresholdTakesEverySubnormal) {
  OneFamily one({.zero_threshold = 0});
  one.first().Observe(0);
  one.first().Observe(5e-324);
  one.first().Observe(std::numeric_limits<double>::min());
  const auto got = one.Read();
  EXPECT_EQ(got->zero_count, 1u);
  EXPECT_EQ(Sum(got->positive.counts), 2u);
}

TEST(HistogramCell, HasOnlyTheFormsThatWereAskedFor) {
  OneFamily native({.native_schema = 0});
  native.first().Observe(3);
  EXPECT_FALSE(native.Read()->has_classic());
  EXPECT_EQ(native.Read()->count, 1u);
  EXPECT_EQ(ToMap(native.Read()->positive), (std::map<int32_t, uint64_t>{{2, 1}}));

  OneFamily classic({.bounds = Bounds({1}), .native_schema = kNoNativeSchema});
  classic.first().Observe(3);
  EXPECT_FALSE(classic.Read()->has_native());
  EXPECT_EQ(classic.Read()->classic.counts, (std::vector<uint64_t>{0, 1}));
  EXPECT_TRUE(classic.Read()->positive.spans.empty());

  OneFamily neither({.native_schema = kNoNativeSchema});
  neither.first().Observe(3);
  EXPECT_EQ(neither.Read()->count, 1u);
  EXPECT_EQ(neither.Read()->sum, 3);

  OneFamily empty({.bounds = Bounds({1})});
  EXPECT_EQ(empty.Read()->count, 0u);
  EXPECT_EQ(empty.Read()->schema, 3);
}

// What the native form must be, counted by brute force.
struct Expected {
  int32_t schema;
  std::map<int32_t, uint64_t> positive, negative;
};

Expected Recount(const std::vector<double>& values, int32_t schema, uint32_t max_buckets) {
  for (;; --schema) {
    Expected out{schema, {}, {}};
    for (const double v : values) ++(v < 0 ? out.negative : out.positive)[NativeIndex(std::fabs(v), schema)];
    const auto range = [](const std::map<int32_t, uint64_t>& m) {
      return m.empty() ? 0 : m.rbegin()->first - m.begin()->first + 1;
    };
    if (schema == kCoarsestSchema ||
        range(out.positive) + range(out.negative) <= static_cast<int64_t>(max_buckets)) {
      return out;
    }
  }
}

TEST(HistogramCell, LowersItsSchemaUntilTheBucketsFit) {
  std::mt19937_64 random(7);
  const struct {
    const char* name;
    int32_t schema;
    uint32_t max_buckets;
    double decades;  // the width of the distribution
    bool signs;
  } cases[] = {
      {"narrow", 3, 160, 1, false},    {"fits just so", 3, 160, 5, false},
      {"wide", 3, 160, 20, false},     {"everything", 3, 160, 600, false},
      {"both signs", 3, 160, 8, true}, {"fine", 8, 160, 1, true},
      {"few buckets", 3, 10, 3, true}, {"hardly any", 3, 1, 3, true},
      {"coarse", -4, 160, 600, true},  {"from 8 to -4", 8, 140, 600, false},
  };
  for (const auto& c : cases) {
    OneFamily one({.native_schema = c.schema, .native_max_buckets = c.max_buckets, .zero_threshold = 0});
    std::uniform_real_distribution<double> exponent(-c.decades / 2, c.decades / 2);
    std::vector<double> values;
    for (int i = 0; i < 2000; ++i) {
      double v = std::pow(10, exponent(random));
      if (c.signs && random() % 2 == 0) v = -v;
      values.push_back(v);
      one.first().Observe(v);
      if (i % 200 != 0 && i != 1999) continue;
      const Expected want = Recount(values, c.schema, c.max_buckets);
      const auto got = one.Read();
      ASSERT_EQ(got->schema, want.schema) << c.name << " after " << i;
      ASSERT_EQ(ToMap(got->positive), want.positive) << c.name << " after " << i;
      ASSERT_EQ(ToMap(got->negative), want.negative) << c.name << " after " << i;
      ASSERT_EQ(got->classic.counts, std::vector<uint64_t>{});
    }
  }
}

TEST(HistogramCell, SumsShardsOfDifferentSchemas) {
  OneFamily one({.bounds = Bounds({1, 100})});
  metrics::Histogram* const second = one.Add();
  std::vector<double> values;
  const auto observe = [&values](metrics::Histogram& histogram, double v) {
    histogram.Observe(v);
    values.push_back(v);
  };
  for (int i = 0; i < 100; ++i) observe(one.first(), 1 + i * 0.25);
  for (int i = -40; i < 40; ++i) observe(*second, std::ldexp(1.5, i));
  const Expected want = Recount(values, 3, 160);
  const auto got = one.Read();
  EXPECT_EQ(got->schema, want.schema);
  EXPECT_EQ(ToMap(got->positive), want.positive);
  EXPECT_EQ(got->count, values.size());
  EXPECT_EQ(Sum(got->classic.counts), values.size());
}

TEST(HistogramCell, KeepsTheLimitWhenShardsLieFarApart) {
  OneFamily one({});
  metrics::Histogram* const second = one.Add();
  std::vector<double> values{1e-20, 1.1e-20, 1e20, 1.1e20};
  one.first().Observe(values[0]);
  one.first().Observe(values[1]);
  second->Observe(values[2]);
  second->Observe(values[3]);
  const Expected want = Recount(values, 3, 160);
  EXPECT_EQ(one.Read()->schema, want.schema);
  EXPECT_EQ(ToMap(one.Read()->positive), want.positive);
}

TEST(HistogramCell, BridgesSmallGapsBetweenSpans) {
  OneFamily one({.native_schema = 0});
  for (const double v : {1.0, 4.0, 16.0 * 2, 1024.0}) one.first().Observe(v);  // buckets 0, 2, 5, 10
  const NativeBuckets got = one.Read()->positive;
  EXPECT_EQ(got.spans, (std::vector<NativeSpan>{{0, 6}, {4, 1}}));
  EXPECT_EQ(got.counts, (std::vector<uint64_t>{1, 0, 1, 0, 0, 1, 1}));
}

TEST(HistogramExemplar, IsTheLastOfItsBucket) {
  OneFamily one({.bounds = Bounds({1, 10})});
  one.first().Observe(0.5, Trace(1), 100);
  one.first().Observe(0.7, Trace(2), 200);
  one.first().Observe(5, Trace(3), 300);
  one.first().Observe(6);
  one.first().Observe(50, TraceId{}, 400);
  one.first().Observe(kNan, Trace(4), 500);
  const auto got = one.Read();
  EXPECT_EQ(got->count, 6u);
  EXPECT_EQ(got->exemplars, (std::vector<Exemplar>{{Trace(2), 0.7, 200}, {Trace(3), 5, 300}}));
}

TEST(HistogramExemplar, IsTheNewestOfAllShards) {
  OneFamily one({.bounds = Bounds({1, 10})});
  metrics::Histogram* const second = one.Add();
  metrics::Histogram* const third = one.Add();
  one.first().Observe(0.5, Trace(1), 200);
  second->Observe(0.6, Trace(2), 100);
  second->Observe(5, Trace(3), 100);
  third->Observe(6, Trace(4), 101);
  EXPECT_EQ(one.Read()->exemplars, (std::vector<Exemplar>{{Trace(1), 0.5, 200}, {Trace(4), 6, 101}}));
}

TEST(HistogramExemplar, WithoutClassicBucketsAFewAreKept) {
  OneFamily one({});
  for (uint8_t i = 1; i <= 9; ++i) one.first().Observe(10 - i, Trace(i), i);
  EXPECT_EQ(one.Read()->exemplars,
            (std::vector<Exemplar>{{Trace(9), 1, 9}, {Trace(8), 2, 8}, {Trace(7), 3, 7}, {Trace(6), 4, 6}}));
}

TEST(HistogramCell, IsSmallWhileItIsFresh) {
  EXPECT_LE(sizeof(metrics::Histogram), 256u) << "its window starts with 8 buckets of 8 bytes";
}

}  // namespace
}  // namespace sidelight::metrics
