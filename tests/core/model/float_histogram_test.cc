#include "core/model/float_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sidelight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// An exponential one: buckets from an index on.
FloatHistogram Exponential(int32_t schema, int32_t offset, std::vector<double> buckets,
                           int32_t negative_offset = 0, std::vector<double> negative = {}) {
  FloatHistogram histogram;
  histogram.schema = schema;
  if (!buckets.empty()) histogram.positive_spans = {{offset, static_cast<uint32_t>(buckets.size())}};
  if (!negative.empty()) {
    histogram.negative_spans = {{negative_offset, static_cast<uint32_t>(negative.size())}};
  }
  for (const double count : buckets) histogram.count += count;
  for (const double count : negative) histogram.count += count;
  histogram.positive = std::move(buckets);
  histogram.negative = std::move(negative);
  histogram.sum = histogram.count;
  return histogram;
}

FloatHistogram WithZero(FloatHistogram histogram, double threshold, double count) {
  histogram.zero_threshold = threshold;
  histogram.zero_count = count;
  histogram.count += count;
  return histogram;
}

FloatHistogram Custom(std::vector<double> bounds, std::vector<double> buckets) {
  FloatHistogram histogram = Exponential(kCustomBucketsSchema, 0, std::move(buckets));
  histogram.custom_values = std::make_shared<const std::vector<double>>(std::move(bounds));
  return histogram;
}

FloatHistogram WithReset(FloatHistogram histogram, CounterReset reset) {
  histogram.counter_reset = reset;
  return histogram;
}

