// Whole texts: which are YAML as we take it, and the exact words that refuse the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/yaml/yaml.h"
#include "tests/support/folder.h"

namespace sidelight::yaml {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The document's errors when all that is asked of it is to be a mapping; "" when there are none.
std::string Errors(const std::string& text, Document::Options options = {}) {
  const Document document = Document::Parse(text, "f.yaml", std::move(options));
  document.Root().AsMapping();
  const Status status = document.status();
  return status ? "" : status.error().message;
}

TEST(DocumentTest, TakesWhatAConfigurationIsWrittenIn) {
  const std::string texts[] = {
      "",
      "# nothing yet\n",
      "---\na: 1\n...\n",
      "%YAML 1.2\n---\na: 1\n",
      "{\"a\": 1, \"b\": [true, null, \"x\"]}",
      "a: 1 # why\nb:\n  - c\n  -\td\n",
      "a:\n- b\n- c\n",
      "'quoted key': x\n\"another\": y\n",
      "a: |\n  text: {{ not yaml }}\n  \tindented\nb: >-\n  folded\n  text\n",
      "\xEF\xBB\xBF"
      "a: 1\r\nb: 2\r\n",
      "a: \"\\x04 \\u00e4\"\nb: ä€😀\n",
      "? a\n: 1\n",
      "a: 'it''s'\nb: \"x\\\\\"\nc: ''\n",
  };
  for (const std::string& text : texts) EXPECT_EQ(Errors(text), "") << text;
}

TEST(DocumentTest, SaysWhatIsWrongAndWhere) {
  struct Case {
    std::string text;
    std::string want;
  };
  const Case cases[] = {
      {"- a\n", "f.yaml:1:1: expected a mapping of keys and values, got a list\n- a\n^"},
      {"a\n", "f.yaml:1:1: expected a mapping of keys and values, got \"a\"\na\n^"},
      {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: duplicate key \"a\"; it is already given in line 1\na: 3\n^"},
      {"a: {b: 1, b: 2}",
       "f.yaml:1:11: duplicate key \"b\"; it is already given in line 1\na: {b: 1, b: 2}\n"
       "          ^"},
      {"a: &x 1\nb: *x\n",
       "f.yaml:1:4: anchors (&name) are not supported; write the value out where it is needed\na: &x 1\n   "
       "^\n"
       "f.yaml:2:4: aliases (*name) are not supported; write the value out\nb: *x\n   ^"},
      {"b: *x\n", "f.yaml:1:4: aliases (*name) are not supported; write the value out\nb: *x\n   ^"},
      {"a: !!int 5", "f.yaml:1:4: tags (!name) are not supported; remove it\na: !!int 5\n   ^"},
      {"a: ! 5", "f.yaml:1:4: tags (!name) are not supported; remove it\na: ! 5\n   ^"},
      {"!", "f.yaml:1:1: tags (!name) are not supported; remove it\n!\n^"},
      {"a: !x {b: 1}", "f.yaml:1:4: tags (!name) are not supported; remove it\na: !x {b: 1}\n   ^"},
      {"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; a file holds one\n---\n^"},
      {"{a: 1} b",
       "f.yaml:1:8: this is not part of what stands above; check the indentation\n{a: 1} b\n       ^"},
      {"? [a]\n: b", "f.yaml:1:3: a key must be one word, not a list; put text in quotes\n? [a]\n  ^"},
      {"a: 1\nb", "f.yaml:2:1: there is no \":\" behind this key\nb\n^"},
      {": x", "f.yaml:1:1: a key is missing here\n: x\n^"},
      {"a:\n\tb: 1\n", "f.yaml:2:1: lines are indented with spaces, not with a tab\n\tb: 1\n^"},
      {"a:\n  \tb: 1\n", "f.yaml:2:3: lines are indented with spaces, not with a tab\n  \tb: 1\n  ^"},
      {"a:\n    b: 1\n  c: 2\n",
       "f.yaml:3:3: this does not fit the mapping it stands in; check the indentation and the \":\" of each "
       "key\n"
       "  c: 2\n  ^"},
      {"a: b: c\n",
       "f.yaml:1:5: a \":\" cannot stand here; check the indentation, or put the text in quotes\na: b: c\n   "
       " ^"},
      {"a: @x", "f.yaml:1:4: text cannot begin with this character; put it in quotes\na: @x\n   ^"},
      {"a: 1\nb: 'x\nc: 2\n", "f.yaml:2:4: these quotes are not closed\nb: 'x\n   ^"},
      {"a: 1\nb: [x,\n  y\nc: 2\n",
       "f.yaml:4:2: the \"[\" of this list is not closed, or a \",\" is missing; text with { } [ ] , needs "
       "quotes\n"
       "c: 2\n ^"},
      {"a: 1\nb: [x\n",
       "f.yaml:2:4: the \"[\" of this list is not closed, or a \",\" is missing; text with { } [ ] , needs "
       "quotes\n"
       "b: [x\n   ^"},
      {"routes: [/a/{id}]",
       "f.yaml:1:13: the \"[\" of this list is not closed, or a \",\" is missing; text with { } [ ] , needs "
       "quotes\n"
       "routes: [/a/{id}]\n            ^"},
      {"a: ]",
       "f.yaml:1:4: there is no open \"[\" or \"{\" that this closes; put text in quotes\na: ]\n   ^"},
      {"a: \"\\q\"",
       "f.yaml:1:7: this escape is not known in double quotes; write a backslash as \"\\\\\", or use single "
       "quotes\na: \"\\q\"\n      ^"},
      {"a: \xFF\n", "f.yaml:1:4: the byte 0xff is not valid UTF-8; save the file as UTF-8\na: ?\n   ^"},
      {"\xFF\xFE"
       "a",
       "f.yaml:1:1: the file is encoded as UTF-16; save it as UTF-8\n??a\n^"},
      {std::string("ä: \0", 5),
       "f.yaml:1:4: the control character 0x00 is not allowed; in double quotes it can be written as "
       "\"\\x00\"\n"
       "ä: ?\n   ^"},
      {"a: 1\rb: 2\n",
       "f.yaml:1:5: a carriage return stands alone; end lines with a line feed\na: 1?b: 2\n    ^"},
  };
  for (const Case& c : cases) EXPECT_EQ(Errors(c.text), c.want) << "input: " << c.text;
}

TEST(DocumentTest, BrokenYamlIsOneError) {
  const Document document = Document::Parse("a: 1\na: 2\nb: [", "f.yaml", {});
  Mapping root = document.Root().AsMapping();
  std::string text;
  EXPECT_FALSE(root.Required("service", &text));
  EXPECT_FALSE(root.OneOf("b", {"x"}).has_value());
  root.Fail("not said");
  root.Finish();
  EXPECT_THAT(document.status().error().message, StartsWith("f.yaml:3:4: the \"[\""));
  EXPECT_EQ(document.status().error().message.find("f.yaml", 1), std::string::npos);
}

// Each is one of the ways to make a recursive parser, or one that reads ahead, fall over.
TEST(DocumentTest, DepthIsBounded) {
  const auto repeat = [](std::string_view piece, size_t bytes) {
    std::string text;
    while (text.size() + piece.size() <= bytes) text += piece;
    return text;
  };
  std::string steps;
  for (int i = 0; i < 100; ++i) steps += std::string(i, ' ') + "a:\n";
  for (const size_t size : {200u, 100'000u, 4u << 20}) {
    for (const std::string_view piece : {"[", "{", "[{", "{a: [", "- ", "? ", ": ", "- ? "}) {
      const std::string error = Errors(repeat(piece, size));
      const bool bounded = error.find("nested more than 64 deep") != std::string::npos ||
                           error.find("longer than 256 KiB without an end") != std::string::npos;
      EXPECT_TRUE(bounded) << size << " bytes of " << piece << "\ngot: " << error.substr(0, 300);
    }
  }
  EXPECT_THAT(Errors(steps), HasSubstr("f.yaml:65:65: mappings and lists are nested more than 64 deep"));
  const std::string closed = "a: " + std::string(63, '[') + std::string(63, ']');
  EXPECT_EQ(Errors(closed), "");
  EXPECT_THAT(Errors("a: " + std::string(64, '[') + std::string(64, ']')),
              HasSubstr("nested more than 64 deep"));
}

TEST(DocumentTest, SizeIsBounded) {
  Document::Options options;
  options.max_bytes = 10;
  EXPECT_EQ(Errors("a: 3456789", options), "");
  EXPECT_EQ(Errors("a: 34567890", options), "f.yaml:1:1: the file is longer than 10 bytes");
  EXPECT_THAT(Errors("a: 'x\n" + std::string(300 << 10, 'x')),
              HasSubstr("longer than 256 KiB without an end"));
  std::string many = "a:\n";
  for (int i = 0; i < 600'000; ++i) many += "- 1\n";
  EXPECT_THAT(Errors(many), HasSubstr("the file has more than 500000 values"));
}

TEST(DocumentTest, ListsErrorsByPlaceUpToALimit) {
  Document::Options options;
  options.max_errors = 2;
  const Document document = Document::Parse("a: x\nb: y\nc: z\nd: z\n", "f.yaml", options);
  Mapping root = document.Root().AsMapping();
  int64_t number = 0;
  root.Optional("b", &number);
  root.Optional("a", &number);
  root.Optional("a", &number);  // the same error again is not another one
  EXPECT_EQ(
      document.status().error().message,
      "f.yaml:1:4: expected a whole number, got \"x\": only the digits 0 to 9 may stand in it\na: x\n   ^\n"
      "f.yaml:2:4: expected a whole number, got \"y\": only the digits 0 to 9 may stand in it\nb: y\n   ^");
  root.Optional("c", &number);
  EXPECT_THAT(document.status().error().message, HasSubstr("\nf.yaml: 1 more error"));
  root.Finish();
  EXPECT_THAT(document.status().error().message, HasSubstr("\nf.yaml: 2 more errors"));
}

TEST(DocumentTest, LoadsFiles) {
  const TestFolder own;
  const std::filesystem::path& folder = own.path();
  const std::string path = folder / "good.yaml";
  std::ofstream(path) << "a: " << std::string(100'000, 'x') << "\n";

  const Document good = Document::Load(path, {});
  std::string value;
  EXPECT_TRUE(good.Root().AsMapping().Required("a", &value));
  EXPECT_EQ(value, std::string(100'000, 'x'));

  const std::string missing = folder / "missing.yaml";
  const Document none = Document::Load(missing, {});
  Mapping root = none.Root().AsMapping();
  EXPECT_FALSE(root.Required("a", &value));
  root.Finish();
  EXPECT_EQ(none.status().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(none.status().error().message, missing + ": cannot be read: No such file or directory");

  EXPECT_EQ(Document::Load(folder, {}).status().error().message,
            folder.string() + ": cannot be read: Is a directory");
  EXPECT_THAT(Document::Load("/dev/zero", {}).status().error().message,
              StartsWith("/dev/zero:1:1: the file is longer than"));
}

}  // namespace
}  // namespace sidelight::yaml
