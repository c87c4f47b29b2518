// The key `metric_relabel_configs`.
#include "src/config/metric_relabelling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sidelight::config {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTap =
    "\ntaps: [{name: api, protocol: http, listen: \"127.0.0.1:8080\", upstream: \"b:8081\"}]\n";

Result<Config> ParseSteps(const std::string& steps) {
  return Parse("metric_relabel_configs: " + steps + kTap, "s.yaml",
               [](const std::string&) -> std::optional<std::string> { return std::nullopt; });
}

TEST(MetricRelabellingTest, StepsAreTaken) {
  const char* const right[] = {
      "[]",
      "[{action: drop, source_labels: [__name__, http_route], regex: 'http_.*;/internal/.*'}]",
      "[{action: keep, source_labels: [__name__], regex: http_.*}]",
      "[{action: keepequal, source_labels: [a], target_label: __name__}]",
      "[{action: labeldrop, regex: network_.*}]",
      "[{action: labelkeep, regex: http_route}]",
      "[{action: labelmap, regex: http_(.*)}]",
      "[{source_labels: [a], target_label: b}, {action: lowercase, source_labels: [a], target_label: a}]",
  };
  for (const char* const steps : right) {
    const Result<Config> config = ParseSteps(steps);
    EXPECT_TRUE(config) << steps << "\n" << config.error().message;
  }
  EXPECT_EQ(ParseSteps(right[7])->metric_relabel_configs.size(), 2u);
}

TEST(MetricRelabellingTest, WhatIsWrongIsSaidAtItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"x", "s.yaml:1:25: expected a list, got \"x\""},
      {"[{action: dorp}]", "s.yaml:1:35: this is no action of relabelling"},
      {"[{source_labels: [a], target_label: __name__}]",
       "s.yaml:1:61: a metric's name stays what it is; \"naming\" of the tap decides on it"},
      {"[{action: uppercase, source_labels: [__name__], target_label: __name__}]",
       "s.yaml:1:87: a metric's name stays what it is"},
      {"[{action: labelmap, regex: a, replacement: __name__}]",
       "s.yaml:1:68: a metric's name stays what it is"},
      {"[{target_label: a, replacement: b}, {target_label: le, replacement: b}]",
       "s.yaml:1:76: the label le belongs to the buckets of histograms"},
      {"[{action: labeldrop, regex: __.*}]",
       "s.yaml:1:53: it matches __name__, and a metric's name stays what it is"},
  };
  for (const auto& [steps, want] : cases) {
    const Result<Config> config = ParseSteps(steps);
    ASSERT_FALSE(config) << steps;
    EXPECT_THAT(config.error().message, HasSubstr(want)) << steps;
  }
}

}  // namespace
}  // namespace sidelight::config
