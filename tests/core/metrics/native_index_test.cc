#include "core/metrics/native_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/model/histogram.h"

namespace sidelight::metrics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kSmallest = std::numeric_limits<double>::denorm_min();

// Every bound of every schema, and the doubles next to it. Bucket i holds (bound(i-1), bound(i)].
TEST(NativeIndex, IsExactAtEveryBound) {
  for (int32_t schema = kCoarsestSchema; schema <= kFinestSchema; ++schema) {
    const int32_t lowest = NativeIndex(kSmallest, schema);
    const int32_t highest = NativeIndex(kLargest, schema);
    size_t wrong = 0;
    for (int32_t index = lowest; index <= highest && wrong < 5; ++index) {
      const double bound = NativeUpperBound(schema, index);
      // Among the subnormal values two bounds may be one double; the value is then the lower bucket's.
      const bool own = bound > NativeUpperBound(schema, index - 1) && bound > 0;
      if (!std::isfinite(bound) || !own) continue;
      const bool normal = bound >= std::numeric_limits<double>::min();
      const auto expect = [&](double v, int32_t want, const char* where) {
        if (v <= 0 || !std::isfinite(v) || NativeIndex(v, schema) == want) return;
        ++wrong;
        ADD_FAILURE() << "schema " << schema << ", " << where << " bound " << bound << ": wanted " << want
                      << ", got " << NativeIndex(v, schema);
      };
      if (!normal) continue;
      expect(bound, index, "at");
      expect(std::nextafter(bound, 0), index, "below");
      expect(std::nextafter(bound, kInfinity), index + 1, "above");
    }
  }
}

TEST(NativeIndex, TakesSubnormalValues) {
  for (int32_t schema = kCoarsestSchema; schema <= kFinestSchema; ++schema) {
    const double per_octave = std::ldexp(1, schema);
    for (int exponent = -1074; exponent < -1022; ++exponent) {
      const double v = std::ldexp(1, exponent);
      EXPECT_EQ(NativeIndex(v, schema), static_cast<int32_t>(std::ceil(exponent * per_octave)))
          << "schema " << schema << ", 2^" << exponent;
    }
  }
}

TEST(NativeIndex, OfTheLargestValueIsTheLastRegularBucket) {
  const struct {
    int32_t schema;
    int32_t want;
  } cases[] = {{8, 262144}, {3, 8192}, {0, 1024}, {-1, 512}, {-4, 64}};
  for (const auto& c : cases) EXPECT_EQ(NativeIndex(kLargest, c.schema), c.want) << c.schema;
}

TEST(CoarserIndex, MergesPairs) {
  const struct {
    int32_t index;
    int32_t shift;
    int32_t want;
  } cases[] = {{0, 0, 0},  {5, 0, 5},   {0, 1, 0},   {1, 1, 1},   {2, 1, 1}, {3, 1, 2},
               {-1, 1, 0}, {-2, 1, -1}, {-3, 1, -1}, {-4, 1, -2}, {9, 3, 2}, {-17, 3, -2}};
  for (const auto& c : cases)
    EXPECT_EQ(CoarserIndex(c.index, c.shift), c.want) << c.index << " by " << c.shift;
}

}  // namespace
}  // namespace sidelight::metrics
