#include "exporters/otlp/relabelling.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/relabel/metric_relabelling.h"

namespace sidelight::otlp {
namespace {

std::vector<relabel::Rule> Rules(const std::string& text) {
  std::vector<relabel::Rule> rules;
  const yaml::Document document = yaml::Document::Parse(text, "f", {});
  relabel::DecodeMetricRelabelling(document.Root(), &rules);
  EXPECT_TRUE(document.status()) << text;
  return rules;
}

Snapshot Requests(std::vector<std::pair<Labels, double>> series) {
  MetricFamily family{.name = "requests_total", .help = "Requests.", .type = MetricType::kCounter};
  family.otel_name = "requests";
  for (const auto& [labels, value] : series) family.metrics.push_back({.labels = labels, .value = value});
  MetricFamily other{.name = "up", .type = MetricType::kGauge};
  other.metrics.push_back({.labels = {}, .value = 1});
  return {.time = 7, .families = {std::move(family), std::move(other)}};
}

std::string Text(const Snapshot& snapshot) {
  std::string text;
  for (const MetricFamily& family : snapshot.families) {
    for (const Metric& metric : family.metrics) {
      text +=
          family.name + metric.labels.ToString() + "=" + std::to_string(static_cast<int>(metric.value)) + " ";
    }
  }
  return text;
}

TEST(OtlpRelabellingTest, Table) {
  const struct {
    const char* rules;
    const char* want;
    uint64_t duplicates;
  } cases[] = {
      {"[]", R"(requests_total{code="200", path="/a"}=1 requests_total{code="200", path="/b"}=2 up{}=1 )", 0},
      {"[{action: drop, source_labels: [__name__], regex: up}]",
       R"(requests_total{code="200", path="/a"}=1 requests_total{code="200", path="/b"}=2 )", 0},
      {"[{action: keep, source_labels: [path], regex: /b}]", R"(requests_total{code="200", path="/b"}=2 )",
       0},
      {"[{action: labeldrop, regex: path}]", R"(requests_total{code="200"}=1 up{}=1 )", 1},
      // What the rules make of a series may stand elsewhere among the others.
      {"[{source_labels: [path], regex: /a, target_label: code, replacement: '404'}]",
       R"(requests_total{code="200", path="/b"}=2 requests_total{code="404", path="/a"}=1 up{}=1 )", 0},
      {"[{action: keep, source_labels: [path], regex: none}]", "", 0},
  };
  const Snapshot snapshot =
      Requests({{{{"code", "200"}, {"path", "/a"}}, 1}, {{{"code", "200"}, {"path", "/b"}}, 2}});
  for (const auto& c : cases) {
    Relabelling relabelling(Rules(c.rules));
    for (int time = 0; time < 2; ++time) {
      uint64_t duplicates = 0;
      const Snapshot got = relabelling.Apply(snapshot, &duplicates);
      EXPECT_EQ(Text(got), c.want) << c.rules << ", time " << time;
      EXPECT_EQ(duplicates, c.duplicates) << c.rules;
      EXPECT_EQ(got.time, 7);
      if (!got.families.empty() && got.families[0].name == "requests_total") {
        EXPECT_EQ(got.families[0].otel_name, "requests");
      }
    }
  }
}

TEST(OtlpRelabellingTest, SeriesThatComeAndGo) {
  Relabelling relabelling(Rules("[{action: labeldrop, regex: code}]"));
  for (int i = 0; i < 5000; ++i) {
    const std::string path = "/" + std::to_string(i);
    uint64_t duplicates = 0;
    const Snapshot got =
        relabelling.Apply(Requests({{{{"code", "200"}, {"path", path}}, 1.0 * i}}), &duplicates);
    ASSERT_EQ(Text(got), "requests_total{path=\"" + path + "\"}=" + std::to_string(i) + " up{}=1 ");
  }
}

}  // namespace
}  // namespace sidelight::otlp
