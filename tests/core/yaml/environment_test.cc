#include "core/yaml/environment.h"

#include <gtest/gtest.h>

#include <map>

#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

std::optional<std::string> Lookup(const std::string& name) {
  static const std::map<std::string, std::string> variables = {
      {"HOST", "db.internal"},    {"EMPTY", ""}, {"ODD", "${env:HOST}$$"}, {"_x1", "yes"}, {"TIME", "90s"},
      {"SECRET", "s3cr3t-value"}, {"N", "7"}};
  const auto found = variables.find(name);
  if (found == variables.end()) return std::nullopt;
  return found->second;
}

TEST(EnvironmentTest, Expands) {
  struct Case {
    std::string text;
    std::string want;  // begins with "error: " for an error
  };
  const Case cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"${env:HOST}:5432", "db.internal:5432"},
      {"${env:HOST}${env:_x1}", "db.internalyes"},
      {"a${env:EMPTY}b", "ab"},
      {"${env:ODD}", "${env:HOST}$$"},
      {"$${env:HOST}", "${env:HOST}"},
      {"$$$$", "$$"},
      {"$", "$"},
      {"cost $5 ${1} ${HOME} $HOME", "cost $5 ${1} ${HOME} $HOME"},
      {"${env:GONE}", "error: the environment variable \"GONE\" is not set"},
      {"${env:HOST", "error: \"${env:\" has no closing \"}\"; a plain dollar is written as \"$$\""},
      {"${env:}", "error: \"\" is no name of an environment variable; the form is ${env:NAME}"},
      {"${env:1x}", "error: \"1x\" is no name of an environment variable; the form is ${env:NAME}"},
      {"${env:HOST:-x}", "error: \"HOST:-x\" is no name of an environment variable; the form is ${env:NAME}"},
  };
  for (const Case& c : cases) {
    const Result<Expansion> got = Expand(c.text, Lookup);
    EXPECT_EQ(got ? got->text : "error: " + got.error().message, c.want) << "input: " << c.text;
  }
}

TEST(EnvironmentTest, ValuesOfEveryTypeExpandWhereTheyAreRead) {
  Document::Options options;
  options.environment = Lookup;
  const Document document =
      Document::Parse("host: \"${env:HOST}\"\ntime: ${env:TIME}\ncount: ${env:N}\nlist: ['${env:HOST}', x]\n",
                      "f.yaml", options);
  Mapping root = document.Root().AsMapping();
  std::string host;
  Duration time{};
  int64_t count = 0;
  std::vector<std::string> list;
  EXPECT_TRUE(root.Required("host", &host));
  EXPECT_TRUE(root.Required("time", &time));
  EXPECT_TRUE(root.Required("count", &count));
  EXPECT_TRUE(root.Required("list", &list));
  EXPECT_EQ(host, "db.internal");
  EXPECT_EQ(time, std::chrono::seconds(90));
  EXPECT_EQ(count, 7);
  EXPECT_EQ(list, (std::vector<std::string>{"db.internal", "x"}));
  EXPECT_TRUE(root.Get("host").Is("db.internal"));
  EXPECT_TRUE(document.status());
}

TEST(EnvironmentTest, NothingExpandsUnlessAsked) {
  Document::Options options;
  options.environment = Lookup;
  options.expand_environment = false;
  const Document document = Document::Parse("a: ${env:GONE}$$", "f.yaml", options);
  std::string text;
  EXPECT_TRUE(document.Root().AsMapping().Required("a", &text));
  EXPECT_EQ(text, "${env:GONE}$$");
}

TEST(EnvironmentTest, NoErrorShowsAValue) {
  Document::Options options;
  options.environment = Lookup;
  const Document document = Document::Parse(
      "a: ${env:SECRET}\nb: \"x${env:SECRET}y\"\nc: ${env:SECRET}\nd: ${env:GONE}\n", "f.yaml", options);
  Mapping root = document.Root().AsMapping();
  int64_t number = 0;
  root.Required("a", &number);
  std::string text;
  const Node b = root.Get("b");
  b.Read(&text);
  // What a room says about a value contains the value, whole or in part.
  b.Fail("\"" + text + "\" has no port, and \"s3cr3t-value\" is no host");
  root.OneOf("c", {"on", "off"});
  root.Required("d", &text);
  EXPECT_EQ(
      document.status().error().message,
      "f.yaml:1:4: expected a whole number, got \"${env:SECRET}\": only the digits 0 to 9 may stand in it\n"
      "a: ${env:SECRET}\n   ^\n"
      "f.yaml:2:4: \"x${env:SECRET}y\" has no port, and \"${env:SECRET}\" is no host\n"
      "b: \"x${env:SECRET}y\"\n   ^\n"
      "f.yaml:3:4: \"${env:SECRET}\" is no valid value of \"c\"; valid values: off, on\n"
      "c: ${env:SECRET}\n   ^\n"
      "f.yaml:4:4: the environment variable \"GONE\" is not set\nd: ${env:GONE}\n   ^");
}

}  // namespace
}  // namespace sidelight::yaml
