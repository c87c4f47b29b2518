// /api/v1/metadata over families made by hand, as the API's requests.
#include "src/api/metadata.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/http/form.h"
#include "src/api/api.h"

namespace sidelight::api {
namespace {

std::shared_ptr<const Snapshot> MakeSnapshot() {
  auto snapshot = std::make_shared<Snapshot>();
  const auto add = [&](std::string name, std::string help, std::string unit, MetricType type) {
    snapshot->families.push_back({.name = std::move(name),
                                  .help = std::move(help),
                                  .unit = std::move(unit),
                                  .type = type,
                                  .metrics = {}});
  };
  add("a_total", "Says \"a\".\n", "", MetricType::kCounter);
  add("b_bytes", "B.", "bytes", MetricType::kGauge);
  add("c_seconds", "C.", "seconds", MetricType::kHistogram);
  add("d", "D.", "", MetricType::kSummary);
  add("e.f", "", "", MetricType::kUnknown);
  return snapshot;
}

http::Response Ask(http::Fields query) {
  metrics::Self self;
  Api api(Hooks{.scrape = [](std::string_view, const std::vector<std::string>&) { return Scrape{}; },
                .healthy = [] { return true; },
                .ready = [] { return true; },
                .reload = []() -> Status { return {}; },
                .collect = MakeSnapshot,
                .self = &self,
                .front_page = {}});
  http::Request request;
  request.method = "GET";
  request.path = "/api/v1/metadata";
  request.query = std::move(query);
  return api.Handle(request);
}

TEST(MetadataTest, SaysWhatMetricsAre) {
  const std::string a = R"("a_total":[{"type":"counter","unit":"","help":"Says \"a\".\n"}])";
  const std::string b = R"("b_bytes":[{"type":"gauge","unit":"bytes","help":"B."}])";
  const std::string all = a + "," + b +
                          R"(,"c_seconds":[{"type":"histogram","unit":"seconds","help":"C."}],)"
                          R"("d":[{"type":"summary","unit":"","help":"D."}],)"
                          R"("e.f":[{"type":"unknown","unit":"","help":""}])";
  struct Row {
    http::Fields query;
    std::string data;
  };
  const std::vector<Row> rows = {
      {{}, all},
      {{{"metric", "b_bytes"}}, b},
      {{{"metric", "c_seconds_bucket"}}, ""},
      {{{"metric", ""}}, all},
      {{{"limit", "2"}}, a + "," + b},
      {{{"limit", "1"}, {"metric", "b_bytes"}}, b},
      {{{"limit", "0"}}, ""},
      {{{"limit", "-1"}}, all},
      {{{"limit", "+1"}}, a},
      {{{"limit", "99"}, {"limit_per_metric", "1"}}, all},
      {{{"limit_per_metric", "0"}}, all},
      {{{"limit_per_metric", "-3"}}, all},
  };
  for (const Row& row : rows) {
    const http::Response response = Ask(row.query);
    EXPECT_EQ(response.status, 200) << http::FormatForm(row.query);
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(response.body, R"({"status":"success","data":{)" + row.data + "}}")
        << http::FormatForm(row.query);
  }
}

TEST(MetadataTest, RefusesLimitsThatAreNoNumbers) {
  for (const std::string name : {"limit", "limit_per_metric"}) {
    for (const std::string value : {"x", "1.5", "+-1", "99999999999999999999", "1 "}) {
      const http::Response response = Ask({{name, value}});
      EXPECT_EQ(response.status, 400) << name << "=" << value;
      EXPECT_EQ(response.body,
                R"({"status":"error","errorType":"bad_data","error":")" + name + R"( must be a number"})")
          << name << "=" << value;
    }
  }
}

}  // namespace
}  // namespace sidelight::api
