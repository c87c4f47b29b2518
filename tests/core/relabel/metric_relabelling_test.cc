#include "core/relabel/metric_relabelling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sidelight::relabel {
namespace {

using ::testing::HasSubstr;

Result<std::vector<Rule>> Steps(const std::string& text) {
  std::vector<Rule> rules;
  const yaml::Document document = yaml::Document::Parse(text, "s.yaml", {});
  DecodeMetricRelabelling(document.Root(), &rules);
  if (Status status = document.status(); !status) return tl::unexpected<Error>(status.error());
  return rules;
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
    const Result<std::vector<Rule>> rules = Steps(steps);
    EXPECT_TRUE(rules) << steps << "\n" << rules.error().message;
  }
  EXPECT_EQ(Steps(right[7])->size(), 2u);
}

TEST(MetricRelabellingTest, WhatIsWrongIsSaidAtItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"x", "s.yaml:1:1: expected a list, got \"x\""},
      {"[{action: dorp}]", "s.yaml:1:11: this is no action of relabelling"},
      {"[{source_labels: [a], target_label: __name__}]",
       "s.yaml:1:37: a metric's name stays what it is; \"naming\" of the tap decides on it"},
      {"[{action: uppercase, source_labels: [__name__], target_label: __name__}]",
       "s.yaml:1:63: a metric's name stays what it is"},
      {"[{action: labelmap, regex: a, replacement: __name__}]",
       "s.yaml:1:44: a metric's name stays what it is"},
      {"[{target_label: a, replacement: b}, {target_label: le, replacement: b}]",
       "s.yaml:1:52: the label le belongs to the buckets of histograms"},
      {"[{action: labeldrop, regex: __.*}]",
       "s.yaml:1:29: it matches __name__, and a metric's name stays what it is"},
  };
  for (const auto& [steps, want] : cases) {
    const Result<std::vector<Rule>> rules = Steps(steps);
    ASSERT_FALSE(rules) << steps;
    EXPECT_THAT(rules.error().message, HasSubstr(want)) << steps;
  }
}

TEST(MetricRelabellingTest, RulesSeeTheNameAndCannotChangeIt) {
  struct Case {
    const char* steps;
    std::optional<Labels> want;
  };
  const Case cases[] = {
      {"[]", Labels{{"a", "1"}, {"b", "2"}}},
      {"[{action: drop, source_labels: [__name__], regex: m}]", std::nullopt},
      {"[{action: keep, source_labels: [__name__, a], regex: m;1}]", Labels{{"a", "1"}, {"b", "2"}}},
      {"[{action: labeldrop, regex: a}]", Labels{{"b", "2"}}},
      {"[{action: labelkeep, regex: b}]", Labels{{"b", "2"}}},
      {"[{source_labels: [__name__, b], target_label: c}]", Labels{{"a", "1"}, {"b", "2"}, {"c", "m;2"}}},
      {"[{action: labelmap, regex: (a), replacement: '__${1}__'}]",
       Labels{{"__a__", "1"}, {"a", "1"}, {"b", "2"}}},
      {"[{action: labelmap, regex: b, replacement: '__name${1}__'}]", Labels{{"a", "1"}, {"b", "2"}}},
  };
  for (const Case& c : cases) {
    const Result<std::vector<Rule>> rules = Steps(c.steps);
    ASSERT_TRUE(rules) << c.steps << "\n" << rules.error().message;
    const auto got = ApplyToSeries(*rules, "m", Labels{{"a", "1"}, {"b", "2"}});
    EXPECT_EQ(got, c.want) << c.steps << "\ngot " << (got ? got->ToString() : "nothing");
  }
}

}  // namespace
}  // namespace sidelight::relabel
