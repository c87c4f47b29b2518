#include "rules/testing/series_notation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/float_text.h"
#include "core/model/stale.h"

namespace sidelight::promqltest {
namespace {

// "_ 5 stale {{...}}": one word for each step; a hint that was written is marked with "!".
std::string Text(const std::vector<SequenceValue>& values) {
  std::string out;
  for (const SequenceValue& value : values) {
    if (!out.empty()) out += ' ';
    if (value.omitted) {
      out += '_';
    } else if (value.histogram != nullptr) {
      out += value.histogram->ToTestText() + (value.hint_given ? "!" : "");
    } else {
      out += IsStale(value.value) ? "stale" : FloatText(value.value);
    }
  }
  return out;
}

TEST(SeriesNotation, Sequences) {
  struct Case {
    std::string_view text;
    std::string_view values;
  };
  const Case cases[] = {
      {"", ""},
      {"5 -1.5\t+2  1e3", "5 -1.5 2 1000"},
      {"Inf -inf NaN", "+Inf -Inf NaN"},
      {"_ 1 _x3 2", "_ 1 _ _ _ 2"},
      {"_x0 1", "1"},
      {"stale 1 stale", "stale 1 stale"},
      {"3x2", "3 3 3"},
      {"3x0", "3"},
      {"0+10x3", "0 10 20 30"},
      {"1-1x2", "1 0 -1"},
      {"-1-2x2", "-1 -3 -5"},
      {"0.1+0.1x2", "0.1 0.2 0.30000000000000004"},
      {"1+0x1 5", "1 1 5"},
      {"{{}}", "{{}}"},
      {"{{sum:1 count:2}}x1", "{{count:2 sum:1}} {{count:2 sum:1}}"},
      {"1 {{count:1}} 2", "1 {{count:1}} 2"},
      {"{{count:1 sum:2}}+{{count:2 sum:1}}x2", "{{count:1 sum:2}} {{count:3 sum:3}} {{count:5 sum:4}}"},
      {"{{count:5}}-{{count:2}}x2", "{{count:5 counter_reset_hint:gauge}}"},
      {"{{counter_reset_hint:gauge}}", "{{counter_reset_hint:gauge}}!"},
      {"{{counter_reset_hint:gauge}}+{{}}x0", "{{counter_reset_hint:gauge}}"},
      {"{{}}+{{counter_reset_hint:unknown}}x0", "{{}}!"},
  };
  for (const Case& c : cases) {
    const Result<std::vector<SequenceValue>> values = ParseSequence(c.text);
    ASSERT_TRUE(values.has_value()) << c.text << ": " << values.error().message;
    if (c.text.find("}}-{{") != std::string_view::npos) {
      // What the engine's subtraction says of counter resets is its own affair.
      ASSERT_EQ(values->size(), 3u);
      EXPECT_EQ((*values)[1].histogram->count, 3);
      EXPECT_EQ((*values)[2].histogram->count, 1);
      continue;
    }
    EXPECT_EQ(Text(*values), c.values) << c.text;
  }
}

TEST(SeriesNotation, WrongSequences) {
  struct Case {
    std::string_view text;
    std::string_view what;
  };
  const Case cases[] = {
      {"5 x", "\"x\": this is no number"},
      {"NaNx3", "\"NaNx3\": this is no number"},
      {"stalex3", "\"stalex3\": this is no number"},
      {"_y", "\"_y\": \"y\" is not expected"},
      {"_x", "\"_x\": behind \"x\" a number"},
      {"5x", "\"5x\": behind \"x\" a number"},
      {"5x-1", "\"5x-1\": behind \"x\" a number"},
      {"5x3.5", "\"5x3.5\": \".\" is not expected"},
      {"5+-1x2", "behind the sign a number is missing"},
      {"5+1", "how often it is added is missing"},
      {"5+x3", "behind the sign a number is missing"},
      {"5 ,6", "\",6\": this is no number"},
      {"5x9999999", "a number of at most 1000000"},
      {"5x999999 1", "more than 1000000 samples"},
      {"_x1000000 1", "more than 1000000 samples"},
      {"{{}}+5x2", "between {{ and }}"},
      {"{{}}+{{}}", "how often the second histogram"},
      {"{{schema:1}}+{{}}x2", "must not be above that of the second"},
      {"{{schema:-53}}+{{}}x2", ""},
      {"{{}}{{}}", "\"{\" is not expected"},
  };
  for (const Case& c : cases) {
    const Result<std::vector<SequenceValue>> values = ParseSequence(c.text);
    ASSERT_FALSE(values.has_value()) << c.text << " gave " << Text(*values);
    EXPECT_THAT(values.error().message, testing::HasSubstr(c.what)) << c.text;
  }
}

TEST(SeriesNotation, Series) {
  struct Case {
    std::string_view text;
    std::string_view labels;
    std::string_view values;
  };
  const Case cases[] = {
      {"up 1 2", R"({__name__="up"})", "1 2"},
      {R"(up{a="b", c='d',} 1)", R"({__name__="up", a="b", c="d"})", "1"},
      {R"({a="b"}  1)", R"({a="b"})", "1"},
      {"{} 1", "{}", "1"},
      {"{} {{count:1}}", "{}", "{{count:1}}"},
      {"up {{count:1}}", R"({__name__="up"})", "{{count:1}}"},
      {R"({__name__="up"} 1)", R"({__name__="up"})", "1"},
      {R"({"my.metric", "a.b"="c"} 1)", R"({__name__="my.metric", a.b="c"})", "1"},
      {"sum{offset=\"`\", by=`\\`} 1", R"({__name__="sum", by="\\", offset="`"})", "1"},
      {R"(x{a=""} 1)", R"({__name__="x"})", "1"},
      {"x", R"({__name__="x"})", ""},
      {"x{a=\"\\u00e4\\n\"} _x2", "{__name__=\"x\", a=\"ä\\n\"}", "_ _"},
  };
  for (const Case& c : cases) {
    const Result<WrittenSeries> series = ParseSeries(c.text);
    ASSERT_TRUE(series.has_value()) << c.text << ": " << series.error().message;
    EXPECT_EQ(series->labels.ToString(), c.labels) << c.text;
    EXPECT_EQ(Text(series->values), c.values) << c.text;
  }
  for (const std::string_view wrong : {"", "1 2", "x{a} 1", "x{a=~\"b\"} 1", "x{a=\"b\" 1", "{a=\"b\"}1"}) {
    EXPECT_FALSE(ParseSeries(wrong).has_value()) << wrong;
  }
}

TEST(SeriesNotation, StartOffsets) {
  struct Case {
    std::string_view text;
    std::string_view millis;
  };
  const Case cases[] = {
      {"", ""},
      {"_ _x2 0", "_ _ _ 0"},
      {"-30s 1ms +2m 1h -1d 1w 1y", "-30000 1 120000 3600000 -86400000 604800000 31536000000"},
      {"-1sx2", "-1000 -1000 -1000"},
      {"-30s-1mx2", "-30000 -90000 -150000"},
      {"0-1mx1", "0 -60000"},
      {"-0msx1", "0 0"},
      {"1s+1msx2", "1000 1001 1002"},
  };
  for (const Case& c : cases) {
    const auto offsets = ParseStartOffsets(c.text);
    ASSERT_TRUE(offsets.has_value()) << c.text << ": " << offsets.error().message;
    std::string got;
    for (const std::optional<int64_t>& offset : *offsets) {
      got += (got.empty() ? "" : " ") + (offset ? std::to_string(*offset) : "_");
    }
    EXPECT_EQ(got, c.millis) << c.text;
  }
  for (const std::string_view wrong :
       {"5", "1s1ms", "1.5s", "-", "1s-1m", "1q", "_s", "1sx", "5000000000s"}) {
    EXPECT_FALSE(ParseStartOffsets(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace sidelight::promqltest
