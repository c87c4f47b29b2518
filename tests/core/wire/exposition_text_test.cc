#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/core/wire/families.h"

namespace sidelight::wire {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

struct Case {
  const char* name;
  std::vector<MetricFamily> families;
  std::string text;
  EscapingScheme escaping = EscapingScheme::kUnderscores;
  ExpositionFormat format = ExpositionFormat::kText004;
  size_t dropped_families = 0;
  size_t dropped_series = 0;
};

Histogram Native() {
  Histogram histogram;
  histogram.count = 7;
  histogram.sum = 3.5;
  histogram.schema = 3;
  histogram.positive = {{{0, 1}}, {7}};
  return histogram;
}

TEST(WriteText, Table) {
  const Case cases[] = {
      {"nothing", {}, ""},
      {"a counter",
       {FamilyOf(MetricType::kCounter, "requests_total", "Requests.",
                 {Value({{"code", "200"}, {"method", "GET"}}, 1027, kStart), Value({{"code", "400"}}, 3)})},
       "# HELP requests_total Requests.\n"
       "# TYPE requests_total counter\n"
       "requests_total{code=\"200\",method=\"GET\"} 1027\n"
       "requests_total{code=\"400\"} 3\n"},
      {"a gauge without labels, an unknown without help",
       {FamilyOf(MetricType::kGauge, "temperature", "Now.", {Value({}, -0.5)}, "celsius"),
        FamilyOf(MetricType::kUnknown, "what", "", {Value({}, kInf)})},
       "# HELP temperature Now.\n"
       "# TYPE temperature gauge\n"
       "temperature -0.5\n"
       "# TYPE what untyped\n"
       "what +Inf\n"},
      {"a histogram",
       {FamilyOf(
           MetricType::kHistogram, "lag_seconds", "Lag.",
           {Of({}, Classic({0.5, 1}, {2, 3, 1}, 4.25), kStart), Of({{"x", "y"}}, Classic({}, {4}, 1))})},
       "# HELP lag_seconds Lag.\n"
       "# TYPE lag_seconds histogram\n"
       "lag_seconds_bucket{le=\"0.5\"} 2\n"
       "lag_seconds_bucket{le=\"1\"} 5\n"
       "lag_seconds_bucket{le=\"+Inf\"} 6\n"
       "lag_seconds_sum 4.25\n"
       "lag_seconds_count 6\n"
       "lag_seconds_bucket{x=\"y\",le=\"+Inf\"} 4\n"
       "lag_seconds_sum{x=\"y\"} 1\n"
       "lag_seconds_count{x=\"y\"} 4\n"},
      {"a native histogram has one classic bucket",
       {FamilyOf(MetricType::kHistogram, "n", "N.", {Of({{"a", "b"}}, Native())})},
       "# HELP n N.\n"
       "# TYPE n histogram\n"
       "n_bucket{a=\"b\",le=\"+Inf\"} 7\n"
       "n_sum{a=\"b\"} 3.5\n"
       "n_count{a=\"b\"} 7\n"},
      {"a summary",
       {FamilyOf(MetricType::kSummary, "s", "S.",
                 {Of(Labels{{"a", "b"}}, Summary{2, 1.5, {{0.5, 1}, {1, std::nan("")}}})})},
       "# HELP s S.\n"
       "# TYPE s summary\n"
       "s{a=\"b\",quantile=\"0.5\"} 1\n"
       "s{a=\"b\",quantile=\"1\"} NaN\n"
       "s_sum{a=\"b\"} 1.5\n"
       "s_count{a=\"b\"} 2\n"},
      {"stale series and families without others are left out",
       {FamilyOf(MetricType::kGauge, "a", "A.", {Stale({{"x", "1"}})}),
        FamilyOf(MetricType::kGauge, "b", "B.", {Stale({{"x", "1"}}), Value({{"x", "2"}}, 2)}),
        FamilyOf(MetricType::kGauge, "c", "C.", {})},
       "# HELP b B.\n"
       "# TYPE b gauge\n"
       "b{x=\"2\"} 2\n"},
      {"escapes in help and values",
       {FamilyOf(MetricType::kGauge, "g", "a\\b\n\"c\"", {Value({{"l", "a\\b\n\"c\"\t}{,="}}, 1)})},
       "# HELP g a\\\\b\\n\"c\"\n"
       "# TYPE g gauge\n"
       "g{l=\"a\\\\b\\n\\\"c\\\"\t}{,=\"} 1\n"},
      {"broken UTF-8",
       {FamilyOf(MetricType::kGauge, "g", "h\xff", {Value({{"l", "\xf0\x9f\x98|é"}}, 1)})},
       "# HELP g h\xEF\xBF\xBD\n"
       "# TYPE g gauge\n"
       "g{l=\"\xEF\xBF\xBD|é\"} 1\n"},
      {"values that differ in broken bytes only",
       {FamilyOf(MetricType::kGauge, "g", "G.", {Value({{"l", "\xfe"}}, 1), Value({{"l", "\xff"}}, 2)})},
       "# HELP g G.\n"
       "# TYPE g gauge\n"
       "g{l=\"\xEF\xBF\xBD\"} 1\n",
       EscapingScheme::kUnderscores,
       ExpositionFormat::kText004,
       0,
       1},
      {"label names change between series",
       {FamilyOf(MetricType::kGauge, "g", "G.",
                 {Value({}, 0), Value({{"a", "1"}}, 1), Value({{"a", "1"}, {"b", "2"}}, 2),
                  Value({{"b", "2"}}, 3)})},
       "# HELP g G.\n"
       "# TYPE g gauge\n"
       "g 0\n"
       "g{a=\"1\"} 1\n"
       "g{a=\"1\",b=\"2\"} 2\n"
       "g{b=\"2\"} 3\n"},
      {"the formats' own labels",
       {FamilyOf(MetricType::kGauge, "g", "G.", {Value({{"le", "1"}, {"__name__", "g"}}, 0)}),
        FamilyOf(MetricType::kHistogram, "h", "H.", {Of({{"le", "1"}}, Classic({}, {4}, 1))})},
       "# HELP g G.\n"
       "# TYPE g gauge\n"
       "g{le=\"1\"} 0\n"
       "# HELP h H.\n"
       "# TYPE h histogram\n"
       "h_bucket{exported_le=\"1\",le=\"+Inf\"} 4\n"
       "h_sum{exported_le=\"1\"} 1\n"
       "h_count{exported_le=\"1\"} 4\n"},
      {"UTF-8 names in quotes",
       {FamilyOf(MetricType::kGauge, "my.\"metric\"", "G.",
                 {Value({}, 0), Value({{"a", "1"}, {"my.label", "x"}}, 1)}),
        FamilyOf(MetricType::kHistogram, "my.lag", "H.", {Of({}, Classic({1}, {1, 0}, 1))})},
       "# HELP \"my.\\\"metric\\\"\" G.\n"
       "# TYPE \"my.\\\"metric\\\"\" gauge\n"
       "{\"my.\\\"metric\\\"\"} 0\n"
       "{\"my.\\\"metric\\\"\",a=\"1\",\"my.label\"=\"x\"} 1\n"
       "# HELP \"my.lag\" H.\n"
       "# TYPE \"my.lag\" histogram\n"
       "{\"my.lag_bucket\",le=\"1\"} 1\n"
       "{\"my.lag_bucket\",le=\"+Inf\"} 1\n"
       "{\"my.lag_sum\"} 1\n"
       "{\"my.lag_count\"} 1\n",
       EscapingScheme::kAllowUtf8,
       ExpositionFormat::kText100},
      {"0.0.4 has no quotes, whatever is asked",
       {FamilyOf(MetricType::kGauge, "my.metric", "G.", {Value({{"my.label", "x"}}, 1)})},
       "# HELP my_metric G.\n"
       "# TYPE my_metric gauge\n"
       "my_metric{my_label=\"x\"} 1\n",
       EscapingScheme::kAllowUtf8},
      {"values",
       {FamilyOf(MetricType::kGauge, "my.metric", "G.", {Value({{"my.label", "x"}}, 1)})},
       "# HELP U__my_2E_metric G.\n"
       "# TYPE U__my_2E_metric gauge\n"
       "U__my_2E_metric{U__my_2E_label=\"x\"} 1\n",
       EscapingScheme::kValues},
      {"families that become one",
       {FamilyOf(MetricType::kGauge, "a.b", "First.", {Value({{"x", "1"}}, 1)}, "u"),
        FamilyOf(MetricType::kGauge, "a/b", "Second.", {Value({{"x", "1"}}, 2), Value({{"x", "2"}}, 3)}),
        FamilyOf(MetricType::kGauge, "a1", "Between.", {Value({}, 4)}),
        FamilyOf(MetricType::kCounter, "a_b", "Third.", {Value({}, 5)})},
       "# HELP a_b First.\n"
       "# TYPE a_b gauge\n"
       "a_b{x=\"1\"} 1\n"
       "a_b{x=\"2\"} 3\n"
       "# HELP a1 Between.\n"
       "# TYPE a1 gauge\n"
       "a1 4\n",
       EscapingScheme::kUnderscores,
       ExpositionFormat::kText004,
       1,
       1},
      {"a gauge called like a histogram's sample",
       {FamilyOf(MetricType::kHistogram, "h", "H.", {Of({}, Classic({}, {1}, 1))}),
        FamilyOf(MetricType::kGauge, "h_count", "G.", {Value({}, 2)})},
       "# HELP h H.\n"
       "# TYPE h histogram\n"
       "h_bucket{le=\"+Inf\"} 1\n"
       "h_sum 1\n"
       "h_count 1\n",
       EscapingScheme::kUnderscores,
       ExpositionFormat::kText004,
       1,
       0},
      {"label names that become one are joined in the order of their keys",
       {FamilyOf(MetricType::kGauge, "g", "G.",
                 {Value({{"a_b", "1"}, {"z", "0"}}, 1), Value({{"a.b", "2"}, {"a/b", "3"}, {"a_b", "1"}}, 2),
                  Value({{"a.b", "1"}, {"z", "0"}}, 3)})},
       "# HELP g G.\n"
       "# TYPE g gauge\n"
       "g{a_b=\"1\",z=\"0\"} 1\n"
       "g{a_b=\"2;3;1\"} 2\n",
       EscapingScheme::kUnderscores,
       ExpositionFormat::kText004,
       0,
       1},
  };
  for (const Case& c : cases) {
    const Exposition got = Expose(c.families, {.format = c.format, .escaping = c.escaping});
    EXPECT_EQ(got.text, c.text) << c.name;
    EXPECT_EQ(got.losses.families, c.dropped_families) << c.name;
    EXPECT_EQ(got.losses.series, c.dropped_series) << c.name;
  }
}

TEST(WriteText, CrossesItsBlockAnywhere) {
  // One line after the other grows by a byte, so that every piece of a line meets the block's end once.
  std::vector<Metric> metrics;
  std::string want = "# HELP g G.\n# TYPE g gauge\n";
  for (size_t n = 1; n < 700; ++n) {
    const std::string value(n, n % 3 == 0 ? '"' : 'v');
    metrics.push_back(Value({{"name", value}}, static_cast<double>(n)));
    std::string escaped;
    for (const char c : value) escaped += c == '"' ? std::string("\\\"") : std::string(1, c);
    want += "g{name=\"" + escaped + "\"} " + std::to_string(n) + "\n";
  }
  const std::string huge(100'000, 'h');
  metrics.push_back(Value({{"name", huge}}, 1));
  want += "g{name=\"" + huge + "\"} 1\n";
  EXPECT_TRUE(Expose({FamilyOf(MetricType::kGauge, "g", "G.", metrics)}, {}).text == want);
}

TEST(WriteText, AppendsToWhatIsThere) {
  Snapshot snapshot;
  snapshot.families.push_back(FamilyOf(MetricType::kGauge, "g", "", {Value({}, 1)}));
  std::string out = "before\n";
  WriteExposition(snapshot, {}, &out);
  EXPECT_EQ(out, "before\n# TYPE g gauge\ng 1\n");
}

TEST(WriteText, ShowsTheFamiliesThatAreAskedFor) {
  const std::vector<MetricFamily> families = {
      FamilyOf(MetricType::kGauge, "a.b", "", {Value({}, 1)}),
      FamilyOf(MetricType::kHistogram, "h", "", {Of({}, Classic({}, {1}, 1))}),
      FamilyOf(MetricType::kCounter, "r_total", "", {Value({}, 2)}),
  };
  const struct {
    std::vector<std::string> names;
    std::vector<std::string> shown;
  } cases[] = {
      {{"a.b"}, {"a_b"}},    {{"a_b"}, {"a_b"}},         {{"h"}, {"h"}},
      {{"h_bucket"}, {"h"}}, {{"r_total"}, {"r_total"}}, {{"h_sum", "r_total"}, {"h", "r_total"}},
      {{"nothing"}, {}},     {{"_bucket"}, {}},
  };
  for (const auto& c : cases) {
    const std::string text = Expose(families, {.names = c.names}).text;
    std::vector<std::string> shown;
    for (const std::string name : {"a_b", "h", "r_total"}) {
      if (text.find("# TYPE " + name + " ") != std::string::npos) shown.push_back(name);
    }
    EXPECT_EQ(shown, c.shown) << c.names.front() << " gave:\n" << text;
  }
}

}  // namespace
}  // namespace sidelight::wire
