#include "rules/testing/histogram_notation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace sidelight::promqltest {
namespace {

TEST(HistogramNotation, ReadsEveryKey) {
  std::string_view text =
      "{{schema:3 sum:-5.5 count:4.5 z_bucket:2 z_bucket_w:0.001 buckets:[1 2.5 0] offset:-2 n_buckets:[3 "
      "-4] "
      "n_offset:7 counter_reset_hint:gauge}}x3";
  const Result<WrittenHistogram> written = TakeHistogram(&text);
  ASSERT_TRUE(written.has_value()) << written.error().message;
  EXPECT_EQ(text, "x3");
  const FloatHistogram& h = written->histogram;
  EXPECT_EQ(h.schema, 3);
  EXPECT_EQ(h.sum, -5.5);
  EXPECT_EQ(h.count, 4.5);
  EXPECT_EQ(h.zero_count, 2);
  EXPECT_EQ(h.zero_threshold, 0.001);
  EXPECT_THAT(h.positive, testing::ElementsAre(1, 2.5, 0));
  EXPECT_THAT(h.positive_spans, testing::ElementsAre(NativeSpan{-2, 3}));
  EXPECT_THAT(h.negative, testing::ElementsAre(3, -4));
  EXPECT_THAT(h.negative_spans, testing::ElementsAre(NativeSpan{7, 2}));
  EXPECT_EQ(h.custom_values, nullptr);
  EXPECT_EQ(h.counter_reset, CounterReset::kGauge);
  EXPECT_TRUE(written->hint_given);
}

TEST(HistogramNotation, WhatIsLeftOutIsZero) {
  for (const std::string_view given : {"{{}}", "{{ }}", "{{  schema:0\t}}"}) {
    std::string_view text = given;
    const Result<WrittenHistogram> written = TakeHistogram(&text);
    ASSERT_TRUE(written.has_value()) << given << ": " << written.error().message;
    EXPECT_TRUE(written->histogram.Equals({})) << given;
    EXPECT_FALSE(written->hint_given) << given;
    EXPECT_EQ(text, "") << given;
  }
}

TEST(HistogramNotation, CustomBuckets) {
  std::string_view text = "{{schema:-53 count:NaN sum:Inf custom_values:[ 5 10 ] buckets:[1 2 3]}}";
  const Result<WrittenHistogram> written = TakeHistogram(&text);
  ASSERT_TRUE(written.has_value()) << written.error().message;
  ASSERT_NE(written->histogram.custom_values, nullptr);
  EXPECT_THAT(*written->histogram.custom_values, testing::ElementsAre(5, 10));
  EXPECT_TRUE(std::isnan(written->histogram.count));
  EXPECT_TRUE(std::isinf(written->histogram.sum));
}

TEST(HistogramNotation, ReadsWhatHistogramsPrint) {
  for (const std::string_view given :
       {"{{count:3 sum:4 z_bucket:1 z_bucket_w:0.5 buckets:[1 0 2]}}",
        "{{schema:2 count:1 offset:-3 buckets:[1]}}",
        "{{schema:-53 count:1 custom_values:[1 2] counter_reset_hint:not_reset buckets:[1]}}",
        "{{count:2 n_offset:1 n_buckets:[1 1]}}"}) {
    std::string_view text = given;
    const Result<WrittenHistogram> written = TakeHistogram(&text);
    ASSERT_TRUE(written.has_value()) << given << ": " << written.error().message;
    EXPECT_EQ(written->histogram.ToTestText(), given);
  }
}

TEST(HistogramNotation, SaysWhatIsWrong) {
  struct Case {
    std::string_view text;
    std::string_view what;
  };
  const Case cases[] = {
      {"{{sum:1", "between {{ and }}"},
      {"{sum:1}", "between {{ and }}"},
      {"{{sum}}", "\"sum\" in a histogram is no key:value"},
      {"{{sum :1}}", "\"sum\" in a histogram is no key:value"},
      {"{{sum: 1}}", "behind sum: the value is missing"},
      {"{{sum:1 sum:2}}", "comes twice"},
      {"{{total:1}}", "a histogram has no key \"total\"; there are schema, sum,"},
      {"{{sum:x}}", "sum:x is not a number"},
      {"{{offset:1.5}}", "offset:1.5 is not a whole number"},
      {"{{offset:99999999999}}", "is not a whole number"},
      {"{{buckets:1}}", "buckets:1 is not a list like"},
      {"{{buckets:[1,2]}}", "is not a list like"},
      {"{{buckets:[1 2}}", "the list of buckets has no \"]\""},
      {"{{buckets:[1]sum:2}}", "a blank is missing"},
      {"{{schema:9}}", "there is no schema 9"},
      {"{{schema:-5}}", "there is no schema -5"},
      {"{{counter_reset_hint:maybe}}", "none of unknown, reset, not_reset, gauge"},
  };
  for (const Case& c : cases) {
    std::string_view text = c.text;
    const Result<WrittenHistogram> written = TakeHistogram(&text);
    ASSERT_FALSE(written.has_value()) << c.text;
    EXPECT_THAT(written.error().message, testing::HasSubstr(c.what)) << c.text;
  }
}

}  // namespace
}  // namespace sidelight::promqltest
