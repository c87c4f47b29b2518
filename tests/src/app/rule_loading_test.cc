#include "src/app/rule_loading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "src/config/config.h"

namespace sidelight::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kTap[] = "taps: [{name: a, protocol: tcp, listen: 127.0.0.1:0, upstream: 127.0.0.1:1}]\n";

LoadedRules Loaded(const std::string& text) {
  const Result<config::Config> config = config::Parse(text + kTap, "s.yaml");
  if (!config) {
    ADD_FAILURE() << config.error().message;
    return {};
  }
  return LoadRules(*config);
}

std::vector<std::string> Names(const LoadedRules& loaded) {
  std::vector<std::string> names;
  for (const rules::GroupDefinition& group : loaded.groups) names.push_back(group.file + " " + group.name);
  return names;
}

TEST(RuleLoading, TakesPacksInTheirOrder) {
  const LoadedRules loaded = Loaded("packs: [http, slo]\n");
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.files, 2U);
  EXPECT_THAT(Names(loaded), ElementsAre("pack:http http-server", "pack:http http-client", "pack:slo slo"));
  for (const rules::GroupDefinition& group : loaded.groups) EXPECT_FALSE(group.rules.empty()) << group.name;
}

TEST(RuleLoading, GivesGroupsTheirInterval) {
  const LoadedRules loaded = Loaded("packs: [sidelight, slo]\nevaluation_interval: 7s\n");
  ASSERT_FALSE(loaded.groups.empty());
  for (const rules::GroupDefinition& group : loaded.groups) {
    EXPECT_EQ(group.interval, group.name == "slo" ? std::chrono::seconds(30) : std::chrono::seconds(7))
        << group.name;
  }
}

TEST(RuleLoading, KeepsPacksWhenAFileIsNotThere) {
  const LoadedRules loaded = Loaded("packs: [cache]\nrule_files: [/nonexistent/rules.yaml]\n");
  EXPECT_THAT(loaded.errors, ElementsAre(HasSubstr("/nonexistent/rules.yaml")));
  EXPECT_THAT(Names(loaded), ElementsAre("pack:cache cache"));
}

TEST(RuleLoading, KnowsWhetherThereIsAnything) {
  const struct {
    const char* text;
    bool wanted;
  } cases[] = {
      {"", false},
      {"packs: []\nrule_files: []\n", false},
      {"packs: [http]\n", true},
      {"rule_files: [rules/*.yaml]\n", true},
  };
  for (const auto& c : cases) {
    const Result<config::Config> config = config::Parse(std::string(c.text) + kTap, "s.yaml");
    ASSERT_TRUE(config) << c.text << config.error().message;
    EXPECT_EQ(NamesRules(*config), c.wanted) << c.text;
  }
}

}  // namespace
}  // namespace sidelight::app
