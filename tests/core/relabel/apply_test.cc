// The actions, one table for each; what a rule gives is what Prometheus' documentation says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/relabel/relabel.h"

namespace sidelight::relabel {
namespace {

struct Row {
  std::string_view about;
  Rule rule;
  Labels labels;
  std::optional<Labels> wanted;
};

std::string Text(const std::optional<Labels>& labels) {
  return labels ? labels->ToString() : "dropped";
}

void Check(std::vector<Row> rows) {
  for (Row& row : rows) {
    const Status compiled = row.rule.Compile();
    ASSERT_TRUE(compiled) << row.about << ": " << compiled.error().message;
    const std::optional<Labels> got = Apply(std::span(&row.rule, 1), row.labels);
    EXPECT_EQ(Text(got), Text(row.wanted)) << row.about << ", of " << row.labels.ToString();
  }
}

TEST(ApplyTest, Replace) {
  Check({
      {"the defaults copy a value",
       {.source_labels = {"a"}, .target_label = "b"},
       {{"a", "x"}},
       Labels{{"a", "x"}, {"b", "x"}}},
      {"values are joined by the separator, an absent one is empty",
       {.source_labels = {"a", "none", "b"}, .target_label = "c"},
       {{"a", "x"}, {"b", "y"}},
       Labels{{"a", "x"}, {"b", "y"}, {"c", "x;;y"}}},
      {"another separator",
       {.source_labels = {"a", "b"}, .separator = "", .target_label = "c"},
       {{"a", "x"}, {"b", "y"}},
       Labels{{"a", "x"}, {"b", "y"}, {"c", "xy"}}},
      {"groups",
       {.source_labels = {"address"},
        .target_label = "host",
        .replacement = "${1}_at_$port",
        .regex = "(.+):(?P<port>\\d+)"},
       {{"address", "db:5432"}},
       Labels{{"address", "db:5432"}, {"host", "db_at_5432"}}},
      {"the expression is anchored",
       {.source_labels = {"a"}, .target_label = "b", .regex = "x"},
       {{"a", "xy"}},
       Labels{{"a", "xy"}}},
      {"an alternation is anchored as a whole",
       {.source_labels = {"a"}, .target_label = "b", .replacement = "r", .regex = "x|y"},
       {{"a", "xz"}},
       Labels{{"a", "xz"}}},
      {"a dot matches a line feed",
       {.source_labels = {"a"}, .target_label = "b", .replacement = "r", .regex = "x.y"},
       {{"a", "x\ny"}},
       Labels{{"a", "x\ny"}, {"b", "r"}}},
      {"without source_labels the value is empty, and the default expression matches it",
       {.target_label = "team", .replacement = "shop"},
       {{"a", "x"}},
       Labels{{"a", "x"}, {"team", "shop"}}},
      {"an empty result deletes",
       {.source_labels = {"a"}, .target_label = "b", .replacement = ""},
       {{"a", "x"}, {"b", "y"}},
       Labels{{"a", "x"}}},
      {"the value of nothing deletes",
       {.source_labels = {"none"}, .target_label = "a"},
       {{"a", "x"}},
       Labels{}},
      {"the target may come from groups",
       {.source_labels = {"a"}, .target_label = "${1}_name", .replacement = "$2", .regex = "(.*)=(.*)"},
       {{"a", "k=v"}},
       Labels{{"a", "k=v"}, {"k_name", "v"}}},
      {"a target that comes out empty is skipped",
       {.source_labels = {"a"}, .target_label = "$2", .replacement = "v", .regex = "(x)(y)?"},
       {{"a", "x"}},
       Labels{{"a", "x"}}},
      {"names are any UTF-8",
       {.source_labels = {"k8s.pod"}, .target_label = "größe"},
       {{"k8s.pod", "p"}},
       Labels{{"k8s.pod", "p"}, {"größe", "p"}}},
  });
}

TEST(ApplyTest, KeepAndDrop) {
  Check({
      {"keep",
       {.action = Action::kKeep, .source_labels = {"a"}, .regex = "x.*"},
       {{"a", "xy"}},
       Labels{{"a", "xy"}}},
      {"keep", {.action = Action::kKeep, .source_labels = {"a"}, .regex = "x"}, {{"a", "xy"}}, std::nullopt},
      {"drop", {.action = Action::kDrop, .source_labels = {"a"}, .regex = "x|y"}, {{"a", "y"}}, std::nullopt},
      {"drop",
       {.action = Action::kDrop, .source_labels = {"a"}, .regex = "x"},
       {{"a", "y"}},
       Labels{{"a", "y"}}},
      {"drop with the defaults drops all", {.action = Action::kDrop}, {{"a", "y"}}, std::nullopt},
      {"keepequal",
       {.action = Action::kKeepEqual, .source_labels = {"a"}, .target_label = "b"},
       {{"a", "x"}, {"b", "x"}},
       Labels{{"a", "x"}, {"b", "x"}}},
      {"keepequal",
       {.action = Action::kKeepEqual, .source_labels = {"a"}, .target_label = "b"},
       {{"a", "x"}, {"b", "y"}},
       std::nullopt},
      {"keepequal of two absent ones",
       {.action = Action::kKeepEqual, .source_labels = {"c"}, .target_label = "d"},
       {{"a", "x"}},
       Labels{{"a", "x"}}},
      {"dropequal",
       {.action = Action::kDropEqual, .source_labels = {"a"}, .target_label = "b"},
       {{"a", "x"}, {"b", "x"}},
       std::nullopt},
      {"dropequal",
       {.action = Action::kDropEqual, .source_labels = {"a"}, .target_label = "b"},
       {{"a", "x"}, {"b", "y"}},
       Labels{{"a", "x"}, {"b", "y"}}},
  });
}

TEST(ApplyTest, HashMod) {
  // The sums are those of `printf x | md5sum`, and the like.
  Check({
      {"9dd4e461268c8034f5c8564e155c67a6",
       {.action = Action::kHashMod, .source_labels = {"a"}, .target_label = "h", .modulus = 1000},
       {{"a", "x"}},
       Labels{{"a", "x"}, {"h", std::to_string(0xf5c8564e155c67a6 % 1000)}}},
      {"of nothing: d41d8cd98f00b204e9800998ecf8427e",
       {.action = Action::kHashMod, .target_label = "h", .modulus = UINT64_MAX},
       {},
       Labels{{"h", std::to_string(0xe9800998ecf8427e)}}},
      {"modulus 1",
       {.action = Action::kHashMod, .source_labels = {"a"}, .target_label = "h", .modulus = 1},
       {{"a", "x"}},
       Labels{{"a", "x"}, {"h", "0"}}},
  });
}

TEST(ApplyTest, LetterCase) {
  Check({
      {"lowercase",
       {.action = Action::kLowercase, .source_labels = {"a", "b"}, .target_label = "c"},
       {{"a", "Ab"}, {"b", "ÄÖ"}},
       Labels{{"a", "Ab"}, {"b", "ÄÖ"}, {"c", "ab;äö"}}},
      {"uppercase",
       {.action = Action::kUppercase, .source_labels = {"a"}, .target_label = "a"},
       {{"a", "Abß"}},
       Labels{{"a", "ABß"}}},
      {"of nothing deletes",
       {.action = Action::kUppercase, .source_labels = {"none"}, .target_label = "a"},
       {{"a", "x"}},
       Labels{}},
  });
}

TEST(ApplyTest, LabelNames) {
  Check({
      {"labelmap copies",
       {.action = Action::kLabelMap, .regex = "meta_(.+)"},
       {{"meta_a", "1"}, {"b", "2"}},
       Labels{{"a", "1"}, {"meta_a", "1"}, {"b", "2"}}},
      {"labelmap replaces what is there, and what it maps is not mapped again",
       {.action = Action::kLabelMap, .replacement = "x$1", .regex = "(x?a)"},
       {{"a", "1"}, {"xa", "2"}},
       Labels{{"a", "1"}, {"xa", "1"}, {"xxa", "2"}}},
      {"of several names that come to one the last counts",
       {.action = Action::kLabelMap, .replacement = "a", .regex = "[xy]"},
       {{"x", "1"}, {"y", "2"}},
       Labels{{"a", "2"}, {"x", "1"}, {"y", "2"}}},
      {"labeldrop",
       {.action = Action::kLabelDrop, .regex = "tmp_.*"},
       {{"a", "1"}, {"tmp_x", "2"}, {"tmp_y", "3"}},
       Labels{{"a", "1"}}},
      {"labelkeep",
       {.action = Action::kLabelKeep, .regex = "a|b"},
       {{"a", "1"}, {"ab", "2"}, {"b", "3"}},
       Labels{{"a", "1"}, {"b", "3"}}},
  });
}

// Labels that were set come after those that are as they were.
TEST(ApplyTest, TheLastSetCountsInLabelMap) {
  std::vector<Rule> rules = {
      {.target_label = "x", .replacement = "new"},
      {.action = Action::kLabelMap, .replacement = "a", .regex = "[xy]"},
  };
  for (Rule& rule : rules) ASSERT_TRUE(rule.Compile());
  EXPECT_EQ(Text(Apply(rules, {{"x", "1"}, {"y", "2"}})),
            (Labels{{"a", "new"}, {"x", "new"}, {"y", "2"}}.ToString()));
}

TEST(ApplyTest, WhatGrowsWithoutEndIsLeftOut) {
  std::vector<Rule> doubling(100, {.source_labels = {"a"}, .target_label = "a", .replacement = "$1$1"});
  std::vector<Rule> mapping(100, {.action = Action::kLabelMap, .replacement = "x$1", .regex = "(.*)"});
  for (std::vector<Rule>* rules : {&doubling, &mapping}) {
    for (Rule& rule : *rules) ASSERT_TRUE(rule.Compile());
    const std::optional<Labels> got = Apply(*rules, {{"a", "x"}, {"b", "y"}});
    ASSERT_TRUE(got);
    EXPECT_GT(got->bytes().size(), 10'000u);
    EXPECT_LT(got->bytes().size(), 70'000u);
    EXPECT_EQ(got->Get("b"), "y");
  }
  // What is large already may be moved.
  const std::string large(200'000, 'x');
  Rule copy{.source_labels = {"a"}, .target_label = "b"};
  ASSERT_TRUE(copy.Compile());
  EXPECT_EQ(Apply(std::span(&copy, 1), {{"a", large}})->size(), 1u);
  EXPECT_EQ(Apply(std::span(&copy, 1), {{"a", large}, {"b", large}})->Get("b"), large);
}

TEST(ApplyTest, WhatIsOnlyLookedAtIsShared) {
  Rule keep{.action = Action::kKeep, .source_labels = {"a", "b"}, .regex = "x;y"};
  Rule drop{.action = Action::kLabelDrop, .regex = "z"};
  std::vector<Rule> rules = {keep, drop};
  for (Rule& rule : rules) ASSERT_TRUE(rule.Compile());
  const Labels labels = {{"a", "x"}, {"b", "y"}};
  const std::optional<Labels> got = Apply(rules, labels);
  ASSERT_TRUE(got);
  EXPECT_EQ(labels.use_count(), 2u);
}

TEST(ApplyTest, RulesApplyInTurn) {
  std::vector<Rule> rules = {
      {.source_labels = {"a"}, .target_label = "tmp", .replacement = "$1$1"},
      {.source_labels = {"tmp"}, .target_label = "b"},
      {.action = Action::kLabelDrop, .regex = "tmp"},
      {.action = Action::kDrop, .source_labels = {"b"}, .regex = "yy"},
  };
  for (Rule& rule : rules) ASSERT_TRUE(rule.Compile());
  EXPECT_EQ(Text(Apply(rules, {{"a", "x"}})), (Labels{{"a", "x"}, {"b", "xx"}}.ToString()));
  EXPECT_EQ(Text(Apply(rules, {{"a", "y"}})), "dropped");
  EXPECT_EQ(Text(Apply({}, {{"a", "y"}})), (Labels{{"a", "y"}}.ToString()));
}

}  // namespace
}  // namespace sidelight::relabel
