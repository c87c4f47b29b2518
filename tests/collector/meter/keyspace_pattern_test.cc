#include "collector/meter/keyspace_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::meter {
namespace {

using ::testing::HasSubstr;

TEST(KeyspacePattern, Matches) {
  const struct {
    std::string pattern;
    std::vector<std::string> keys;
    std::vector<std::string> others;
  } kCases[] = {
      {"user:*", {"user:", "user:1", "user:1:name", "user:*"}, {"", "user", "users:1", "auser:1", "User:1"}},
      {"config", {"config"}, {"", "conf", "configs", "aconfig"}},
      {"*", {"", "a", "a:b", std::string("\0\xff", 2)}, {}},
      {"**", {"", "a"}, {}},
      {"?", {"a", "*", "\xff"}, {"", "ab"}},
      {"user:??", {"user:12"}, {"user:1", "user:123"}},
      {"user:?*", {"user:1", "user:123"}, {"user:"}},
      {"*:name", {":name", "user:1:name", "a:name:name"}, {"name", "user:1:names", ""}},
      {"user:*:name", {"user:1:name", "user::name", "user:a:name:name"}, {"user:name", "user:1:nam"}},
      {"a*b*c", {"abc", "abbc", "aXbYc", "abcbc"}, {"ab", "ac", "abcd"}},
      {"*a?c*", {"abc", "xxabcxx", "aacabc"}, {"ac", "abd"}},
      {"{user}:*", {"{user}:1"}, {"user:1"}},
      {"größe:*", {"größe:1"}, {"grosse:1"}},
  };
  for (const auto& c : kCases) {
    const Result<KeyspacePattern> pattern = KeyspacePattern::Parse(c.pattern);
    ASSERT_TRUE(pattern) << c.pattern;
    EXPECT_EQ(pattern->text(), c.pattern);
    for (const auto& key : c.keys) EXPECT_TRUE(pattern->Matches(key)) << c.pattern << " " << key;
    for (const auto& key : c.others) EXPECT_FALSE(pattern->Matches(key)) << c.pattern << " " << key;
  }
}

TEST(KeyspacePattern, ManyStarsTakeNoLongTime) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "a*";
  const KeyspacePattern pattern = *KeyspacePattern::Parse(text + "b");
  EXPECT_FALSE(pattern.Matches(std::string(10'000, 'a')));
}

TEST(KeyspacePattern, RefusesWithASentence) {
  const struct {
    std::string text;
    std::string says;
  } kCases[] = {
      {"", "it is empty"},
      {"user:[ab]", "sets and escapes are not known"},
      {"user]", "cannot have ']' in it"},
      {"user\\*", "cannot have '\\' in it"},
      {std::string(129, 'a'), "it has 129 bytes and may have 128"},
      {"user\n", "control character"},
  };
  for (const auto& c : kCases) {
    const Result<KeyspacePattern> pattern = KeyspacePattern::Parse(c.text);
    ASSERT_FALSE(pattern) << c.text;
    EXPECT_THAT(pattern.error().message, HasSubstr(c.says)) << c.text;
    EXPECT_THAT(pattern.error().message, HasSubstr("a pattern looks like \"user:*\"")) << c.text;
  }
  EXPECT_TRUE(KeyspacePattern::Parse(std::string(128, 'a')));
}

}  // namespace
}  // namespace sidelight::meter
