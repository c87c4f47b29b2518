#include "rules/packs/packs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "rules/evaluation/history.h"
#include "rules/evaluation/rule_file.h"

namespace sidelight::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Packs, AreThere) {
  std::vector<std::string_view> names;
  for (const Pack& pack : Packs()) names.push_back(pack.name);
  EXPECT_THAT(names, ElementsAre("cache", "database", "export", "http", "sidelight", "slo"));
}

TEST(Packs, AreFoundByName) {
  for (const Pack& pack : Packs()) EXPECT_EQ(FindPack(pack.name), &pack);
  for (const std::string_view name : {"", "htt", "https", "HTTP", "http.yaml"}) {
    EXPECT_EQ(FindPack(name), nullptr) << name;
  }
}

TEST(Packs, AreTheFilesToTheByte) {
  for (const Pack& pack : Packs()) {
    const std::string path = SIDELIGHT_ROOT "/rules/packs/" + std::string(pack.name) + ".yaml";
    std::ifstream in(path);
    std::stringstream file;
    file << in.rdbuf();
    ASSERT_TRUE(in) << path;
    EXPECT_EQ(pack.yaml, file.str()) << path;
  }
}

TEST(Packs, AreRuleFilesWithoutErrorsAndWarnings) {
  for (const Pack& pack : Packs()) {
    const Result<RuleFile> file = ParseRuleFile(std::string(pack.yaml), std::string(pack.name), {});
    ASSERT_TRUE(file) << pack.name << ": " << file.error().message;
    EXPECT_THAT(file->warnings, IsEmpty()) << pack.name;
    EXPECT_FALSE(file->groups.empty()) << pack.name;
    for (const GroupDefinition& group : file->groups) {
      EXPECT_FALSE(group.rules.empty()) << pack.name << ": " << group.name;
    }
  }
}

// All packs together: what one records no other does, and groups of one name would be hard to tell apart.
TEST(Packs, GetAlongWithEachOther) {
  std::vector<std::string> groups;
  std::vector<std::string> alerts;
  for (const Pack& pack : Packs()) {
    const Result<RuleFile> file = ParseRuleFile(std::string(pack.yaml), std::string(pack.name), {});
    ASSERT_TRUE(file) << pack.name;
    for (const GroupDefinition& group : file->groups) {
      EXPECT_THAT(groups, ::testing::Not(::testing::Contains(group.name)));
      groups.push_back(group.name);
      for (const RuleDefinition& rule : group.rules) {
        if (rule.kind != RuleDefinition::Kind::kAlerting) continue;
        EXPECT_THAT(alerts, ::testing::Not(::testing::Contains(rule.name)));
        alerts.push_back(rule.name);
      }
    }
  }
  EXPECT_EQ(alerts.size(), 57U);
}

// After a start without history a rule is held until history reaches back as far as it looks. No pack looks
// further than the storage keeps by default, and what has no samples yet keeps one alert from firing and no
// other.
TEST(Packs, FitTheHistoryThatThereIs) {
  const Duration retention = std::chrono::hours(2);
  std::vector<std::string> true_of_absence;
  Duration longest{};
  for (const Pack& pack : Packs()) {
    const Result<RuleFile> file = ParseRuleFile(std::string(pack.yaml), std::string(pack.name), {});
    ASSERT_TRUE(file) << pack.name;
    for (const GroupDefinition& group : file->groups) {
      for (const RuleDefinition& rule : group.rules) {
        const Reach reach = ReachOf(*rule.expr, std::chrono::minutes(5), std::chrono::seconds(5));
        EXPECT_LE(reach.back, retention) << rule.name;
        longest = std::max(longest, reach.back);
        if (reach.true_of_absence) true_of_absence.push_back(rule.name);
      }
    }
  }
  EXPECT_EQ(longest, retention);
  EXPECT_THAT(true_of_absence, ElementsAre("HttpBackendHangs"));
}

}  // namespace
}  // namespace sidelight::rules
