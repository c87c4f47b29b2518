#include "core/model/histogram.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sidelight {
namespace {

TEST(NativeUpperBound, IsAPowerOfTwoToTheSchema) {
  const struct {
    int32_t schema;
    int32_t index;
    double want;
  } cases[] = {
      {0, 0, 1},
      {0, 1, 2},
      {0, -1, 0.5},
      {0, 10, 1024},
      {3, 0, 1},
      {3, 8, 2},
      {3, -8, 0.5},
      {3, 4, M_SQRT2},
      {3, -4, M_SQRT1_2},
      {8, 256, 2},
      {8, 128, M_SQRT2},
      {-1, 1, 4},
      {-1, -1, 0.25},
      {-4, 1, 65536},
      {-4, 63, 0x1p1008},
      {3, 8191 - 7, 0x1p1023},
      {3, -8 * 1074, 0x1p-1074},
      {-4, -67, 0x1p-1072},
  };
  for (const auto& c : cases) {
    EXPECT_DOUBLE_EQ(NativeUpperBound(c.schema, c.index), c.want)
        << "schema " << c.schema << " index " << c.index;
  }
}

TEST(NativeUpperBound, AscendsAndEachSchemaHoldsTheCoarserOnes) {
  for (int32_t schema = 1; schema <= 8; ++schema) {
    for (int32_t index = -300; index < 300; ++index) {
      EXPECT_LT(NativeUpperBound(schema, index), NativeUpperBound(schema, index + 1))
          << schema << " " << index;
      EXPECT_EQ(NativeUpperBound(schema - 1, index), NativeUpperBound(schema, 2 * index))
          << schema << " " << index;
    }
  }
}

TEST(Histogram, HasTheFormsThatItWasGiven) {
  Histogram histogram;
  EXPECT_FALSE(histogram.has_classic());
  EXPECT_FALSE(histogram.has_native());
  histogram.classic.bounds = std::make_shared<const std::vector<double>>();
  EXPECT_TRUE(histogram.has_classic()) << "only +Inf";
  histogram.schema = -4;
  EXPECT_TRUE(histogram.has_native());
}

}  // namespace
}  // namespace sidelight
