// Options::as_go: the files of Go programs, with anchors, merge keys, tags, further documents, empty values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Document Parse(const std::string& text) {
  return Document::Parse(text, "f.yaml", {.expand_environment = false, .as_go = true});
}

std::string ErrorsOf(const Document& document) {
  const Status status = document.status();
  return status ? "" : status.error().message;
}

// The value as flow YAML, every scalar in quotes, so that a test sees what the reader understood.
std::string Written(const Node& node) {
  std::string out;
  if (node.IsMapping()) {
    for (const Mapping::Entry& entry : node.AsMapping().Entries()) {
      out += (out.empty() ? "{" : ", ") + entry.key + ": " + Written(entry.value);
    }
    return out.empty() ? "{}" : out + "}";
  }
  if (node.IsSequence()) {
    for (const Node& item : node.AsSequence()) out += (out.empty() ? "[" : ", ") + Written(item);
    return out.empty() ? "[]" : out + "]";
  }
  return node.Read(&out) ? "'" + out + "'" : "?";
}

TEST(AsGoTest, WhatIsUnderstood) {
  struct Case {
    std::string text;
    std::string want;
  };
  const Case cases[] = {
      {"a: &x 1\nb: *x\n", "{a: '1', b: '1'}"},
      {"a: &x\nb: *x\n", "{a: '', b: ''}"},
      {"a: &x [1, {b: 2}]\nc: *x\n", "{a: ['1', {b: '2'}], c: ['1', {b: '2'}]}"},
      {"a: &x 1\nb: &x 2\nc: *x\n", "{a: '1', b: '2', c: '2'}"},
      {"a: &x k\n*x : v\n", "{a: 'k', k: 'v'}"},
      {"a: &x k\n*x :\n", "{a: 'k', k: ''}"},
      {"- &x {a: 1}\n- {<<: *x, b: 2}\n", "[{a: '1'}, {b: '2', a: '1'}]"},
      // A key of the mapping's own goes before one that is merged, wherever the "<<" stands.
      {"- &x {a: 1, c: 3}\n- {<<: *x, a: 2}\n- {a: 2, <<: *x}\n",
       "[{a: '1', c: '3'}, {a: '2', c: '3'}, {a: '2', c: '3'}]"},
      {"- &x {a: 1}\n- &y {a: 2, b: 2}\n- {<<: [*x, *y]}\n",
       "[{a: '1'}, {a: '2', b: '2'}, {a: '1', b: '2'}]"},
      {"- &x {a: 1}\n- &y {<<: *x, b: 2}\n- {<<: *y, c: 3}\n",
       "[{a: '1'}, {b: '2', a: '1'}, {c: '3', b: '2', a: '1'}]"},
      {"<<: {a: 1}\n", "{a: '1'}"},
      {"'<<': {a: 1}\n", "{<<: {a: '1'}}"},
      {"a: !!str 5\nb: !!int 5\nc: !!map {}\nd: !!seq []\ne: ! 5\n",
       "{a: '5', b: '5', c: {}, d: [], e: '5'}"},
      {"a:\nb: ~\nc: null\n", "{a: '', b: '', c: ''}"},
      {"{a, b: 1}\n", "{a: '', b: '1'}"},
      {"? a\n", "{a: ''}"},
      {"'a b' :\n", "{a b: ''}"},
      {"---\na: 1\n...\n", "{a: '1'}"},
      {"", "''"},
      {"# nothing\n", "''"},
  };
  for (const Case& c : cases) {
    const Document document = Parse(c.text);
    EXPECT_EQ(Written(document.Root()), c.want) << "input: " << c.text;
    EXPECT_EQ(ErrorsOf(document), "") << "input: " << c.text;
    EXPECT_TRUE(document.warnings().empty()) << "input: " << c.text;
  }
}

TEST(AsGoTest, WhatIsRefused) {
  struct Case {
    std::string text;
    std::string want;
  };
  const Case cases[] = {
      {"a: *x\n",
       "f.yaml:1:4: there is no anchor of this name above; put text that begins with \"*\" in quotes\n"
       "a: *x\n   ^"},
      {"a: &x [*x]\n", "f.yaml:1:8: this alias stands within the value that it names\na: &x [*x]\n       ^"},
      {"a: !!binary x\n", "f.yaml:1:4: this tag is not known; remove it\na: !!binary x\n   ^"},
      {"a: !mine {b: 1}\n", "f.yaml:1:4: this tag is not known; remove it\na: !mine {b: 1}\n   ^"},
      {"a: &x 1\nb: 1\n*x : 2\n1: 3\n",
       "f.yaml:4:1: duplicate key \"1\"; it is already given in line 3\n1: 3\n^"},
      {"<<: 1\n",
       "f.yaml:1:5: \"<<\" takes a mapping, or a list of mappings, not a single value\n<<: 1\n    ^"},
      {"<<: [{a: 1}, 2]\n",
       "f.yaml:1:14: \"<<\" takes a mapping, or a list of mappings, not a single value\n"
       "<<: [{a: 1}, 2]\n             ^"},
      {"<<: {a: 1}\n<<: {b: 1}\n",
       "f.yaml:2:1: duplicate key \"<<\"; it is already given in line 1\n<<: {b: 1}\n^"},
      {"a: &x [1]\n*x : 2\n",
       "f.yaml:2:1: a key must be one word, not a list; put text in quotes\n*x : 2\n^"},
      {"a: 1\nb\n", "f.yaml:2:1: there is no \":\" behind this key\nb\n^"},
      {"a: 1\na: 2\n", "f.yaml:2:1: duplicate key \"a\"; it is already given in line 1\na: 2\n^"},
  };
  for (const Case& c : cases) {
    const Document document = Parse(c.text);
    document.Root().AsMapping().Entries();
    EXPECT_EQ(ErrorsOf(document), c.want) << "input: " << c.text;
  }
}

