// What a document shows of itself to everybody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Document Of(const std::string& text) {
  return Document::Parse(text, "a.yaml", {.environment = [](const std::string&) { return "from-env"; }});
}
std::string ShownOf(const Document& document) {
  return ToYaml(document.Shown());
}
std::string Shown(const std::string& text) {
  return ShownOf(Of(text));
}

TEST(ShownTest, WritesWhatItReadWithoutComments) {
  const struct {
    std::string text;
    std::string wanted;
  } kRows[] = {
      {"a: 1 # one\nb: text\n", "a: 1\nb: text\n"},
      {"a: {b: [1, {c: 2, d: [3]}, []], e: {}}",
       "a:\n  b:\n  - 1\n  - c: 2\n    d:\n    - 3\n  - []\n  e: {}\n"},
      {"a: [[1, 2], [3]]", "a:\n- - 1\n  - 2\n- - 3\n"},
      {"\"a b\": '10'\nc: \"\"", "\"a b\": \"10\"\nc: \"\"\n"},
      {"a: \"x\\n\\t\\\"\\\\\\u00e9\"", "a: \"x\\n\\x09\\\"\\\\\xc3\xa9\"\n"},
      {"a: |\n  x\n  y\n", "a: \"x\\ny\\n\"\n"},
      {"a: one\n  two\n", "a: one two\n"},
      {"a: ${env:HOME}/x", "a: ${env:HOME}/x\n"},
      {"a:", "a: null\n"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(Shown(row.text), row.wanted) << row.text;
    EXPECT_EQ(Shown(row.wanted), row.wanted) << "what it shows reads back as the same";
  }
}

TEST(ShownTest, ShowsNothingOfWhatIsNoMapping) {
  for (const std::string text : {"[1, 2]", "", "a: [", "{}"}) EXPECT_EQ(Shown(text), "") << text;
}

TEST(ShownTest, PartsOfTwoDocumentsGoTogether) {
  const struct {
    std::string from;
    std::vector<std::string_view> path;
    std::string to;
    std::string wanted;
  } kRows[] = {
      {"a: 1", {"a"}, "a: 2\nb: 3", "a: 1\nb: 3\n"},
      {"a: {b: [1]}", {"a", "b"}, "a: {b: [2, 3], c: 4}", "a:\n  b:\n  - 1\n  c: 4\n"},
      {"\"a\": 1", {"a"}, "a: 2", "\"a\": 1\n"},
      // Where there is nothing there is nothing then; mappings come and go with what is in them.
      {"b: 1", {"a"}, "a: 2\nb: 3", "b: 3\n"},
      {"b: 1", {"a", "c"}, "a: {c: 2}\nb: 3", "b: 3\n"},
      {"a: {b: {c: 1}}", {"a", "b", "c"}, "d: 2", "d: 2\na:\n  b:\n    c: 1\n"},
      {"a: {b: 1}", {"a", "b"}, "a: {}", "a:\n  b: 1\n"},
      {"d: 1", {"a", "b"}, "d: 2", "d: 2\n"},
  };
  for (const auto& row : kRows) {
    const ShownValue from = Of(row.from).Shown();
    ShownValue to = Of(row.to).Shown();
    CopyShown(row.path, &from, &to);
    EXPECT_EQ(ToYaml(to), row.wanted) << row.from << " into " << row.to;
  }
}

TEST(ShownTest, HidesWhatIsCalledLikeASecret) {
  const struct {
    std::string text;
    std::string wanted;
  } kRows[] = {
      {"password: hunter2", "password: <secret>\n"},
      {"a: {client_secret: {b: hunter2}}", "a:\n  client_secret: <secret>\n"},
      {"a: [{bearer_token: hunter2, b: 1}]", "a:\n- bearer_token: <secret>\n  b: 1\n"},
      {"password_file: /run/x", "password_file: /run/x\n"},
      {"url: http://me:hunter2@host/p", "url: http://***@host/p\n"},
      {"url: \"redis://:hunter2@host\"", "url: \"redis://***@host\"\n"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(Shown(row.text), row.wanted) << row.text;
    EXPECT_THAT(Shown(row.text), Not(HasSubstr("hunter2")));
  }
}

TEST(ShownTest, HidesWhatARoomReadAsOne) {
  const Document document = Of("a: {x: hunter2, y: [hunter2, 1]}\nb: [hunter2, 2]\nc: ${env:SECRET}");
  Mapping root = document.Root().AsMapping();
  Mapping a = root.Get("a").AsMapping();
  Secret secret;
  EXPECT_TRUE(a.Get("x").Read(&secret));
  a.Get("y").Hide();
  EXPECT_TRUE(root.Get("b").AsSequence()[0].Read(&secret));
  EXPECT_TRUE(root.Get("c").Read(&secret));
  EXPECT_EQ(ShownOf(document), "a:\n  x: <secret>\n  y: <secret>\nb:\n- <secret>\n- 2\nc: <secret>\n");
}

}  // namespace
}  // namespace sidelight::yaml
