// Holds the catalogue to docs/metrics.md, which another test holds to what a scrape shows.
#include "src/cli/metric_catalogue.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace sidelight::cli {
namespace {

using Labels = std::set<std::string>;
using Metrics = std::map<std::string, Labels>;

Metrics NamesOf(const rules::MetricCatalogue& catalogue) {
  Metrics metrics;
  for (const auto& metric : catalogue.metrics) {
    metrics[metric.name].insert(metric.labels.begin(), metric.labels.end());
  }
  return metrics;
}

config::Config ConfigOf(const std::string& taps) {
  Result<config::Config> config = config::Parse("taps:\n" + taps, "f.yaml", config::ProcessEnvironment);
  EXPECT_TRUE(config) << taps << '\n' << config.error().message;
  return config ? *std::move(config) : config::Config{};
}

std::string Tap(const std::string& rest) {
  static int port = 2000;
  ++port;
  return "- {name: t" + std::to_string(port) + ", listen: \"127.0.0.1:" + std::to_string(port) +
         "\", upstream: \"127.0.0.1:1\", " + rest + "}\n";
}

// Every metric that the page describes, with the labels that it writes out; a histogram's three series too.
Metrics Documented(const std::string& prefix) {
  std::ifstream page(SIDELIGHT_METRICS_PAGE);
  static const std::regex kRow(R"(^\| `([^`]+)` \| (counter|gauge|histogram) \|[^|]*\|([^|]*)\|.*)");
  static const std::regex kLabel("`([a-z_]+)`");
  Metrics metrics;
  for (std::string line; std::getline(page, line);) {
    std::smatch row;
    if (!std::regex_match(line, row, kRow)) continue;
    std::string name = row[1];
    if (const size_t at = name.find("<prefix>"); at != std::string::npos) name.replace(at, 8, prefix);
    const std::string cell = row[3];
    Labels labels;
    for (std::sregex_iterator label(cell.begin(), cell.end(), kLabel), end; label != end; ++label) {
      labels.insert((*label)[1]);
    }
    metrics[name].insert(labels.begin(), labels.end());
    if (row[2] != "histogram") continue;
    for (const char* suffix : {"_sum", "_count", "_bucket"}) metrics[name + suffix] = labels;
    metrics[name + "_bucket"].insert("le");
  }
  return metrics;
}

TEST(MetricCatalogueTest, IsThePageOfMetrics) {
  const std::string plain = ", naming: {style: plain, prefix: p}";
  const config::Config config = ConfigOf(
      Tap("protocol: http") + Tap("protocol: http, role: client") + Tap("protocol: http" + plain) +
      Tap("protocol: redis") + Tap("protocol: postgres, slow_query: 1s") + Tap("protocol: postgres" + plain));
  const rules::MetricCatalogue catalogue = CatalogueOf(config);
  EXPECT_TRUE(catalogue.complete);
  const Metrics got = NamesOf(catalogue);
  const Metrics want = Documented("p");
  EXPECT_GT(want.size(), 80u);
  for (const auto& [name, labels] : want) {
    const auto found = got.find(name);
    if (found == got.end()) {
      ADD_FAILURE() << "documented, and not in the catalogue: " << name;
      continue;
    }
    for (const std::string& label : labels) {
      EXPECT_TRUE(found->second.contains(label)) << name << " should have the label " << label;
    }
  }
  for (const auto& [name, labels] : got) {
    EXPECT_TRUE(want.contains(name)) << "in the catalogue, and not documented: " << name;
  }
}

TEST(MetricCatalogueTest, FollowsTheTaps) {
  struct Case {
    std::string tap;
    std::string has;
    std::string lacks;
  };
  const Case cases[] = {
      {"protocol: http", "http_server_request_duration_seconds_bucket",
       "http_client_request_duration_seconds"},
      {"protocol: http, role: client", "http_client_active_requests", "http_server_active_requests"},
      {"protocol: http, naming: {style: plain, prefix: p}", "p_requests_total", "cache_requests_total"},
      {"protocol: redis", "cache_hit_ratio", "db_client_response_returned_rows"},
      {"protocol: memcached, naming: {style: plain, prefix: p}", "p_cache_hit_ratio",
       "p_database_connections"},
      {"protocol: postgres", "db_client_connection_count", "db_client_slow_queries_total"},
      {"protocol: postgres, slow_query: 1s", "db_client_slow_queries_total", "cache_requests_total"},
      {"protocol: tcp", "sidelight_tap_bytes_total", "http_server_request_duration_seconds"},
      {"protocol: auto", "db_client_connection_count", "p_requests_total"},
      {"protocol: auto", "http_server_active_requests", "http_client_active_requests"},
  };
  for (const Case& c : cases) {
    const Metrics metrics = NamesOf(CatalogueOf(ConfigOf(Tap(c.tap))));
    EXPECT_TRUE(metrics.contains(c.has)) << c.tap;
    EXPECT_FALSE(metrics.contains(c.lacks)) << c.tap;
  }
}

TEST(MetricCatalogueTest, WithoutAConfigurationNobodyKnowsAll) {
  const rules::MetricCatalogue catalogue = OtelCatalogue();
  EXPECT_FALSE(catalogue.complete);
  const Metrics metrics = NamesOf(catalogue);
  for (const char* name :
       {"http_server_request_duration_seconds_count", "http_client_active_requests",
        "db_client_operation_duration_seconds_sum", "cache_requests_total", "sidelight_alerts"}) {
    EXPECT_TRUE(metrics.contains(name)) << name;
  }
}

}  // namespace
}  // namespace sidelight::cli
