#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/wire/families.h"

namespace sidelight::wire {
namespace {

struct Case {
  const char* name;
  std::vector<MetricFamily> families;
  std::string text;  // without the `# EOF` line
  EscapingScheme escaping = EscapingScheme::kUnderscores;
  size_t dropped_families = 0;
};

Metric WithExemplar(Metric metric, Exemplar exemplar) {
  metric.exemplar = exemplar;
  return metric;
}

Histogram WithExemplars(Histogram histogram, std::vector<Exemplar> exemplars) {
  histogram.exemplars = std::move(exemplars);
  return histogram;
}

TEST(WriteOpenMetrics, Table) {
  const Case cases[] = {
      {"nothing", {}, ""},
      {"a counter, by its name without _total, with start and exemplar",
       {FamilyOf(MetricType::kCounter, "cpu_seconds_total", "CPU \"time\".\n",
                 {WithExemplar(Value({{"core", "0"}}, 17, kStart), {Trace(0x1a), 0.5, kExemplarTime}),
                  Value({{"core", "1"}}, 2.5)},
                 "seconds")},
       "# HELP cpu_seconds CPU \\\"time\\\".\\n\n"
       "# TYPE cpu_seconds counter\n"
       "# UNIT cpu_seconds seconds\n"
       "cpu_seconds_total{core=\"0\"} 17.0 # {trace_id=\"1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\","
       "span_id=\"1b1b1b1b1b1b1b1b\"} 0.5 1520879607.789\n"
       "cpu_seconds_created{core=\"0\"} 1520430000.123\n"
       "cpu_seconds_total{core=\"1\"} 2.5\n"},
      {"a counter that lacks _total is of unknown type",
       {FamilyOf(MetricType::kCounter, "requests", "R.", {Value({}, 1, kStart)}),
        FamilyOf(MetricType::kUnknown, "u", "U.", {Value({}, 1)})},
       "# HELP requests R.\n"
       "# TYPE requests unknown\n"
       "requests 1.0\n"
       "# HELP u U.\n"
       "# TYPE u unknown\n"
       "u 1.0\n"},
      {"a gauge has neither start nor exemplar; a unit must be the name's suffix",
       {FamilyOf(MetricType::kGauge, "queue", "Q.",
                 {WithExemplar(Value({}, 1e7, kStart), {Trace(1), 1, kExemplarTime})}, "requests")},
       "# HELP queue Q.\n"
       "# TYPE queue gauge\n"
       "queue 1e+07\n"},
      {"a histogram: each exemplar in its bucket, the last one there counts",
       {FamilyOf(MetricType::kHistogram, "lag_seconds", "Lag.",
                 {Of({{"a", "b"}},
                     WithExemplars(
                         Classic({1, 2}, {2, 0, 1}, 4),
                         {{Trace(1), 0.1, 0}, {Trace(2), 1, kExemplarTime}, {Trace(3), 9, kExemplarTime}}),
                     kStart)},
                 "seconds")},
       "# HELP lag_seconds Lag.\n"
       "# TYPE lag_seconds histogram\n"
       "# UNIT lag_seconds seconds\n"
       "lag_seconds_bucket{a=\"b\",le=\"1.0\"} 2 # {trace_id=\"02020202020202020202020202020202\","
       "span_id=\"0303030303030303\"} 1.0 1520879607.789\n"
       "lag_seconds_bucket{a=\"b\",le=\"2.0\"} 2\n"
       "lag_seconds_bucket{a=\"b\",le=\"+Inf\"} 3 # {trace_id=\"03030303030303030303030303030303\","
       "span_id=\"0404040404040404\"} 9.0 1520879607.789\n"
       "lag_seconds_sum{a=\"b\"} 4.0\n"
       "lag_seconds_count{a=\"b\"} 3\n"
       "lag_seconds_created{a=\"b\"} 1520430000.123\n"},
      {"an exemplar without time, and one without a trace",
       {FamilyOf(MetricType::kHistogram, "h", "H.",
                 {Of({}, WithExemplars(Classic({1}, {1, 1}, 4), {{Trace(1), 0.5, 0}, {TraceId{}, 3, 1}}))})},
       "# HELP h H.\n"
       "# TYPE h histogram\n"
       "h_bucket{le=\"1.0\"} 1 # "
       "{trace_id=\"01010101010101010101010101010101\",span_id=\"0202020202020202\"} 0.5\n"
       "h_bucket{le=\"+Inf\"} 2\n"
       "h_sum 4.0\n"
       "h_count 2\n"},
      {"sums that are no counters are left out, and the count with them",
       {FamilyOf(MetricType::kHistogram, "a", "A.", {Of({}, Classic({-1, 1}, {1, 0, 0}, -2))}),
        FamilyOf(MetricType::kHistogram, "b", "B.", {Of({}, Classic({1}, {1, 0}, -2))}),
        FamilyOf(MetricType::kHistogram, "c", "C.", {Of({}, Classic({1}, {0, 1}, std::nan("")))})},
       "# HELP a A.\n"
       "# TYPE a histogram\n"
       "a_bucket{le=\"-1.0\"} 1\n"
       "a_bucket{le=\"1.0\"} 1\n"
       "a_bucket{le=\"+Inf\"} 1\n"
       "# HELP b B.\n"
       "# TYPE b histogram\n"
       "b_bucket{le=\"1.0\"} 1\n"
       "b_bucket{le=\"+Inf\"} 1\n"
       "# HELP c C.\n"
       "# TYPE c histogram\n"
       "c_bucket{le=\"1.0\"} 0\n"
       "c_bucket{le=\"+Inf\"} 1\n"},
      {"a summary",
       {FamilyOf(MetricType::kSummary, "s", "S.",
                 {Of(Labels{}, Summary{2, 1.5, {{0, 1}, {0.99, 3}}}, kStart)})},
       "# HELP s S.\n"
       "# TYPE s summary\n"
       "s{quantile=\"0.0\"} 1.0\n"
       "s{quantile=\"0.99\"} 3.0\n"
       "s_sum 1.5\n"
       "s_count 2\n"
       "s_created 1520430000.123\n"},
      {"UTF-8 names",
       {FamilyOf(MetricType::kCounter, "my.req.seconds_total", "R.", {Value({{"a.b", "c"}}, 1, kStart)},
                 "seconds")},
       "# HELP \"my.req.seconds\" R.\n"
       "# TYPE \"my.req.seconds\" counter\n"
       "{\"my.req.seconds_total\",\"a.b\"=\"c\"} 1.0\n"
       "{\"my.req.seconds_created\",\"a.b\"=\"c\"} 1520430000.123\n",
       EscapingScheme::kAllowUtf8},
      {"dots: a counter stays one",
       {FamilyOf(MetricType::kCounter, "my.req_total", "R.", {Value({}, 1)})},
       "# HELP my_dot_req_ R.\n"
       "# TYPE my_dot_req_ counter\n"
       "my_dot_req__total 1.0\n",
       EscapingScheme::kDots},
      {"a gauge and a counter that OpenMetrics calls the same",
       {FamilyOf(MetricType::kGauge, "x", "G.", {Value({}, 1)}),
        FamilyOf(MetricType::kCounter, "x_total", "C.", {Value({}, 2)}),
        FamilyOf(MetricType::kCounter, "y_total", "C.", {Value({}, 3)})},
       "# HELP x G.\n"
       "# TYPE x gauge\n"
       "x 1.0\n"
       "# HELP y C.\n"
       "# TYPE y counter\n"
       "y_total 3.0\n",
       EscapingScheme::kUnderscores,
       1},
  };
  for (const Case& c : cases) {
    const Exposition got =
        Expose(c.families, {.format = ExpositionFormat::kOpenMetrics100, .escaping = c.escaping});
    EXPECT_EQ(got.text, c.text + "# EOF\n") << c.name;
    EXPECT_EQ(got.losses.families, c.dropped_families) << c.name;
  }
}

TEST(WriteOpenMetrics, TakesNamesOfSamplesAndOfFamilies) {
  const std::vector<MetricFamily> families = {FamilyOf(MetricType::kCounter, "r_total", "", {Value({}, 2)}),
                                              FamilyOf(MetricType::kCounter, "s_total", "", {Value({}, 2)})};
  for (const std::string name : {"r", "r_total", "r_created"}) {
    const std::vector<std::string> names = {name};
    EXPECT_EQ(Expose(families, {.format = ExpositionFormat::kOpenMetrics001, .names = names}).text,
              "# TYPE r counter\nr_total 2.0\n# EOF\n")
        << name;
  }
}

}  // namespace
}  // namespace sidelight::wire
