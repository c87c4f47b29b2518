#include "core/metrics/histogram_totals.h"

#include <gtest/gtest.h>

namespace sidelight::metrics {
namespace {

TEST(DenseBuckets, KnowTheirPopulatedRange) {
  EXPECT_FALSE((DenseBuckets{3, {}}).Populated());
  EXPECT_FALSE((DenseBuckets{3, {0, 0}}).Populated());
  const auto range = DenseBuckets{-3, {0, 5, 0, 7, 0, 0}}.Populated();
  ASSERT_TRUE(range);
  EXPECT_EQ(range->low, -2);
  EXPECT_EQ(range->high, 0);
  EXPECT_EQ(range->size(), 3);
}

TEST(DenseBuckets, DownscaleByMergingPairs) {
  DenseBuckets buckets{-3, {1, 2, 4, 8, 16, 32}};  // -3 .. 2
  buckets.Downscale(1);                            // (-3,-2) -> -1, (-1,0) -> 0, (1,2) -> 1
  EXPECT_EQ(buckets.first, -1);
  EXPECT_EQ(buckets.counts, (std::vector<uint64_t>{3, 12, 48}));
  buckets.Downscale(0);
  EXPECT_EQ(buckets.counts, (std::vector<uint64_t>{3, 12, 48}));
  buckets.Downscale(2);  // -1, 0 -> 0; 1 -> 1
  EXPECT_EQ(buckets.first, 0);
  EXPECT_EQ(buckets.counts, (std::vector<uint64_t>{15, 48}));
}

TEST(DenseBuckets, AddOverTheUnionOfTheirRanges) {
  DenseBuckets sum;
  sum.Add(DenseBuckets{5, {0, 0}});
  EXPECT_FALSE(sum.Populated());
  sum.Add(DenseBuckets{5, {1, 2}});
  sum.Add(DenseBuckets{6, {10}});
  sum.Add(DenseBuckets{2, {0, 100, 0}});
  EXPECT_EQ(sum.first, 3);
  EXPECT_EQ(sum.counts, (std::vector<uint64_t>{100, 0, 1, 12}));
}

TEST(StepsToFit, CountsBothSigns) {
  const IndexRange wide{0, 199};
  EXPECT_EQ(StepsToFit(std::nullopt, std::nullopt, 3, 1), 0);
  EXPECT_EQ(StepsToFit(wide, std::nullopt, 3, 200), 0);
  EXPECT_EQ(StepsToFit(wide, std::nullopt, 3, 199), 1);
  EXPECT_EQ(StepsToFit(wide, wide, 3, 200), 2)
      << "101 and 101 are too many, as bucket 0 has only half a partner";
  EXPECT_EQ(StepsToFit(IndexRange{-1000, 1000}, std::nullopt, -3, 1), 1) << "the coarsest schema ends it";
}

}  // namespace
}  // namespace sidelight::metrics
