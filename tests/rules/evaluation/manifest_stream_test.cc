// Streams of Kubernetes objects as the objects in them, and where each begins.
#include "rules/evaluation/manifest_stream.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

// Each object as "line:column text".
std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> objects;
  for (const ManifestObject& object : SplitManifests(text)) {
    objects.push_back(fmt::format("{}:{} {}", object.first_line, object.first_column, object.text));
  }
  return objects;
}

TEST(ManifestStreamTest, Objects) {
  struct Case {
    const char* what;
    std::string text;
    std::vector<std::string> want;
  };
  const Case cases[] = {
      {"nothing", "", {}},
      {"separators and comments", "---\n# a\n---\n\n", {}},
      {"one", "kind: A\n", {"1:1 kind: A\n"}},
      {"documents",
       "# head\n---\n# Source: a\nkind: A\n--- # b\n---\nkind: B\n---\n",
       {"4:1 kind: A\n", "5:1 --- # b\n", "7:1 kind: B\n"}},
      {"a separator within a text is indented", "a: |\n  ---\n  b\n", {"1:1 a: |\n  ---\n  b\n"}},
      {"a List as kubectl prints it",
       "apiVersion: v1\nitems:\n- kind: A\n  spec:\n  - 1\n\n# between\n- kind: B\n  text: |\n    x\n\n    "
       "kind: y\n"
       "kind: List\nmetadata:\n  resourceVersion: \"\"\n",
       {"3:1   kind: A\n  spec:\n  - 1\n", "8:1   kind: B\n  text: |\n    x\n\n    kind: y\n"}},
      {"a List with indented items",
       "kind: \"List\"\nitems:\n  - kind: A\n    b: 1\n  -\n    kind: B\n",
       {"3:1     kind: A\n    b: 1\n", "5:1    \n    kind: B\n"}},
      {"a List of Lists",
       "kind: List\nitems:\n- kind: List\n  items:\n  - kind: A\n  - kind: B\n- kind: C\n",
       {"5:1     kind: A\n", "6:1     kind: B\n", "7:1   kind: C\n"}},
      {"a List without items", "kind: List\nitems: []\n", {"1:1 kind: List\nitems: []\n"}},
      {"items of what is no List", "kind: A\nitems:\n- kind: B\n", {"1:1 kind: A\nitems:\n- kind: B\n"}},
      {"items further in",
       "kind: A\nspec:\n  items:\n  - kind: B\n  kind: List\n",
       {"1:1 kind: A\nspec:\n  items:\n  - kind: B\n  kind: List\n"}},
      {"JSON", "{\"kind\": \"A\"}", {"1:1 {\"kind\": \"A\"}"}},
      {"several of JSON",
       "# Source: a\n{\"kind\": \"A\"}\n\n {\"kind\": \"B\"} {}\n---\n{\"kind\": \"C\"}\n",
       {"2:1 {\"kind\": \"A\"}", "4:2 {\"kind\": \"B\"}", "4:16 {}", "6:1 {\"kind\": \"C\"}"}},
      {"a List of JSON",
       "{\"items\": [ {\"a\": \"ä]}\\\"\"},\n {\"items\": [{}]}], \"kind\": \"List\"}",
       {"1:13 {\"a\": \"ä]}\\\"\"}", "2:2 {\"items\": [{}]}"}},
      {"a List of Lists of JSON",
       "{\"kind\":\"AList\",\"items\":[{\"kind\":\"List\",\"items\":[{\"ä\":1},{\"b\":2}]}]}",
       {"1:50 {\"ä\":1}", "1:58 {\"b\":2}"}},
      {"a kind further in",
       "{\"a\":{\"kind\":\"List\"},\"items\":[{\"kind\":\"List\"}],\"kind\":\"A\"}",
       {"1:1 {\"a\":{\"kind\":\"List\"},\"items\":[{\"kind\":\"List\"}],\"kind\":\"A\"}"}},
      {"what is no JSON after all",
       "{\"kind\": \"A\", \"items\": [}\n",
       {"1:1 {\"kind\": \"A\", \"items\": [}\n"}},
      {"YAML in braces", "{kind: it's A}\n", {"1:1 {kind: it's A}"}},
  };
  for (const Case& c : cases) EXPECT_THAT(Split(c.text), ElementsAreArray(c.want)) << c.what;
}

TEST(ManifestStreamTest, ListsAreOpenedTwiceAndNoMore) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += R"({"kind":"List","items":[)";
  for (int i = 0; i < 1000; ++i) text += "]}";
  const std::vector<ManifestObject> objects = SplitManifests(text);
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(objects[0].first_column, 1 + 2 * 24);
}

TEST(ManifestStreamTest, WhatIsManifests) {
  EXPECT_TRUE(HoldsManifests("# a\napiVersion: v1\nkind: A\n"));
  EXPECT_TRUE(HoldsManifests("{\"kind\": \"A\", \"apiVersion\": \"v1\"}"));
  EXPECT_FALSE(HoldsManifests("groups:\n- name: apiVersion\n  rules: [{kind: a}]\n"));
  EXPECT_FALSE(HoldsManifests("{\"groups\": []}"));
  EXPECT_FALSE(HoldsManifests("kind: A\n"));
  EXPECT_FALSE(HoldsManifests(""));
}

}  // namespace
}  // namespace sidelight::rules
