#include "core/model/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight {
namespace {

using testing::IsEmpty;
using Type = Matcher::Type;

Matcher Make(Type type, std::string value) {
  Result<Matcher> matcher = Matcher::Make(type, "label", std::move(value));
  EXPECT_TRUE(matcher.has_value()) << matcher.error().message;
  return *std::move(matcher);
}

TEST(MatcherTest, Equality) {
  const Matcher equal = Make(Type::kEqual, "a|b");
  EXPECT_TRUE(equal.Matches("a|b"));
  EXPECT_FALSE(equal.Matches("a"));
  EXPECT_FALSE(equal.Matches(""));
  const Matcher unequal = Make(Type::kNotEqual, "a|b");
  EXPECT_FALSE(unequal.Matches("a|b"));
  EXPECT_TRUE(unequal.Matches(""));
  EXPECT_TRUE(Make(Type::kEqual, "").Matches(""));
  EXPECT_FALSE(Make(Type::kNotEqual, "").Matches(""));
}

struct Case {
  const char* regex;
  std::string_view value;
  bool matches;
};

// Both ways round, whichever of its short cuts a matcher takes.
TEST(MatcherTest, RegularExpressionsMatchWholeValues) {
  using namespace std::string_view_literals;
  const Case cases[] = {
      {"a", "a", true},
      {"a", "ab", false},
      {"a", "ba", false},
      {"a|b", "b", true},
      {"a|b", "ab", false},
      {"ab|cd", "ab", true},
      {"ab|cd", "abcd", false},
      {"a|", "", true},
      {"", "", true},
      {"", "a", false},
      {".*", "", true},
      {".+", "", false},
      {".*", "a\nb", true},
      {"a.b", "a\nb", true},
      {"a$", "a", true},
      {"^a", "a", true},
      {"^a|b$", "ax", false},
      {"a\\|b", "a|b", true},
      {"(a|b)", "b", true},
      {"(?:a|b)", "b", true},
      {"(a)|(b)", "b", true},
      {"(a)b(c)", "abc", true},
      {"(a|b)c", "bc", true},
      {"(?i)ab", "AB", true},
      {"(?i:a)b", "Ab", true},
      {"(?i:a)b", "AB", false},
      {"abc*", "ab", true},
      {"abc?", "ab", true},
      {"abc{0,2}", "ab", true},
      {"abc+", "ab", false},
      {"abc+", "abcc", true},
      {"äö*", "ä", true},
      {"äö*", "äöö", true},
      {"ö?", "", true},
      {"a.c", "aöc", true},
      {"api-.*", "api-", true},
      {"api-.*", "xapi-1", false},
      {"api-.*|web", "web", true},
      {"api-(1|2)", "api-2", true},
      {"\\d+", "123", true},
      {"\\Qa.b\\E", "a.b", true},
      {"\\Qa.b\\E", "axb", false},
      {"a\\.b", "a.b", true},
      {"a\\.b", "axb", false},
      {"[ab]c", "bc", true},
      {"x", "x\0y"sv, false},
      {"x.*", "x\0y"sv, true},
      {"(a", "", false},
  };
  for (const Case& c : cases) {
    const Result<Matcher> matcher = Matcher::Make(Type::kRegex, "label", c.regex);
    if (!matcher) {
      EXPECT_STREQ(c.regex, "(a") << matcher.error().message;
      continue;
    }
    EXPECT_EQ(matcher->Matches(c.value), c.matches) << c.regex << " and " << c.value;
    EXPECT_EQ(Make(Type::kNotRegex, c.regex).Matches(c.value), !c.matches) << c.regex << " and " << c.value;
  }
}

TEST(MatcherTest, WhatAnIndexMayLookUp) {
  struct Hint {
    const char* regex;
    std::vector<std::string> literals;
    const char* prefix;
  };
  const Hint hints[] = {
      {"a", {"a"}, ""},
      {"b|a|b", {"a", "b"}, ""},
      {"(b|a)", {"a", "b"}, ""},
      {"(?:b|a)", {"a", "b"}, ""},
      {"a|", {"", "a"}, ""},
      {"größe|höhe", {"größe", "höhe"}, ""},
      {"", {""}, ""},
      {"api-.*", {}, "api-"},
      {"api-.*|web", {}, ""},
      {"ab*", {}, "a"},
      {"ab?", {}, "a"},
      {"ab{2}", {}, "a"},
      {"ab+", {}, "ab"},
      {"aö*", {}, "a"},
      {"ö*", {}, ""},
      {"a\\.b", {}, "a"},
      {"^a", {}, ""},
      {"a$", {}, "a"},
      {"(?i)a", {}, ""},
      {".*", {}, ""},
      {"(a)(b)", {}, ""},
  };
  for (const Hint& hint : hints) {
    const Matcher matcher = Make(Type::kRegex, hint.regex);
    EXPECT_EQ(matcher.literals(), hint.literals) << hint.regex;
    EXPECT_EQ(matcher.prefix(), hint.prefix) << hint.regex;
  }
  EXPECT_THAT(Make(Type::kEqual, "a|b").literals(), IsEmpty());
  EXPECT_EQ(Make(Type::kEqual, "ab.*").prefix(), "");
}

TEST(MatcherTest, ExpressionsThatDoNotCompile) {
  for (const char* regex : {"(", "a**b(", "[", "a{1001}", "\\", "(?<n>a)(?", "\xff", "a{2,1}", "(?=a)"}) {
    for (const Type type : {Type::kRegex, Type::kNotRegex}) {
      const Result<Matcher> matcher = Matcher::Make(type, "label", regex);
      ASSERT_FALSE(matcher.has_value()) << regex;
      EXPECT_EQ(matcher.error().code, ErrorCode::kInvalidArgument) << regex;
      EXPECT_FALSE(matcher.error().message.empty()) << regex;
    }
    EXPECT_TRUE(Matcher::Make(Type::kEqual, "label", regex).has_value()) << "no expression: " << regex;
  }
}

// What it takes to compile and to match is bounded.
TEST(MatcherTest, ExpressionsThatTakeTooMuchMemory) {
  EXPECT_FALSE(Matcher::Make(Type::kRegex, "label", "((((\\pL{100}){100}){100}){100})").has_value());
  const Matcher hard = Make(Type::kRegex, "(.*a.{12}b|.*b.{12}a)c");
  EXPECT_FALSE(hard.Matches(std::string(100'000, 'a')));
  EXPECT_GT(hard.program_size(), 0u);
  EXPECT_EQ(Make(Type::kEqual, "a").program_size(), 0u);
}

TEST(MatcherTest, AsText) {
  struct Text {
    Type type;
    const char* name;
    const char* value;
    const char* wanted;
  };
  const Text texts[] = {
      {Type::kEqual, "job", "api", "job=\"api\""},
      {Type::kNotEqual, "job", "", "job!=\"\""},
      {Type::kRegex, "_j0b", "a.*", "_j0b=~\"a.*\""},
      {Type::kNotRegex, "job", "\\d", "job!~\"\\\\d\""},
      {Type::kEqual, "a label", "x", "\"a label\"=\"x\""},
      {Type::kEqual, "0a", "x", "\"0a\"=\"x\""},
      {Type::kEqual, "größe", "ö", "\"größe\"=\"ö\""},
      {Type::kEqual, "l", "\"\n\t\r\\", "l=\"\\\"\\n\\t\\r\\\\\""},
  };
  for (const Text& text : texts) {
    const Result<Matcher> matcher = Matcher::Make(text.type, text.name, text.value);
    ASSERT_TRUE(matcher.has_value());
    EXPECT_EQ(matcher->ToString(), text.wanted);
  }
}

TEST(MatcherTest, CopiesAreEqual) {
  const Matcher matcher = Make(Type::kRegex, "a+");
  const Matcher copy = matcher;
  EXPECT_TRUE(copy == matcher);
  EXPECT_TRUE(copy.Matches("aaa"));
  EXPECT_FALSE(Make(Type::kNotRegex, "a+") == matcher);
  EXPECT_FALSE(Make(Type::kRegex, "a") == matcher);
  EXPECT_EQ(copy.name(), "label");
  EXPECT_EQ(copy.value(), "a+");
}

TEST(MatcherTest, AllOfThem) {
  const Labels labels{{"__name__", "m"}, {"label", "x"}};
  EXPECT_TRUE(MatchesAll({}, labels));
  EXPECT_TRUE(MatchesAll({Make(Type::kEqual, "x"), Make(Type::kRegex, ".")}, labels));
  EXPECT_FALSE(MatchesAll({Make(Type::kEqual, "x"), Make(Type::kNotRegex, ".")}, labels));
  EXPECT_TRUE(MatchesAll({Make(Type::kEqual, "")}, Labels{{"__name__", "m"}})) << "an absent label is empty";
}

}  // namespace
}  // namespace sidelight
