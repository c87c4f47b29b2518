#include "exporters/prometheus/metrics_endpoint.h"

#include <gtest/gtest.h>

#include <vector>

namespace sidelight::prometheus {
namespace {

std::shared_ptr<const Snapshot> TwoGauges() {
  auto snapshot = std::make_shared<Snapshot>();
  for (const char* name : {"a.b", "c"}) {
    Metric metric;
    metric.value = 1;
    snapshot->families.push_back({name, "Help.", "", MetricType::kGauge, {metric}});
  }
  return snapshot;
}

constexpr char kBoth[] =
    "# HELP a_b Help.\n# TYPE a_b gauge\na_b 1\n"
    "# HELP c Help.\n# TYPE c gauge\nc 1\n";

TEST(AnswerScrape, AnswersInTextByDefault) {
  const Scrape scrape = AnswerScrape(TwoGauges(), {"", {}});
  EXPECT_EQ(scrape.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(scrape.body, kBoth);
}

TEST(AnswerScrape, WritesWhatItsContentTypeSays) {
  const Scrape quoted = AnswerScrape(TwoGauges(), {"text/plain;version=1.0.0;escaping=allow-utf-8", {}});
  EXPECT_EQ(quoted.content_type, "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
  EXPECT_EQ(quoted.body.substr(0, quoted.body.find('\n')), "# HELP \"a.b\" Help.");

  const Scrape openmetrics = AnswerScrape(TwoGauges(), {"application/openmetrics-text;version=1.0.0", {}});
  EXPECT_TRUE(openmetrics.body.ends_with("c 1.0\n# EOF\n")) << openmetrics.body;
}

TEST(AnswerScrape, FiltersFamilies) {
  const std::vector<std::string> names = {"c", "unheard_of"};
  EXPECT_EQ(AnswerScrape(TwoGauges(), {"", names}).body, "# HELP c Help.\n# TYPE c gauge\nc 1\n");
}

TEST(AnswerScrape, CountsWhatItCannotShow) {
  auto snapshot = std::make_shared<Snapshot>(*TwoGauges());
  snapshot->families.push_back({"a_b", "Help.", "", MetricType::kCounter, {Metric{}}});
  EXPECT_EQ(AnswerScrape(snapshot, {"", {}}).losses.families, 1u);
}

}  // namespace
}  // namespace sidelight::prometheus
