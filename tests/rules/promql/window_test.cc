#include "rules/promql/window.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sidelight::promql {
namespace {

using Extension = VectorSelector::Extension;

storage::Samples MakeSamples(const std::vector<UnixMillis>& floats,
                             const std::vector<UnixMillis>& histograms) {
  storage::Samples samples;
  for (const UnixMillis time : floats) {
    samples.times.push_back(time);
    samples.values.push_back(static_cast<double>(time));
  }
  for (const UnixMillis time : histograms) {
    samples.histogram_times.push_back(time);
    samples.histograms.push_back(std::make_shared<FloatHistogram>());
  }
  return samples;
}

std::string Times(const Window& window) {
  std::string text;
  for (const UnixMillis time : window.times) text += std::to_string(time) + " ";
  text += "|";
  for (const UnixMillis time : window.histogram_times) text += " " + std::to_string(time);
  return text;
}

struct Case {
  const char* what;
  Extension extension;
  std::vector<UnixMillis> floats;
  std::vector<UnixMillis> histograms;
  std::vector<std::string> wanted;  // at 100, 150, 200
};

TEST(WindowTest, SlidesFromStepToStep) {
  const Case cases[] = {
      {"the start is out, the end is in",
       Extension::kNone,
       {0, 1, 100, 101, 200},
       {},
       {"1 100 |", "100 101 |", "101 200 |"}},
      {"nothing", Extension::kNone, {}, {}, {"|", "|", "|"}},
      {"both kinds", Extension::kNone, {90, 160}, {110, 190}, {"90 |", "90 | 110", "160 | 110 190"}},
      {"anchored takes the one before",
       Extension::kAnchored,
       {0, 50, 120},
       {},
       {"0 50 |", "50 120 |", "50 120 |"}},
      {"not from farther back than the lookback",
       Extension::kAnchored,
       {-70, 120},
       {},
       {"|", "120 |", "120 |"}},
      {"the nearer of both kinds", Extension::kAnchored, {40}, {90, 160}, {"40 | 90", "40 | 90", "| 90 160"}},
      {"smoothed takes the one behind, too",
       Extension::kSmoothed,
       {40, 160, 230},
       {},
       {"40 160 |", "40 160 |", "160 230 |"}},
      {"the nearer of both kinds behind",
       Extension::kSmoothed,
       {90, 130},
       {120},
       {"90 | 120", "90 130 | 120", "90 130 | 120"}},
  };
  for (const Case& c : cases) {
    const storage::Samples samples = MakeSamples(c.floats, c.histograms);
    const Labels labels;
    RangeSeries series(labels, false, samples, {.start = 1100, .interval = 50, .count = 3}, 100, 50, 100, 60,
                       c.extension);
    for (size_t step = 0; step < 3; ++step) {
      const Window& window = series.At(step);
      EXPECT_EQ(Times(window), c.wanted[step]) << c.what << ", step " << step;
      EXPECT_EQ(window.time, 1100 + 50 * static_cast<UnixMillis>(step)) << c.what;
      EXPECT_EQ(window.end, 100 + 50 * static_cast<UnixMillis>(step)) << c.what;
      EXPECT_EQ(window.start, window.end - 100) << c.what;
    }
  }
}

}  // namespace
}  // namespace sidelight::promql
