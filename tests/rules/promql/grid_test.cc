#include "rules/promql/grid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

namespace sidelight::promql {
namespace {

FloatHistogramPtr MakeHistogram(double count) {
  auto histogram = std::make_shared<FloatHistogram>();
  histogram->count = count;
  return histogram;
}

TEST(GridTest, StepsHaveTimes) {
  const Steps steps{.start = -1000, .interval = 500, .count = 4};
  EXPECT_EQ(steps.At(0), -1000);
  EXPECT_EQ(steps.At(3), 500);
  EXPECT_EQ(steps.end(), 500);
  EXPECT_EQ(Steps{.start = 7}.end(), 7);
}

TEST(GridTest, NewRowsAreEmpty) {
  Grid grid(3);
  EXPECT_EQ(grid.size(), 0u);
  EXPECT_EQ(grid.Add(Labels{{"a", "1"}}), 0u);
  EXPECT_EQ(grid.Add(Labels{{"a", "2"}}, true), 1u);
  EXPECT_EQ(grid.size(), 2u);
  EXPECT_TRUE(grid.RowIsEmpty(0));
  EXPECT_TRUE(grid.cell(0, 2).empty());
  EXPECT_FALSE(grid.row(0).drop_name);
  EXPECT_TRUE(grid.row(1).drop_name);
  EXPECT_EQ(grid.Samples(), 0u);
}

TEST(GridTest, ACellHoldsAFloatOrAHistogramOrNothing) {
  Grid grid(2);
  grid.Add({});
  grid.SetFloat(0, 0, NAN);
  EXPECT_TRUE(grid.HasFloat(0, 0)) << "only the stale marker is nothing";
  EXPECT_FALSE(grid.has_histograms());
  EXPECT_EQ(grid.histogram(0, 1), nullptr);

  grid.SetHistogram(0, 0, MakeHistogram(3));
  EXPECT_TRUE(grid.has_histograms());
  EXPECT_FALSE(grid.HasFloat(0, 0)) << "the histogram took the float's place";
  EXPECT_TRUE(grid.Has(0, 0));
  EXPECT_EQ(grid.cell(0, 0).histogram->count, 3);
  EXPECT_EQ(grid.Samples(), 1u);

  grid.SetFloat(0, 0, 5);
  EXPECT_EQ(grid.histogram(0, 0), nullptr) << "the float took the histogram's place";
  EXPECT_EQ(grid.floats(0)[0], 5);

  grid.Set(0, 1, {.histogram = MakeHistogram(1)});
  grid.Set(0, 0, {.value = 6});
  EXPECT_EQ(grid.Samples(), 2u);
  grid.Set(0, 1, {});
  grid.Clear(0, 0);
  EXPECT_TRUE(grid.RowIsEmpty(0));
}

TEST(GridTest, ANullHistogramIsNothing) {
  Grid grid(1);
  grid.Add({});
  grid.SetFloat(0, 0, 2);
  grid.SetHistogram(0, 0, nullptr);
  EXPECT_FALSE(grid.has_histograms());
  EXPECT_EQ(grid.floats(0)[0], 2);
}

// Which rows of five stay, with histograms among them and without.
TEST(GridTest, KeepsRowsInOrder) {
  for (const bool histograms : {false, true}) {
    for (unsigned mask = 0; mask < 32; ++mask) {
      Grid grid(2);
      grid.Reserve(5);
      std::vector<bool> keep(5);
      std::vector<double> wanted;
      for (size_t row = 0; row < 5; ++row) {
        grid.Add(Labels{{"row", std::to_string(row)}});
        grid.SetFloat(row, 0, static_cast<double>(row));
        if (histograms && row % 2 == 0) grid.SetHistogram(row, 1, MakeHistogram(static_cast<double>(row)));
        keep[row] = (mask >> row & 1) != 0;
        if (keep[row]) wanted.push_back(static_cast<double>(row));
      }
      grid.Keep(keep);
      ASSERT_EQ(grid.size(), wanted.size()) << mask;
      for (size_t row = 0; row < wanted.size(); ++row) {
        EXPECT_EQ(grid.floats(row)[0], wanted[row]) << mask;
        EXPECT_EQ(grid.row(row).labels.Get("row"), std::to_string(static_cast<int>(wanted[row]))) << mask;
        const bool has = histograms && static_cast<int>(wanted[row]) % 2 == 0;
        ASSERT_EQ(grid.histogram(row, 1) != nullptr, has) << mask;
        if (!has) continue;
        EXPECT_EQ(grid.histogram(row, 1)->count, wanted[row]) << mask;
      }
    }
  }
}

TEST(GridTest, TheLastRowGoesAgain) {
  Grid grid(2);
  grid.Add({});
  grid.SetHistogram(0, 1, MakeHistogram(1));
  grid.Add({});
  grid.SetHistogram(1, 0, MakeHistogram(2));
  grid.RemoveLast();
  EXPECT_EQ(grid.size(), 1u);
  EXPECT_EQ(grid.Samples(), 1u);
  grid.Add({});
  EXPECT_TRUE(grid.RowIsEmpty(1)) << "nothing of the row that was there before";
}

}  // namespace
}  // namespace sidelight::promql
