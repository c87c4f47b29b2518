#include "rules/testing/nhcb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sidelight::promqltest {
namespace {

std::vector<LoadedSeries> Series(const std::vector<std::string_view>& lines) {
  std::vector<LoadedSeries> all;
  for (const std::string_view line : lines) {
    Result<WrittenSeries> written = ParseSeries(line);
    EXPECT_TRUE(written.has_value()) << line;
    all.push_back({.labels = written->labels, .values = written->values});
  }
  return all;
}

// `{labels} histogram@time ...`, one line for each series.
std::string Converted(const std::vector<std::string_view>& lines) {
  const auto converted = ConvertToCustomBuckets(Series(lines), 1000);
  if (!converted) return converted.error().message;
  std::string out;
  for (const ConvertedSeries& series : *converted) {
    out += series.labels.ToString();
    for (const auto& [time, histogram] : series.histograms) {
      out += " " + histogram->ToTestText() + "@" + std::to_string(time);
    }
    out += "\n";
  }
  return out;
}

TEST(Nhcb, Converts) {
  struct Case {
    const char* what;
    std::vector<std::string_view> lines;
    std::string_view converted;
  };
  const Case cases[] = {
      {"a whole one",
       {R"(x_bucket{a="b", le="2"} 5)", R"(x_bucket{a="b", le="1"} 3)", R"(x_bucket{a="b", le="+Inf"} 6)",
        R"(x_count{a="b"} 6)", R"(x_sum{a="b"} 7.5)"},
       "{__name__=\"x\", a=\"b\"} {{schema:-53 count:6 sum:7.5 custom_values:[1 2] buckets:[3 2 1]}}@0\n"},
      {"without +Inf the count is that of the highest bucket, or the given one",
       {R"(x_bucket{le="1"} 3)", R"(y_bucket{le="1"} 3)", "y_count 4"},
       "{__name__=\"x\"} {{schema:-53 count:3 custom_values:[1] buckets:[3 0]}}@0\n"
       "{__name__=\"y\"} {{schema:-53 count:4 custom_values:[1] buckets:[3 1]}}@0\n"},
      {"at each time on its own",
       {R"(x_bucket{le="1"} _ 1 2)", R"(x_bucket{le="Inf"} _ 1 _)", "x_sum _ _ 9"},
       "{__name__=\"x\"} {{schema:-53 count:1 custom_values:[1] buckets:[1 0]}}@1000 "
       "{{schema:-53 count:2 sum:9 custom_values:[1] buckets:[2 0]}}@2000\n"},
      {"equal bounds count once, the first one wins",
       {R"(x_bucket{le="0.2"} 1)", R"(x_bucket{le="2e-1"} 9)", R"(x_bucket{le="+Inf"} 2)"},
       "{__name__=\"x\"} {{schema:-53 count:2 custom_values:[0.2] buckets:[1 1]}}@0\n"},
      {"what is no part of one is passed over",
       {"up 1", R"(x_bucket{le="a"} 1)", "x_bucket 1", R"(x_bucket{le="NaN"} 1)", "y_count {{count:1}}"},
       ""},
      {"negative bounds",
       {R"(x_bucket{le="-3"} 10)", R"(x_bucket{le="-2"} 12)", R"(x_bucket{le="+Inf"} 20)"},
       "{__name__=\"x\"} {{schema:-53 count:20 custom_values:[-3 -2] buckets:[10 2 8]}}@0\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(Converted(c.lines), c.converted) << c.what;
}

TEST(Nhcb, RefusesWhatDoesNotAddUp) {
  struct Case {
    std::vector<std::string_view> lines;
    std::string_view what;
  };
  const Case cases[] = {
      {{R"(x_bucket{le="1"} 3)", R"(x_bucket{le="2"} 2)"}, "less than the one before"},
      {{R"(x_bucket{le="1"} -3)"}, "less than the one before"},
      {{R"(x_bucket{le="1"} stale)"}, "less than the one before"},
      {{R"(x_bucket{le="+Inf"} 3)", "x_count 4"}, "counts 3, the count is 4"},
      {{R"(x_bucket{le="1"} 5)", "x_count 4"}, "less than the one before"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Converted(c.lines), testing::HasSubstr(c.what)) << c.lines.front();
  }
}

}  // namespace
}  // namespace sidelight::promqltest
