#include "src/config/rule_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sidelight::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RuleFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "rule_files_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << "groups: []\n";
  }

  // What the patterns match, without the folder.
  Matched MatchIn(const std::vector<std::string>& patterns) {
    std::vector<std::string> resolved;
    for (const std::string& pattern : patterns) resolved.push_back(ResolvePattern(pattern, folder_.string()));
    Matched matched = Match(resolved);
    for (std::vector<std::string>* names : {&matched.files, &matched.missing}) {
      for (std::string& name : *names)
        name = std::filesystem::path(name).lexically_relative(folder_).string();
    }
    return matched;
  }

  std::filesystem::path folder_;
};

TEST_F(RuleFilesTest, SortedAndEachOnce) {
  Write("b.yaml");
  Write("a.yaml");
  Write("c.yml");
  Write("sub/d.yaml");
  const Matched matched = MatchIn({"sub/*.yaml", "*.yaml", "b.yaml", "./a.yaml", "sub/../c.yml"});
  EXPECT_THAT(matched.files, ElementsAre("a.yaml", "b.yaml", "c.yml", "sub/d.yaml"));
  EXPECT_THAT(matched.missing, IsEmpty());
  EXPECT_THAT(MatchIn({"*/?.yam[kl]"}).files, ElementsAre("sub/d.yaml"));
}

TEST_F(RuleFilesTest, WhatIsNotThere) {
  const Matched matched = MatchIn({"x.yaml", "*.yaml", "no/*.yaml", "x.yaml", "a\\*.yaml"});
  EXPECT_THAT(matched.files, IsEmpty());
  EXPECT_THAT(matched.missing, ElementsAre("a*.yaml", "x.yaml"));
}

TEST_F(RuleFilesTest, AWildcardMatchesNoFolderAndNothingHidden) {
  Write("a.yaml");
  Write("sub.yaml/b.yaml");
  Write("..data/a.yaml");
  EXPECT_THAT(MatchIn({"*"}).files, ElementsAre("a.yaml"));
}

TEST_F(RuleFilesTest, TheFolderIsNoPattern) {
  folder_ /= "odd[1]*";
  Write("a.yaml");
  EXPECT_THAT(MatchIn({"*.yaml"}).files, ElementsAre("a.yaml"));
  EXPECT_THAT(MatchIn({"b.yaml"}).missing, ElementsAre("b.yaml"));
  folder_ = folder_.parent_path();
}

TEST_F(RuleFilesTest, Resolving) {
  EXPECT_EQ(ResolvePattern("*.yaml", ""), "*.yaml");
  EXPECT_EQ(ResolvePattern("/r/*.yaml", "/etc"), "/r/*.yaml");
  EXPECT_EQ(ResolvePattern("r/*.yaml", "/etc"), "/etc/r/*.yaml");
  EXPECT_EQ(ResolvePattern("a.yaml", "/"), "/a.yaml");
  EXPECT_EQ(ResolvePattern("a.yaml", "a?b\\"), "a\\?b\\\\/a.yaml");
  EXPECT_FALSE(HasWildcard("a\\*"));
  EXPECT_TRUE(HasWildcard("a\\\\*"));
  EXPECT_TRUE(HasWildcard("[a"));
}

}  // namespace
}  // namespace sidelight::config