TEST(FloatHistogramTest, AddsAndSubtracts) {
  struct Case {
    const char* what;
    FloatHistogram a;
    FloatHistogram b;
    const char* sum;
    const char* difference;  // compacted, both
  };
  const Case cases[] = {
      {"the same buckets", Exponential(0, 0, {1, 2}), Exponential(0, 0, {3, 1}),
       "{{count:7 sum:7 buckets:[4 3]}}", "{{count:-1 sum:-1 buckets:[-2 1]}}"},
      {"nothing to an empty one", Exponential(0, 0, {}), Exponential(0, 0, {}), "{{}}", "{{}}"},
      {"an empty one", Exponential(0, 0, {1}), Exponential(0, 0, {}), "{{count:1 sum:1 buckets:[1]}}",
       "{{count:1 sum:1 buckets:[1]}}"},
      {"other buckets", Exponential(0, -2, {1}), Exponential(0, 3, {2}),
       "{{count:3 sum:3 offset:-2 buckets:[1 0 0 0 0 2]}}",
       "{{count:-1 sum:-1 offset:-2 buckets:[1 0 0 0 0 -2]}}"},
      {"overlapping", Exponential(0, 0, {1, 1}), Exponential(0, 1, {1, 1}),
       "{{count:4 sum:4 buckets:[1 2 1]}}", "{{buckets:[1 0 -1]}}"},
      {"negative sides", Exponential(0, 0, {}, 1, {1}), Exponential(0, 0, {}, 2, {2}),
       "{{count:3 sum:3 n_offset:1 n_buckets:[1 2]}}", "{{count:-1 sum:-1 n_offset:1 n_buckets:[1 -2]}}"},
      {"a finer one", Exponential(0, 0, {1, 1}), Exponential(1, -1, {1, 1, 1, 1}),
       "{{count:6 sum:6 buckets:[3 3]}}", "{{count:-2 sum:-2 buckets:[-1 -1]}}"},
      {"a coarser one", Exponential(1, 1, {1, 1}), Exponential(-1, 0, {5}),
       "{{schema:-1 count:7 sum:7 buckets:[5 2]}}", "{{schema:-1 count:-3 sum:-3 buckets:[-5 2]}}"},
      {"zero buckets alike", WithZero(Exponential(0, 2, {1}), 0.5, 2),
       WithZero(Exponential(0, 2, {1}), 0.5, 3),
       "{{count:7 sum:2 z_bucket:5 z_bucket_w:0.5 offset:2 buckets:[2]}}",
       "{{count:-1 z_bucket:-1 z_bucket_w:0.5}}"},
      {"a wider zero bucket takes what is below it", WithZero(Exponential(0, -1, {1, 1, 1}), 0.001, 2),
       WithZero(Exponential(0, 2, {1}), 1, 3),
       "{{count:9 sum:4 z_bucket:7 z_bucket_w:1 offset:1 buckets:[1 1]}}",
       "{{count:1 sum:2 z_bucket:1 z_bucket_w:1 offset:1 buckets:[1 -1]}}"},
      {"and widens to the end of a bucket with observations that it would cut", Exponential(0, 0, {4}),
       WithZero(Exponential(0, 2, {1}), 0.75, 1),
       "{{count:6 sum:5 z_bucket:5 z_bucket_w:1 offset:2 buckets:[1]}}",
       "{{count:2 sum:3 z_bucket:3 z_bucket_w:1 offset:2 buckets:[-1]}}"},
      {"custom buckets", Custom({1, 2}, {1, 2, 3}), Custom({1, 2}, {1, 1, 1}),
       "{{schema:-53 count:9 sum:9 custom_values:[1 2] buckets:[2 3 4]}}",
       "{{schema:-53 count:3 sum:3 custom_values:[1 2] offset:1 buckets:[1 2]}}"},
      {"custom bounds that differ", Custom({1, 2, 3}, {1, 1, 1, 1}), Custom({2, 3, 4}, {1, 1, 1, 1}),
       "{{schema:-53 count:8 sum:8 custom_values:[2 3] buckets:[3 2 3]}}",
       "{{schema:-53 custom_values:[2 3] buckets:[1 0 -1]}}"},
      {"custom bounds without one in common", Custom({1}, {1, 1}), Custom({2}, {1, 3}),
       "{{schema:-53 count:6 sum:6 custom_values:[] buckets:[6]}}",
       "{{schema:-53 count:-2 sum:-2 custom_values:[] buckets:[-2]}}"},
  };
  for (const Case& c : cases) {
    FloatHistogram sum = c.a;
    ASSERT_TRUE(sum.Add(c.b).has_value()) << c.what;
    sum.Compact();
    EXPECT_EQ(sum.ToTestText(), c.sum) << c.what;
    FloatHistogram other_way = c.b;
    ASSERT_TRUE(other_way.Add(c.a).has_value()) << c.what;
    other_way.Compact();
    EXPECT_EQ(other_way.ToTestText(), c.sum) << c.what << ", the other way round";
    FloatHistogram difference = c.a;
    ASSERT_TRUE(difference.Subtract(c.b).has_value()) << c.what;
    difference.Compact();
    EXPECT_EQ(difference.ToTestText(), c.difference) << c.what;
  }
}

