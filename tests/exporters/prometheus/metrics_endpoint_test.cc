#include "exporters/prometheus/metrics_endpoint.h"

#include <gtest/gtest.h>
#include <zlib.h>

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

std::string Gunzip(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  std::string out(10'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

constexpr char kBoth[] =
    "# HELP a_b Help.\n# TYPE a_b gauge\na_b 1\n"
    "# HELP c Help.\n# TYPE c gauge\nc 1\n";

TEST(AnswerScrape, AnswersInTextByDefault) {
  const Scrape scrape = AnswerScrape(TwoGauges(), {"", "", {}});
  EXPECT_EQ(scrape.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(scrape.content_encoding, "");
  EXPECT_EQ(scrape.body, kBoth);
}

TEST(AnswerScrape, PacksWhereAsked) {
  const Scrape scrape = AnswerScrape(TwoGauges(), {"", "gzip", {}});
  EXPECT_EQ(scrape.content_encoding, "gzip");
  EXPECT_EQ(Gunzip(scrape.body), kBoth);
}

TEST(AnswerScrape, WritesWhatItsContentTypeSays) {
  const Scrape quoted = AnswerScrape(TwoGauges(), {"text/plain;version=1.0.0;escaping=allow-utf-8", "", {}});
  EXPECT_EQ(quoted.content_type, "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
  EXPECT_EQ(quoted.body.substr(0, quoted.body.find('\n')), "# HELP \"a.b\" Help.");

  const Scrape openmetrics =
      AnswerScrape(TwoGauges(), {"application/openmetrics-text;version=1.0.0", "", {}});
  EXPECT_TRUE(openmetrics.body.ends_with("c 1.0\n# EOF\n")) << openmetrics.body;
}

TEST(AnswerScrape, FiltersFamilies) {
  const std::vector<std::string> names = {"c", "unheard_of"};
  EXPECT_EQ(AnswerScrape(TwoGauges(), {"", "", names}).body, "# HELP c Help.\n# TYPE c gauge\nc 1\n");
}

TEST(AnswerScrape, CountsWhatItCannotShow) {
  auto snapshot = std::make_shared<Snapshot>(*TwoGauges());
  snapshot->families.push_back({"a_b", "Help.", "", MetricType::kCounter, {Metric{}}});
  EXPECT_EQ(AnswerScrape(snapshot, {"", "", {}}).losses.families, 1u);
}

}  // namespace
}  // namespace sidelight::prometheus
