#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

std::string ErrorsOf(const Document& document) {
  const Status status = document.status();
  return status ? "" : status.error().message;
}

TEST(MappingTest, UnknownKeysNameTheNearest) {
  const Document document = Document::Parse(
      "taps:\n  - name: api\n    upsteam: 127.0.0.1:8081\n    zzz: 1\nservcie: x\n", "sidelight.yaml", {});
  Mapping root = document.Root().AsMapping();
  std::string text;
  root.Optional("service", &text);
  for (const Node& item : root.Get("taps").AsSequence()) {
    Mapping tap = item.AsMapping();
    tap.Required("name", &text);
    tap.Optional("upstream", &text);
    tap.Finish();
  }
  root.Finish();
  EXPECT_EQ(ErrorsOf(document),
            "sidelight.yaml:3:5: unknown key \"upsteam\"; did you mean \"upstream\"?\n"
            "    upsteam: 127.0.0.1:8081\n    ^\n"
            "sidelight.yaml:4:5: unknown key \"zzz\"; valid keys: name, upstream\n    zzz: 1\n    ^\n"
            "sidelight.yaml:5:1: unknown key \"servcie\"; did you mean \"service\"?\nservcie: x\n^");
}

TEST(MappingTest, MissingKeys) {
  const Document document = Document::Parse("a:\n  b: 1\n", "f.yaml", {});
  Mapping root = document.Root().AsMapping();
  std::string text = "untouched";
  EXPECT_FALSE(root.Optional("nope", &text));
  EXPECT_FALSE(root.Required("service", &text));
  Mapping a = root.Get("a").AsMapping();
  EXPECT_FALSE(a.RequiredNode("name"));
  EXPECT_EQ(text, "untouched");
  EXPECT_EQ(ErrorsOf(document),
            "f.yaml:1:1: the key \"service\" is missing\na:\n^\n"
            "f.yaml:2:3: the key \"name\" is missing\n  b: 1\n  ^");
}

TEST(MappingTest, AnEmptyFileLacksItsKeys) {
  const Document document = Document::Parse("", "f.yaml", {});
  Mapping root = document.Root().AsMapping();
  root.RequiredNode("taps");
  root.Finish();
  EXPECT_EQ(ErrorsOf(document), "f.yaml:1:1: the key \"taps\" is missing");
}

TEST(MappingTest, KeysWithoutAValue) {
  const Document document = Document::Parse("a:\nb: ~\nc: null\nd: ''\ne: [1,]\n", "f.yaml", {});
  Mapping root = document.Root().AsMapping();
  std::string text = "untouched";
  EXPECT_FALSE(root.Optional("a", &text));
  EXPECT_FALSE(root.Required("b", &text));
  EXPECT_FALSE(root.Get("c"));
  EXPECT_EQ(text, "untouched");
  EXPECT_TRUE(root.Optional("d", &text));
  EXPECT_EQ(text, "");
  EXPECT_EQ(root.Get("e").AsSequence().size(), 1u);
  root.Finish();
  EXPECT_EQ(ErrorsOf(document),
            "f.yaml:1:1: \"a\" has no value; give it one or remove the key\na:\n^\n"
            "f.yaml:2:1: \"b\" has no value; give it one or remove the key\nb: ~\n^\n"
            "f.yaml:3:1: \"c\" has no value; give it one or remove the key\nc: null\n^");
}

TEST(MappingTest, OneOf) {
  const Document document = Document::Parse("a: json\nb: jsn\nc: xml\nd: [json]\ne: off\n", "f.yaml", {});
  Mapping root = document.Root().AsMapping();
  const std::vector<std::string_view> words = {"text", "json"};
  EXPECT_EQ(root.OneOf("a", words), 1u);
  EXPECT_EQ(root.OneOf("none", words), std::nullopt);
  EXPECT_EQ(root.OneOf("b", words), std::nullopt);
  EXPECT_EQ(root.OneOf("c", words), std::nullopt);
  EXPECT_EQ(root.OneOf("d", words), std::nullopt);
  EXPECT_EQ(root.OneOf("e", {"off", "on"}), 0u);
  EXPECT_EQ(ErrorsOf(document),
            "f.yaml:2:4: \"jsn\" is no valid value of \"b\"; did you mean \"json\"?\nb: jsn\n   ^\n"
            "f.yaml:3:4: \"xml\" is no valid value of \"c\"; valid values: json, text\nc: xml\n   ^\n"
            "f.yaml:4:4: expected one word, got a list\nd: [json]\n   ^");
}

TEST(MappingTest, EntriesAreAllAskedFor) {
  const Document document = Document::Parse("b: 1\na: {c: 2}\nd:\n", "f.yaml", {});
  Mapping root = document.Root().AsMapping();
  const std::vector<Mapping::Entry> entries = root.Entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].key, "b");
  EXPECT_TRUE(entries[0].value.IsScalar());
  EXPECT_EQ(entries[1].key, "a");
  EXPECT_TRUE(entries[1].value.IsMapping());
  entries[1].key_node.Fail("no good name");
  root.Finish();
  EXPECT_EQ(ErrorsOf(document),
            "f.yaml:2:1: no good name\na: {c: 2}\n^\n"
            "f.yaml:3:1: \"d\" has no value; give it one or remove the key\nd:\n^");
}

TEST(MappingTest, RefusedKeysAreSaidInTheirOwnWordsAndNeverSuggested) {
  const Document document = Document::Parse("debug: true\ndebgu: true\n", "f.yaml", {});
  Mapping root = document.Root().AsMapping();
  root.Get("name");
  root.Refuse("debug", "a key of somebody else");
  root.Refuse("absent", "not said");
  root.Finish();
  EXPECT_EQ(ErrorsOf(document),
            "f.yaml:1:1: a key of somebody else\ndebug: true\n^\n"
            "f.yaml:2:1: unknown key \"debgu\"; valid keys: name\ndebgu: true\n^");
}

TEST(MappingTest, NothingIsFoundInWhatIsNoMapping) {
  const Document document = Document::Parse("a: [1]\n", "f.yaml", {});
  Mapping a = document.Root().AsMapping().Get("a").AsMapping();
  EXPECT_FALSE(a.Get("x"));
  EXPECT_FALSE(a.RequiredNode("y"));
  EXPECT_TRUE(a.Entries().empty());
  a.Finish();
  EXPECT_EQ(ErrorsOf(document),
            "f.yaml:1:4: expected a mapping of keys and values, got a list\na: [1]\n   ^");
  Node none;
  EXPECT_FALSE(none);
  std::string text;
  EXPECT_FALSE(none.Read(&text));
  EXPECT_TRUE(none.AsSequence().empty());
  none.Fail("goes nowhere");
}

}  // namespace
}  // namespace sidelight::yaml
