#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/relabel/relabel.h"

namespace sidelight::relabel {
namespace {

using ::testing::HasSubstr;

struct Decoded {
  std::vector<Rule> rules;
  std::string errors;
};

Decoded DecodeText(const std::string& text) {
  Decoded decoded;
  const yaml::Document document = yaml::Document::Parse(text, "f", {});
  Decode(document.Root(), &decoded.rules);
  if (const Status status = document.status(); !status) decoded.errors = status.error().message;
  return decoded;
}

TEST(DecodeTest, ReadsEveryKey) {
  const Decoded decoded = DecodeText(R"yaml(
- source_labels: [a, "größe"]
  separator: ","
  target_label: ${1}_x
  modulus: 18446744073709551615
  regex: "(a|b)"
  replacement: ""
  action: Replace
- {action: labeldrop, regex: tmp_.*}
- {action: labelkeep, replacement: $1, separator: ";"}
- {action: KEEPEQUAL, source_labels: [a], target_label: b}
- {action: lowercase, source_labels: [a], target_label: b, separator: "-"}
- {action: labelmap, regex: m_(.+)}
- {action: keep, source_labels: [a], target_label: unused}
)yaml");
  EXPECT_EQ(decoded.errors, "");
  ASSERT_EQ(decoded.rules.size(), 7u);
  const Rule& rule = decoded.rules[0];
  EXPECT_EQ(rule.source_labels, (std::vector<std::string>{"a", "größe"}));
  EXPECT_EQ(rule.separator, ",");
  EXPECT_EQ(rule.target_label, "${1}_x");
  EXPECT_EQ(rule.modulus, 18446744073709551615u);
  EXPECT_EQ(rule.regex, "(a|b)");
  EXPECT_EQ(rule.replacement, "");
  EXPECT_EQ(rule.action, Action::kReplace);
  EXPECT_EQ(decoded.rules[1].replacement, "$1");
  EXPECT_EQ(decoded.rules[3].action, Action::kKeepEqual);
  EXPECT_EQ(Apply(decoded.rules, {{"a", "x"}, {"b", "x"}})->ToString(), "{a=\"x\", b=\"x\"}");
}

TEST(DecodeTest, SaysWhatIsWrongAndWhere) {
  struct Row {
    std::string text;
    std::string wanted;
  };
  const Row rows[] = {
      {"a: 1", "f:1:1: expected a list, got a mapping"},
      {"- a", "f:1:3: expected a mapping of keys and values"},
      {"- {action: repalce, target_label: a}",
       "f:1:12: this is no action of relabelling; valid actions: replace,"},
      {"- {source_label: [a], target_label: b}",
       "f:1:4: unknown key \"source_label\"; did you mean \"source_labels\"?"},
      {"- {source_labels: a, target_label: b}", "f:1:19: expected a list of texts"},
      {"- {source_labels: [a, \"\"], target_label: b}", "f:1:23: a label's name is UTF-8 text and not empty"},
      {"- {source_labels: [a]}", "f:1:3: replace needs a \"target_label\""},
      {"- {target_label: \"\"}", "f:1:18: replace needs a \"target_label\""},
      {"- {target_label: a, regex: \"(\"}", "f:1:28: the regular expression does not compile: missing )"},
      {"- {target_label: a, regex: \"(?=a)\"}", "f:1:28: the regular expression does not compile: "},
      {"- {action: hashmod, target_label: a}", "f:1:3: hashmod needs a \"modulus\" of at least 1"},
      {"- {action: hashmod, target_label: a, modulus: 0}",
       "f:1:47: hashmod needs a \"modulus\" of at least 1"},
      {"- {action: hashmod, target_label: a, modulus: -1}", "f:1:47: expected a whole number"},
      {"- {action: hashmod, modulus: 2}", "f:1:3: hashmod needs a \"target_label\""},
      {"- {action: labelmap, regex: a, replacement: \"\"}", "f:1:45: labelmap needs a \"replacement\""},
      {"- {action: uppercase, source_labels: [a], target_label: a, replacement: b}",
       "f:1:73: uppercase has no use for \"replacement\""},
      {"- {action: labeldrop, source_labels: [a]}",
       "f:1:38: labeldrop has no use for \"source_labels\": it takes only \"regex\""},
      {"- {action: labelkeep, target_label: a}", "f:1:37: labelkeep has no use for \"target_label\""},
      {"- {action: dropequal, source_labels: [a], target_label: a, regex: a}",
       "f:1:67: dropequal has no use for \"regex\": it takes only \"source_labels\" and \"target_label\""},
      {"- {action: keepequal, source_labels: [a], target_label: a, modulus: 3}",
       "f:1:69: keepequal has no use for \"modulus\""},
  };
  for (const Row& row : rows) {
    const Decoded decoded = DecodeText(row.text);
    EXPECT_THAT(decoded.errors, HasSubstr(row.wanted)) << row.text;
  }
}

TEST(DecodeTest, SaysEverythingAtOnce) {
  const Decoded decoded = DecodeText("- {action: labeldrop, separator: x, target_label: y}\n- {regex: a}\n");
  EXPECT_THAT(decoded.errors, HasSubstr("f:1:34: labeldrop has no use for \"separator\""));
  EXPECT_THAT(decoded.errors, HasSubstr("f:1:51: labeldrop has no use for \"target_label\""));
  EXPECT_THAT(decoded.errors, HasSubstr("f:2:3: replace needs a \"target_label\""));
}

TEST(CompileTest, ChecksToo) {
  Rule rule{.action = Action::kHashMod, .target_label = "a"};
  const Status status = rule.Compile();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "hashmod needs a \"modulus\" of at least 1");
  rule.modulus = 7;
  EXPECT_TRUE(rule.Compile());
}

TEST(DecodeTest, RulesAreTheSameWhenTheyAreWrittenTheSame) {
  const std::string texts[] = {
      "{target_label: a}",
      "{target_label: b}",
      "{target_label: a, source_labels: [x]}",
      "{target_label: a, source_labels: [x], separator: y}",
      "{target_label: a, regex: x}",
      "{target_label: a, replacement: x}",
      "{target_label: a, source_labels: [x], action: hashmod, modulus: 2}",
      "{target_label: a, source_labels: [x], action: hashmod, modulus: 3}",
      "{target_label: a, source_labels: [x], action: lowercase}",
  };
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      const Decoded one = DecodeText("[" + a + "]");
      const Decoded other = DecodeText("[" + b + "]");
      EXPECT_EQ(one.errors + other.errors, "");
      EXPECT_EQ(one.rules == other.rules, a == b) << a << " and " << b;
    }
  }
}

}  // namespace
}  // namespace sidelight::relabel