TEST(AsGoTest, AKeyWithoutAValueIsNotGiven) {
  const Document document = Parse("a:\nb: ~\nc: ''\n");
  Mapping root = document.Root().AsMapping();
  std::string text = "untouched";
  EXPECT_FALSE(root.Optional("a", &text));
  EXPECT_EQ(text, "untouched");
  EXPECT_TRUE(root.Optional("c", &text));
  EXPECT_EQ(text, "");
  EXPECT_FALSE(root.RequiredNode("b"));
  root.Finish();
  EXPECT_EQ(ErrorsOf(document), "f.yaml:2:1: \"b\" has no value; give it one or remove the key\nb: ~\n^");
}

TEST(AsGoTest, TagsSayWhatAScalarIs) {
  const Document document = Parse("a: !!str 5\nb: !!int 5\n");
  Mapping root = document.Root().AsMapping();
  int64_t number = 0;
  EXPECT_FALSE(root.Optional("a", &number));
  EXPECT_TRUE(root.Optional("b", &number));
  EXPECT_EQ(number, 5);
  EXPECT_EQ(ErrorsOf(document),
            "f.yaml:1:10: expected a whole number, got the quoted text \"5\"; remove the quotes\n"
            "a: !!str 5\n         ^");
}

TEST(AsGoTest, OnlyTheFirstDocumentIsRead) {
  for (const std::string rest : {"a: 2\n", "a: [\n", "a: 2\n---\na: 3\n", ""}) {
    const Document document = Parse("a: 1\n---\n" + rest);
    EXPECT_EQ(Written(document.Root()), "{a: '1'}") << rest;
    EXPECT_EQ(ErrorsOf(document), "") << rest;
    EXPECT_THAT(document.warnings(),
                ElementsAre("f.yaml:2:1: a second document begins here; only the first is read, and what "
                            "follows is ignored"))
        << rest;
  }
}

TEST(AsGoTest, ItemsWithoutAValueArePassedOver) {
  const Document document = Parse("- a\n-\n- ~\n- b\n");
  EXPECT_EQ(Written(document.Root()), "['a', 'b']");
  EXPECT_EQ(ErrorsOf(document), "");
  EXPECT_THAT(document.warnings(),
              ElementsAre("f.yaml:3:1: an item of this list has no value, and is passed over",
                          "f.yaml:3:3: an item of this list has no value, and is passed over"));
}

TEST(AsGoTest, AWrongValueIsShownWhereItStands) {
  const Document document = Parse("a: &x word\nb: *x\n");
  Mapping root = document.Root().AsMapping();
  int64_t number = 0;
  EXPECT_FALSE(root.Optional("b", &number));
  EXPECT_THAT(ErrorsOf(document), HasSubstr("f.yaml:1:7: expected a whole number"));
}

TEST(AsGoTest, WarningsStandInTheOrderOfTheFile) {
  const Document document = Parse("a: 1\nb: 2\n");
  Mapping root = document.Root().AsMapping();
  root.Get("b").Warn("second");
  root.Get("a").Warn("first");
  Node().Warn("nowhere");
  EXPECT_THAT(document.warnings(), ElementsAre("f.yaml:1:4: first", "f.yaml:2:4: second"));
  EXPECT_TRUE(document.status());
}

// "Billion laughs": ten lines that stand for ten to the power of ten values.
TEST(AsGoTest, AliasesCountAsIfWrittenOut) {
  std::string laughs = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n";
  std::string merges = "a0: &a0 {k: v}\n";
  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string self = std::to_string(i);
    const std::string one = "*a" + std::to_string(i - 1);
    std::string ten = one;
    for (int n = 1; n < 10; ++n) ten += ", " + one;
    laughs += "a" + self + ": &a" + self + " [" + ten + "]\n";
    merges += "a" + self + ": &a" + self + " {<<: [" + ten + "]}\n";
  }
  for (int i = 1; i < 80; ++i) {
    deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  const std::string long_text = "a: &a " + std::string(200 << 10, 'x') + "\nb: [";
  std::string copies = long_text;
  for (int i = 0; i < 100; ++i) copies += "*a, ";
  copies += "]\n";
  EXPECT_THAT(ErrorsOf(Parse(laughs)), HasSubstr("the file has more than 500000 values"));
  EXPECT_THAT(ErrorsOf(Parse(merges)), HasSubstr("the file has more than 500000 values"));
  EXPECT_THAT(ErrorsOf(Parse(deep)), HasSubstr("nested more than 64 deep"));
  EXPECT_THAT(ErrorsOf(Parse(copies)),
              HasSubstr("with its aliases written out the file has more than 4194304 bytes of text"));
}

}  // namespace
}  // namespace sidelight::yaml