TEST(FloatHistogramTest, LayoutsThatDoNotMix) {
  const FloatHistogram exponential = Exponential(0, 0, {1, 2});
  const FloatHistogram custom = Custom({1}, {1, 2});
  FloatHistogram histogram = exponential;
  EXPECT_EQ(histogram.Add(custom).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(histogram.Subtract(custom).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(histogram.Equals(exponential)) << "nothing changed";
}

TEST(FloatHistogramTest, SaysWhatCombiningTook) {
  FloatHistogram histogram = Custom({1, 2}, {1, 1, 1});
  EXPECT_FALSE(histogram.Add(Custom({1, 2}, {1, 1, 1}))->bounds_reconciled);
  EXPECT_TRUE(histogram.Add(Custom({1, 3}, {1, 1, 1}))->bounds_reconciled);

  using enum CounterReset;
  struct Case {
    CounterReset mine;
    CounterReset other;
    CounterReset result;
    bool conflict;
  };
  const Case cases[] = {
      {kUnknown, kUnknown, kUnknown, false}, {kReset, kReset, kReset, false},
      {kReset, kNotReset, kUnknown, true},   {kNotReset, kReset, kUnknown, true},
      {kReset, kUnknown, kUnknown, false},   {kUnknown, kNotReset, kUnknown, false},
      {kGauge, kReset, kGauge, false},       {kNotReset, kGauge, kGauge, false},
  };
  for (const Case& c : cases) {
    FloatHistogram mine = WithReset(Exponential(0, 0, {1}), c.mine);
    const auto combined = mine.Add(WithReset(Exponential(0, 0, {1}), c.other));
    ASSERT_TRUE(combined.has_value());
    EXPECT_EQ(combined->counter_reset_conflict, c.conflict);
    EXPECT_EQ(mine.counter_reset, c.result);
  }
}

TEST(FloatHistogramTest, CompensationKeepsLowOrderBits) {
  FloatHistogram sum = Exponential(0, 0, {1e100});
  FloatHistogram lost;
  for (const double count : {1.0, 1.0, -1e100}) ASSERT_TRUE(sum.Add(Exponential(0, 0, {count}), &lost));
  // Also where a bucket comes in later.
  ASSERT_TRUE(sum.Add(Exponential(0, 1, {5}), &lost));
  sum.AddCompensation(lost);
  EXPECT_EQ(sum.ToTestText(), "{{count:7 sum:7 buckets:[2 5]}}");
}

TEST(FloatHistogramTest, Scales) {
  FloatHistogram histogram = WithZero(Exponential(0, 0, {2, 4}, 0, {6}), 0.1, 8);
  histogram.Multiply(0.5);
  EXPECT_EQ(histogram.ToTestText(),
            "{{count:10 sum:6 z_bucket:4 z_bucket_w:0.1 buckets:[1 2] n_buckets:[3]}}");
  histogram.Divide(2);
  EXPECT_EQ(histogram.ToTestText(),
            "{{count:5 sum:3 z_bucket:2 z_bucket_w:0.1 buckets:[0.5 1] n_buckets:[1.5]}}");
  EXPECT_EQ(histogram.counter_reset, CounterReset::kUnknown);
  histogram.Multiply(-2);
  EXPECT_EQ(histogram.counter_reset, CounterReset::kGauge) << "no counter is below zero";
  histogram = Exponential(0, 0, {2});
  histogram.Divide(-1);
  EXPECT_EQ(histogram.counter_reset, CounterReset::kGauge);
  histogram = Exponential(0, 0, {2, 0});
  histogram.Divide(0);
  EXPECT_EQ(histogram.count, kInfinity);
  EXPECT_TRUE(histogram.positive.empty()) << "no NaN for the empty bucket";
  EXPECT_TRUE(histogram.positive_spans.empty());
}

TEST(FloatHistogramTest, Compacts) {
  struct Case {
    std::vector<NativeSpan> spans;
    std::vector<double> counts;
    std::vector<NativeSpan> wanted_spans;
    std::vector<double> wanted;
  };
  const Case cases[] = {
      {{}, {}, {}, {}},
      {{{3, 0}}, {}, {}, {}},
      {{{0, 2}}, {0, 0}, {}, {}},
      {{{-2, 3}}, {0, 1, 0}, {{-1, 1}}, {1}},
      {{{0, 1}, {0, 1}}, {1, 2}, {{0, 2}}, {1, 2}},
      {{{0, 1}, {0, 0}, {2, 1}}, {1, 2}, {{0, 1}, {2, 1}}, {1, 2}},
      {{{0, 3}}, {1, 0, 2}, {{0, 1}, {1, 1}}, {1, 2}},
      {{{5, 1}, {1, 2}}, {0, 0, -1}, {{8, 1}}, {-1}},
  };
  for (const Case& c : cases) {
    FloatHistogram histogram;
    histogram.positive_spans = c.spans;
    histogram.positive = c.counts;
    histogram.negative_spans = c.spans;
    histogram.negative = c.counts;
    histogram.Compact();
    EXPECT_EQ(histogram.positive_spans, c.wanted_spans);
    EXPECT_EQ(histogram.positive, c.wanted);
    EXPECT_EQ(histogram.negative_spans, c.wanted_spans);
    EXPECT_EQ(histogram.negative, c.wanted);
  }
}

TEST(FloatHistogramTest, ReducesResolution) {
  struct Case {
    int32_t schema;
    int32_t offset;
    std::vector<double> counts;
    int32_t target;
    const char* wanted;
  };
  const Case cases[] = {
      // Of schema 1 the buckets 1 and 2 end at 2^0.5 and 2: bucket 1 of schema 0.
      {1, 1, {1, 2}, 0, "{{count:3 sum:3 offset:1 buckets:[3]}}"},
      {1, 0, {1, 2, 3}, 0, "{{count:6 sum:6 buckets:[1 5]}}"},
      {1, -3, {1, 2, 3, 4}, 0, "{{count:10 sum:10 offset:-1 buckets:[3 7]}}"},
      {0,
       -5,
       {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
       -2,
       "{{schema:-2 count:11 sum:11 offset:-1 buckets:[2 4 4 1]}}"},
      {8, 262144, {1}, -4, "{{schema:-4 count:1 sum:1 offset:64 buckets:[1]}}"},
      {8, -262144, {1}, -4, "{{schema:-4 count:1 sum:1 offset:-64 buckets:[1]}}"},
      {2, 3, {1}, 2, "{{schema:2 count:1 sum:1 offset:3 buckets:[1]}}"},
      {2, 3, {1}, 5, "{{schema:2 count:1 sum:1 offset:3 buckets:[1]}}"},
  };
  for (const Case& c : cases) {
    FloatHistogram histogram = Exponential(c.schema, c.offset, c.counts);
    histogram.ReduceResolution(c.target);
    EXPECT_EQ(histogram.ToTestText(), c.wanted) << c.schema << " to " << c.target;
  }
}

TEST(FloatHistogramTest, DetectsResets) {
  using enum CounterReset;
  struct Case {
    const char* what;
    FloatHistogram before;
    FloatHistogram now;
    bool reset;
  };
  FloatHistogram gap = Exponential(0, 0, {1, 3});
  gap.positive_spans = {{0, 1}, {1, 1}};
  const Case cases[] = {
      {"the same", Exponential(0, 0, {1, 2}), Exponential(0, 0, {1, 2}), false},
      {"more", Exponential(0, 0, {1, 2}), Exponential(0, 0, {2, 2, 1}), false},
      {"fewer", Exponential(0, 0, {1, 2}), Exponential(0, 0, {1, 1}), true},
      {"a bucket fell", Exponential(0, 0, {1, 2}), Exponential(0, 0, {5, 1}), true},
      {"a bucket is gone", Exponential(0, 0, {1, 2}), gap, true},
      {"an empty bucket is gone", Exponential(0, 0, {1, 0, 2}), gap, false},
      {"a negative bucket fell", Exponential(0, 0, {1}, 0, {2}), Exponential(0, 0, {9}, 0, {1}), true},
      {"the zero bucket fell", WithZero(Exponential(0, 0, {1}), 0.1, 3),
       WithZero(Exponential(0, 0, {9}), 0.1, 2), true},
      {"coarser, as counters become", Exponential(1, 1, {1, 1}), Exponential(0, 1, {2}), false},
      {"coarser and fewer", Exponential(1, 1, {1, 1}), Exponential(0, 0, {9, 1}), true},
      {"finer", Exponential(0, 1, {1}), Exponential(1, 1, {1, 1}), true},
      {"a narrower zero bucket", WithZero(Exponential(0, 2, {1}), 0.5, 1),
       WithZero(Exponential(0, 2, {1}), 0.1, 9), true},
      {"a wider zero bucket", WithZero(Exponential(0, 0, {1, 1}), 0.1, 1),
       WithZero(Exponential(0, 1, {1}), 1, 2), false},
      {"that cuts a bucket", WithZero(Exponential(0, 0, {1, 1}), 0.1, 1),
       WithZero(Exponential(0, 1, {9}), 0.75, 9), true},
      {"another layout", Exponential(0, 0, {1}), Custom({1}, {5}), true},
      {"custom, more", Custom({1, 2}, {1, 1, 1}), Custom({1, 2}, {1, 2, 1}), false},
      {"custom, fewer", Custom({1, 2}, {1, 1, 1}), Custom({1, 2}, {0, 5, 1}), true},
      {"custom, other bounds", Custom({1, 2}, {1, 1, 1}), Custom({2, 3}, {2, 1, 1}), false},
      {"custom, other bounds and fewer", Custom({1, 2}, {1, 1, 1}), Custom({2, 3}, {1, 5, 5}), true},
      {"it says so itself", Exponential(0, 0, {1}), WithReset(Exponential(0, 0, {9}), kReset), true},
      {"or that there was none", Exponential(0, 0, {9}), WithReset(Exponential(0, 0, {1}), kNotReset), false},
      {"a gauge is looked at", Exponential(0, 0, {9}), WithReset(Exponential(0, 0, {1}), kGauge), true},
  };
  for (const Case& c : cases) EXPECT_EQ(c.now.DetectReset(c.before), c.reset) << c.what;
}

TEST(FloatHistogramTest, Trims) {
  // (0.5,1]:2 (1,2]:2 (2,4]:2, their geometric means are 0.7071, 1.4142 and 2.8284.
  const FloatHistogram positive = Exponential(0, 0, {2, 2, 2});
  const FloatHistogram mirrored = Exponential(0, 0, {}, 0, {2, 2, 2});
  const FloatHistogram custom = Custom({2, 4}, {2, 4, 1});
  const FloatHistogram zero = WithZero(Exponential(0, 2, {}), 1, 4);
  struct Case {
    const char* what;
    const FloatHistogram& histogram;
    bool above;  // cut what is above
    double bound;
    double count;
    double sum;
  };
  const double root = std::sqrt(2.0);
  const Case cases[] = {
      {"nothing", positive, true, 4, 6, 6},
      {"nothing, of an open end", positive, true, kInfinity, 6, 6},
      {"nothing, below", positive, false, 0.5, 6, 6},
      {"no bound at all", positive, false, NAN, 6, 6},
      {"everything", positive, true, 0.5, 0, 0},
      {"everything, by an infinite bound", positive, true, -kInfinity, 0, 0},
      {"everything below", positive, false, kInfinity, 0, 0},
      {"at a boundary", positive, true, 2, 4, 2 * root / 2 + 2 * root},
      {"below a boundary", positive, false, 1, 4, 2 * root + 2 * 2 * root},
      {"through the middle of a bucket", positive, true, root, 3, 2 * root / 2 + std::sqrt(root)},
      {"of negative ones", mirrored, true, -1, 4, -2 * root - 2 * 2 * root},
      {"of negative ones, below", mirrored, false, -1, 2, -2 * root / 2},
      {"of custom ones", custom, true, 3, 4, 2 * 1 + 2 * 2.5},
      {"of the first custom one, which begins at 0", custom, true, 1, 1, 0.5},
      {"of the last custom one, which has no end", custom, false, 5, 1, 5},
      {"of the zero bucket", zero, true, 0, 2, -1},
      {"of the zero bucket, below", zero, false, 0.5, 1, 0.75},
  };
  for (const Case& c : cases) {
    FloatHistogram trimmed = c.histogram;
    c.above ? trimmed.TrimAbove(c.bound) : trimmed.TrimBelow(c.bound);
    EXPECT_DOUBLE_EQ(trimmed.count, c.count) << c.what;
    EXPECT_NEAR(trimmed.sum, c.sum, 1e-12) << c.what;
    double buckets = trimmed.zero_count;
    for (const double count : trimmed.positive) buckets += count;
    for (const double count : trimmed.negative) buckets += count;
    EXPECT_NEAR(buckets, c.count, 1e-12) << c.what;
  }
}

TEST(FloatHistogramTest, BucketsFromTheLeastToTheGreatest) {
  const FloatHistogram histogram = WithZero(Exponential(0, 0, {1, 0}, 1, {2}), 0.25, 3);
  const std::vector<HistogramBucket> buckets = histogram.Buckets();
  ASSERT_EQ(buckets.size(), 4u);
  EXPECT_EQ(buckets[0].lower, -2);
  EXPECT_EQ(buckets[0].upper, -1);
  EXPECT_TRUE(buckets[0].lower_inclusive);
  EXPECT_FALSE(buckets[0].upper_inclusive);
  EXPECT_EQ(buckets[1].lower, -0.25);
  EXPECT_EQ(buckets[1].upper, 0.25);
  EXPECT_TRUE(buckets[1].lower_inclusive && buckets[1].upper_inclusive);
  EXPECT_EQ(buckets[2].lower, 0.5);
  EXPECT_EQ(buckets[2].index, 0);
  EXPECT_EQ(buckets[3].count, 0);

  const FloatHistogram custom = Custom({-1, 5}, {1, 1, 1});
  EXPECT_EQ(custom.Buckets()[0].lower, -kInfinity);
  EXPECT_TRUE(custom.Buckets()[0].lower_inclusive);
  EXPECT_EQ(custom.Buckets()[2].lower, 5);
  EXPECT_EQ(custom.Buckets()[2].upper, kInfinity);
  EXPECT_EQ(BucketUpperBound(custom, -1), -kInfinity);
  EXPECT_EQ(BucketUpperBound(custom, 1), 5);
  EXPECT_EQ(BucketUpperBound(custom, 100), kInfinity);
}

TEST(FloatHistogramTest, BoundsOfIndexesFarAway) {
  for (const int32_t schema : {-4, -1, 0, 1, 8}) {
    EXPECT_EQ(NativeUpperBound(schema, INT32_MAX), kInfinity) << schema;
    EXPECT_EQ(NativeUpperBound(schema, INT32_MIN), 0) << schema;
  }
}

TEST(FloatHistogramTest, Texts) {
  struct Case {
    FloatHistogram histogram;
    const char* text;
    const char* test_text;
  };
  FloatHistogram spans = Exponential(0, 0, {1, 2});
  spans.positive_spans = {{-1, 1}, {2, 1}};
  FloatHistogram odd = Exponential(0, 0, {});
  odd.count = NAN;
  odd.sum = -kInfinity;
  const Case cases[] = {
      {{}, "{count:0, sum:0}", "{{}}"},
      {Exponential(0, 1, {1, 0, 2}), "{count:3, sum:3, (1,2]:1, (4,8]:2}",
       "{{count:3 sum:3 offset:1 buckets:[1 0 2]}}"},
      {WithZero(Exponential(3, 0, {}, 0, {1.5}), 0.5, 2),
       "{count:3.5, sum:1.5, [-1,-0.9170040432046712):1.5, [-0.5,0.5]:2}",
       "{{schema:3 count:3.5 sum:1.5 z_bucket:2 z_bucket_w:0.5 n_buckets:[1.5]}}"},
      {spans, "{count:3, sum:3, (0.25,0.5]:1, (2,4]:2}", "{{count:3 sum:3 offset:-1 buckets:[1 0 0 2]}}"},
      {Custom({0.5, 1e6}, {1, 2, 3}), "{count:6, sum:6, [-Inf,0.5]:1, (0.5,1e+06]:2, (1e+06,+Inf]:3}",
       "{{schema:-53 count:6 sum:6 custom_values:[0.5 1e+06] buckets:[1 2 3]}}"},
      {WithReset(Exponential(0, 0, {1}), CounterReset::kNotReset), "{count:1, sum:1, (0.5,1]:1}",
       "{{count:1 sum:1 counter_reset_hint:not_reset buckets:[1]}}"},
      {odd, "{count:NaN, sum:-Inf}", "{{count:NaN sum:-Inf}}"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.histogram.ToString(), c.text);
    EXPECT_EQ(c.histogram.ToTestText(), c.test_text);
  }
}

TEST(FloatHistogramTest, EqualsBitForBit) {
  const FloatHistogram histogram = WithZero(Exponential(0, 0, {1, 2}), 0.1, 1);
  EXPECT_TRUE(histogram.Equals(WithReset(histogram, CounterReset::kGauge)));
  FloatHistogram cut = histogram;
  cut.positive_spans = {{0, 1}, {0, 1}, {3, 0}};
  EXPECT_TRUE(histogram.Equals(cut)) << "other spans, the same buckets";
  const auto differs = [&](auto change) {
    FloatHistogram other = histogram;
    change(other);
    return !histogram.Equals(other) && !other.Equals(histogram);
  };
  EXPECT_TRUE(differs([](FloatHistogram& h) { h.schema = 1; }));
  EXPECT_TRUE(differs([](FloatHistogram& h) { h.sum = std::nextafter(h.sum, 9); }));
  EXPECT_TRUE(differs([](FloatHistogram& h) { h.count = NAN; }));
  EXPECT_TRUE(differs([](FloatHistogram& h) { h.zero_count = 2; }));
  EXPECT_TRUE(differs([](FloatHistogram& h) { h.zero_threshold = 0.2; }));
  EXPECT_TRUE(differs([](FloatHistogram& h) { h.positive[1] = 3; }));
  EXPECT_TRUE(differs([](FloatHistogram& h) { h.positive_spans = {{1, 2}}; }));
  EXPECT_TRUE(Custom({1}, {1}).Equals(Custom({1}, {1, 0})));
  EXPECT_FALSE(Custom({1}, {1}).Equals(Custom({2}, {1})));
  FloatHistogram nan = histogram;
  nan.sum = NAN;
  EXPECT_TRUE(nan.Equals(nan));
}

TEST(FloatHistogramTest, Validates) {
  struct Case {
    const char* what;
    FloatHistogram histogram;
    bool sound;
  };
  const auto changed = [](FloatHistogram histogram, auto change) {
    change(histogram);
    return histogram;
  };
  const FloatHistogram good = WithZero(Exponential(0, -3, {1, 2}, 5, {3}), 0.001, 1);
  const FloatHistogram custom = Custom({-kInfinity, -1, 0, 1}, {1, 1, 1, 1, 1});
  const Case cases[] = {
      {"a sound one", good, true},
      {"an empty one", {}, true},
      {"schema -4", Exponential(-4, 0, {1}), true},
      {"schema 8", Exponential(8, 0, {1}), true},
      {"schema -5", Exponential(-5, 0, {1}), false},
      {"schema 9", Exponential(9, 0, {1}), false},
      {"spans too long", changed(good, [](FloatHistogram& h) { h.positive_spans[0].length = 3; }), false},
      {"spans too short", changed(good, [](FloatHistogram& h) { h.negative_spans.clear(); }), false},
      {"a span that goes back",
       changed(good,
               [](FloatHistogram& h) {
                 h.positive_spans = {{0, 1}, {-1, 1}};
               }),
       false},
      {"a first span below zero",
       changed(good,
               [](FloatHistogram& h) {
                 h.positive_spans = {{-9, 1}, {0, 1}};
               }),
       true},
      {"a span beyond all floats",
       changed(good,
               [](FloatHistogram& h) {
                 h.positive_spans = {{INT32_MAX, 2}};
               }),
       false},
      {"a span below all floats",
       changed(good,
               [](FloatHistogram& h) {
                 h.negative_spans = {{INT32_MIN, 1}};
               }),
       false},
      {"spans that add up beyond",
       changed(good,
               [](FloatHistogram& h) {
                 h.positive_spans = {{INT32_MAX, 1}, {INT32_MAX, 1}};
               }),
       false},
      {"a span of endless length",
       changed(good,
               [](FloatHistogram& h) {
                 h.positive_spans = {{0, UINT32_MAX}};
               }),
       false},
      {"the bucket of the greatest float", Exponential(8, 262144, {1}), true},
      {"the bucket of the least float", Exponential(8, -274943, {1}), true},
      {"a negative count", changed(good, [](FloatHistogram& h) { h.count = -1; }), false},
      {"a negative bucket", changed(good, [](FloatHistogram& h) { h.negative[0] = -1; }), false},
      {"a negative zero bucket", changed(good, [](FloatHistogram& h) { h.zero_count = -1; }), false},
      {"a sum of NaN", changed(good, [](FloatHistogram& h) { h.sum = NAN; }), true},
      {"bounds with an exponential schema",
       changed(good, [&](FloatHistogram& h) { h.custom_values = custom.custom_values; }), false},
      {"custom buckets", Custom({1, 2}, {1, 1, 1}), true},
      {"no bounds", Custom({}, {1}), true},
      {"fewer buckets than bounds", Custom({1, 2}, {1}), true},
      {"more buckets than bounds", Custom({1}, {1, 1, 1}), false},
      {"a bucket before the first",
       changed(Custom({1}, {1, 1}),
               [](FloatHistogram& h) {
                 h.positive_spans = {{-1, 2}};
               }),
       false},
      {"a bound twice", Custom({1, 1}, {1}), false},
      {"bounds that fall", Custom({2, 1}, {1}), false},
      {"a bound of NaN", Custom({1, NAN}, {1}), false},
      {"a bound of +Inf", Custom({1, kInfinity}, {1}), false},
      {"custom with a zero bucket", changed(Custom({1}, {1}), [](FloatHistogram& h) { h.zero_count = 1; }),
       false},
      {"custom with a zero threshold",
       changed(Custom({1}, {1}), [](FloatHistogram& h) { h.zero_threshold = 1; }), false},
      {"custom with a negative side",
       changed(Custom({1}, {1}),
               [](FloatHistogram& h) {
                 h.negative_spans = {{0, 1}};
                 h.negative = {1};
               }),
       false},
      {"custom with a span beyond",
       changed(Custom({1}, {1}),
               [](FloatHistogram& h) {
                 h.positive_spans = {{INT32_MAX, 1}};
               }),
       false},
  };
  for (const Case& c : cases) {
    const Status status = c.histogram.Validate();
    EXPECT_EQ(status.has_value(), c.sound) << c.what << ": " << (status ? "sound" : status.error().message);
    if (status) continue;
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << c.what;
  }
}

TEST(FloatHistogramTest, OfAMeasuredOne) {
  Histogram histogram;
  EXPECT_EQ(ToFloatHistogram(histogram), nullptr) << "no native form";
  histogram.schema = 2;
  histogram.count = 6;
  histogram.sum = 7.5;
  histogram.zero_threshold = 0.5;
  histogram.zero_count = 1;
  histogram.positive = {{{3, 2}}, {1, 2}};
  histogram.negative = {{{-1, 1}}, {2}};
  const FloatHistogramPtr native = ToFloatHistogram(histogram);
  ASSERT_NE(native, nullptr);
  EXPECT_EQ(native->ToTestText(),
            "{{schema:2 count:6 sum:7.5 z_bucket:1 z_bucket_w:0.5 offset:3 buckets:[1 2] n_offset:-1 "
            "n_buckets:[2]}}");
  EXPECT_TRUE(native->Validate().has_value());
}

}  // namespace
}  // namespace sidelight
