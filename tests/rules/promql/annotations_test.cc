#include "rules/promql/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::promql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(AnnotationsTest, AreASetByText) {
  Annotations annotations;
  EXPECT_TRUE(annotations.empty());
  annotations.Warn({0, 3}, "b");
  annotations.Warn({4, 5}, "a");
  annotations.Warn({6, 7}, "b");
  annotations.Info({2, 3}, "a");
  EXPECT_FALSE(annotations.empty());
  EXPECT_THAT(annotations.Warnings("rate(x[5m])"),
              ElementsAre("PromQL warning: a (1:5)", "PromQL warning: b (1:7)"));
  EXPECT_THAT(annotations.Infos("rate(x[5m])"), ElementsAre("PromQL info: a (1:3)"));
}

TEST(AnnotationsTest, SayHowManyAreLeftOut) {
  Annotations annotations;
  for (const char* text : {"a", "b", "c", "d"}) {
    annotations.Warn({}, text);
    annotations.Info({}, text);
  }
  EXPECT_THAT(annotations.Warnings("x", 2), ElementsAre("PromQL warning: a (1:1)", "PromQL warning: b (1:1)",
                                                        "2 more warning annotations omitted"));
  EXPECT_THAT(annotations.Infos("x", 3),
              ElementsAre("PromQL info: a (1:1)", "PromQL info: b (1:1)", "PromQL info: c (1:1)",
                          "1 more info annotations omitted"));
  EXPECT_EQ(annotations.Warnings("x", 4).size(), 4u);
  EXPECT_EQ(annotations.Warnings("x", 0).size(), 4u);
}

TEST(AnnotationsTest, DoNotGrowWithoutEnd) {
  Annotations annotations;
  for (int i = 0; i < 11'000; ++i) annotations.Warn({}, "got " + std::to_string(i));
  annotations.Warn({3, 4}, "got 7");
  const std::vector<std::string> warnings = annotations.Warnings("sum(x)");
  EXPECT_EQ(warnings.size(), 10'000u);
  EXPECT_THAT(warnings, testing::Contains("PromQL warning: got 7 (1:4)"));
}

TEST(AnnotationsTest, CountOverlaps) {
  Annotations annotations;
  annotations.WarnStartTimeOverlap({5, 6}, "m");
  EXPECT_THAT(
      annotations.Warnings("rate(m[5m])"),
      ElementsAre("PromQL warning: sample has start time that overlaps with previous sample timestamp "
                  "for metric \"m\" (1:6)"));
  annotations.WarnStartTimeOverlap({5, 6}, "m");
  EXPECT_THAT(
      annotations.Warnings("rate(m[5m])"),
      ElementsAre("PromQL warning: sample has start time that overlaps with previous sample timestamp "
                  "for metric \"m\" (2 occurrences) (1:6)"));
}

constexpr std::string_view kForced =
    "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "
    "\"m\"";

TEST(AnnotationsTest, MergeTheDetailsOfForcedBuckets) {
  Annotations annotations;
  annotations.InfoForcedMonotonic({1, 2}, "m", 60'000, 0.5, 2, 1.234);
  Annotations other;
  other.InfoForcedMonotonic({3, 4}, "m", 0, 1, 4, 0.1);
  other.InfoForcedMonotonic({3, 4}, "m", 120'000, 1, 4, 0.2);
  annotations.Merge(other);
  EXPECT_THAT(annotations.Infos("xxxxx"),
              ElementsAre(std::string(kForced) +
                          ", from buckets 0.5 to 4, with a max diff of 1.2, over 3 samples from "
                          "1970-01-01T00:00:00Z to 1970-01-01T00:02:00Z (1:4)"));
}

TEST(AnnotationsTest, MergeTakesThoseOfTheOther) {
  Annotations annotations;
  annotations.Warn({0, 1}, "both");
  Annotations other;
  other.Warn({2, 3}, "both");
  other.Warn({4, 5}, "its own");
  other.WarnStartTimeOverlap({}, "m");
  other.WarnStartTimeOverlap({}, "m");
  annotations.Merge(other);
  EXPECT_THAT(annotations.Warnings("xxxxxxx"),
              ElementsAre("PromQL warning: both (1:3)", "PromQL warning: its own (1:5)",
                          testing::HasSubstr("(2 occurrences) (1:1)")));
  EXPECT_THAT(annotations.Infos("x"), IsEmpty());
}

TEST(AnnotationsTest, PositionsAreLinesAndColumnsInBytes) {
  struct Case {
    const char* text;
    uint32_t offset;
    const char* wanted;
  };
  const Case cases[] = {
      {"", 0, "1:1"},      {"abc", 0, "1:1"},    {"abc", 2, "1:3"},     {"a\nbc", 2, "2:1"},
      {"a\nbc", 3, "2:2"}, {"a\nbc", 1, "1:2"},  {"\n\n\nx", 3, "4:1"}, {"ä\nä x", 6, "2:4"},
      {"abc", 99, "1:4"},  {"a\r\nb", 3, "2:1"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(LineAndColumn(c.text, c.offset), c.wanted) << c.text << " " << c.offset;
}

}  // namespace
}  // namespace sidelight::promql
