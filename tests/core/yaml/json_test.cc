// Texts that are JSON: the same values as YAML gives, of any length, and where they are none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

using ::testing::HasSubstr;

// Longer than what yaml-cpp is given at once.
const std::string kLong(300 << 10, 'x');

std::string TextOf(const Node& node) {
  std::string text;
  if (!node) return "nothing";
  if (node.IsMapping()) {
    for (const Mapping::Entry& entry : node.AsMapping().Entries()) {
      text += (text.empty() ? "" : ",") + entry.key + "=" + TextOf(entry.value);
    }
    return "{" + text + "}";
  }
  if (node.IsSequence()) {
    for (const Node& item : node.AsSequence()) text += (text.empty() ? "" : ",") + TextOf(item);
    return "[" + text + "]";
  }
  node.Read(&text);
  return text;
}

// All values in the document, or what is wrong.
std::string Read(const std::string& text, Document::Options options = {}) {
  options.expand_environment = false;
  options.as_go = true;
  const Document document = Document::Parse(text, "f", std::move(options));
  std::string values = TextOf(document.Root());
  const Status status = document.status();
  return status ? values : status.error().message;
}

TEST(JsonTest, SaysTheSameAsYaml) {
  struct Case {
    std::string text;
    std::string want;
  };
  const Case cases[] = {
      {"{}", "{}"},
      {"[]", "[]"},
      {R"({"a": 1, "b": [true, false, -0.5e+3, "x", {}], "c": {"d": "e"}})",
       "{a=1,b=[true,false,-0.5e+3,x,{}],c={d=e}}"},
      {" \r\n\t{\"a\"\n:\n[\n1\n,\n2\n]\n}\n", "{a=[1,2]}"},
      {R"(["\"\\\/\b\f\n\r\t"])", "[\"\\/\b\f\n\r\t]"},
      {R"(["\u00e4\u20AC\ud83d\ude00 ä€😀"])", "[ä€😀 ä€😀]"},
      {R"(["{[,:# - &a *b"])", "[{[,:# - &a *b]"},
      {R"([[[[]],[]],[{"a":[]}]])", "[[[[]],[]],[{a=[]}]]"},
      {R"({"a": null})", "{a=}"},
      // What YAML takes besides.
      {R"({a: 1, 'b': "c",})", "{a=1,b=c}"},
      {"{\"a\": 1} # why", "{a=1}"},
      {"{\"a\": tru}", "{a=tru}"},
      {"{\"a\": 01}", "{a=01}"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Read(c.text), c.want) << c.text;
    // The same again in what only JSON may be as long as.
    if (c.text.find_first_of("'#") == std::string::npos && c.want.find("=tru}") == std::string::npos &&
        c.want.find("=01") == std::string::npos) {
      EXPECT_EQ(Read("[\"" + kLong + "\"," + c.text + "]"), "[" + kLong + "," + c.want + "]") << c.text;
    }
  }
}

TEST(JsonTest, MayBeLong) {
  std::string items;
  for (int i = 0; i < 50'000; ++i) items += (i == 0 ? "" : ",") + std::string(R"({"a":"b","c":[1]})");
  EXPECT_THAT(Read("[" + items + "]"), HasSubstr("{a=b,c=[1]},{a=b,c=[1]}]"));
  EXPECT_EQ(Read("{\"a\": \"" + kLong + "\"}"), "{a=" + kLong + "}");
}

TEST(JsonTest, SaysWhatIsWrongAndWhere) {
  struct Case {
    std::string text;
    std::string want;
  };
  const Case cases[] = {
      {"{\"a\": 1,\n \"a\": 2}", "f:2:2: duplicate key \"a\"; it is already given in line 1"},
      {"{\"a\": [1, 2}", "f:1:12: there is no open \"[\" or \"{\" that this closes"},
      {std::string(100, '['), "f:1:65: mappings and lists are nested more than 64 deep"},
      {"[\"" + kLong + "\",\n 1 2]",
       "f:2:4: JSON has a \",\" or the \"]\" here, and what is longer than 256 KiB"},
      {"{\"" + kLong + "\": 1\n \"b\": 2}", "f:2:2: JSON has a \",\" or the \"}\" here"},
      {"{\"" + kLong + "\": 1,\n b: 2}", "f:2:2: JSON has a key in double quotes here"},
      {"{\"" + kLong + "\"\n 1}", "f:2:2: JSON has the \":\" behind a key here"},
      {"[\"" + kLong + "\",\n tru]", "f:2:2: JSON has a value: text in double quotes, a number"},
      {"[\"" + kLong + "\",\n 1.]", "f:2:2: JSON has a value"},
      {"[\"" + kLong + "\",\n \"a\\q\"]", "f:2:4: JSON has one of JSON's escapes here"},
      {"[\"" + kLong + "\",\n \"\\ud83dx\"]", "f:2:3: JSON has one of JSON's escapes here"},
      {"[\"" + kLong + "\",\n \"\\ude00\"]", "f:2:3: JSON has one of JSON's escapes here"},
      {"[\"" + kLong + "\",\n \"a\n\"]", "f:2:4: JSON has the closing quotes of a text here"},
      {"[\"" + kLong + "\"", "f:1:307204: JSON has a \",\" or the \"]\" here"},
      {"[\"" + kLong + "\"]\n{}", "f:2:1: JSON has nothing more here"},
  };
  for (const Case& c : cases) EXPECT_THAT(Read(c.text), HasSubstr(c.want)) << c.text.substr(0, 80);
}

TEST(JsonTest, ValuesAreCounted) {
  std::string many = "[1";
  for (int i = 0; i < 600'000; ++i) many += ",1";
  EXPECT_THAT(Read(many + "]"), HasSubstr("the file has more than 500000 values"));
}

TEST(JsonTest, AndYamlInAPartOfAFile) {
  const Document::Options part{.first_line = 7, .first_column = 11};
  EXPECT_THAT(Read("{\"a\": 1, \"a\": 2,\n \"a\": 3}", part),
              HasSubstr("f:7:20: duplicate key \"a\"; it is already given in line 7\n{\"a\": 1, \"a\": 2,\n  "
                        "       ^\nf:8:2: "));
  EXPECT_THAT(Read("a: 1\nb: [\n", part), HasSubstr("f:8:4: the \"[\""));
}

}  // namespace
}  // namespace sidelight::yaml
