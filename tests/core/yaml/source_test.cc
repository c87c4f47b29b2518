#include "core/yaml/source.h"

#include <gtest/gtest.h>

#include <string>

namespace sidelight::yaml {
namespace {

TEST(SourceTest, PointsAtTheCharacter) {
  struct Case {
    std::string text;
    Place place;  // in bytes
    std::string want;
  };
  const Case cases[] = {
      {"a: b\nc: d", {1, 3}, "f:2:4: m\nc: d\n   ^"},
      {"\xEF\xBB\xBF"
       "a: b",
       {0, 3},
       "f:1:4: m\na: b\n   ^"},
      {"a: b\r\nc: d\r\n", {1, 3}, "f:2:4: m\nc: d\n   ^"},
      {"ä€: b", {0, 7}, "f:1:5: m\nä€: b\n    ^"},
      {"\ta: b", {0, 4}, "f:1:5: m\n\ta: b\n\t   ^"},
      {"", {0, 0}, "f:1:1: m"},
      {"a\n\nb", {1, 0}, "f:2:1: m"},
      {std::string(300, 'x'), {0, 0}, "f:1:1: m\n" + std::string(160, 'x') + "...\n^"},
      {std::string(300, 'x'),
       {0, 200},
       "f:1:201: m\n..." + std::string(160, 'x') + "...\n" + std::string(83, ' ') + "^"},
      {std::string(300, 'x'),
       {0, 300},
       "f:1:301: m\n..." + std::string(80, 'x') + "\n" + std::string(83, ' ') + "^"},
  };
  for (const Case& c : cases) EXPECT_EQ(Source("f", c.text).Render({c.place, "m"}), c.want) << c.text;
}

TEST(SourceTest, LongLinesAreCutBetweenCharacters) {
  std::string line;
  while (line.size() < 400) line += "€";
  for (int column = 0; column <= static_cast<int>(line.size()); column += 3) {
    const std::string shown = Source("f", line).Render({{0, column}, "m"});
    EXPECT_EQ(shown.find('?'), std::string::npos) << shown;
  }
}

TEST(SourceTest, MessagesStayOnOneLine) {
  EXPECT_EQ(Source("f", "a").Render({{}, "x\ny\x01"}), "f:1:1: x y?\na\n^");
  const std::string shown = Source("f", "a").Render({{}, std::string(1 << 20, 'x')});
  EXPECT_EQ(shown, "f:1:1: " + std::string(2000, 'x') + "...\na\n^");
}

TEST(SourceTest, FindsAByteOfAScalar) {
  struct Case {
    std::string text;
    Place begin;
    std::string value;
    size_t offset;
    std::optional<Place> want;
  };
  const Case cases[] = {
      {"a: b + c", {0, 3}, "b + c", 0, Place{0, 3}},
      {"a: b + c", {0, 3}, "b + c", 4, Place{0, 7}},
      {"a: b +  ", {0, 3}, "b +", 3, Place{0, 6}},       // the end
      {"a: b + c", {0, 3}, "b + c", 3, Place{0, 6}},     // a blank
      {"a: b +\n  c", {0, 3}, "b + c", 4, Place{1, 2}},  // folded
      {"a: 'b + c'", {0, 3}, "b + c", 4, Place{0, 8}},   // quoted
      {"a: \"b + c\"", {0, 3}, "b + c", 4, Place{0, 8}},
      {"a: 'b''c'", {0, 3}, "b'c", 2, std::nullopt},  // escaped before it
      {"a: 'b''c'", {0, 3}, "b'c", 0, Place{0, 4}},   // escaped behind it
      {"a: \"b\\tc\"", {0, 3}, "b\tc", 2, std::nullopt},
      {"a: |\n\n  b\n    c\n", {0, 3}, "\nb\n  c\n", 5, Place{3, 4}},
      {"a: >-\n  b\n  c\n", {0, 3}, "b c", 2, Place{2, 2}},
      {"a: |\n", {0, 3}, "", 0, Place{1, 0}},
      {"a: b", {0, 3}, "other", 2, std::nullopt},
      {"a: b", {0, 3}, "b + c", 4, std::nullopt},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Source("f", c.text).Within(c.begin, c.value, c.offset), c.want) << c.text << "\n" << c.offset;
  }
}

TEST(SourceTest, Clamps) {
  const Source source("f", "ab\ncde");
  EXPECT_EQ(source.Clamp(0, 1), (Place{0, 1}));
  EXPECT_EQ(source.Clamp(0, 9), (Place{0, 2}));
  EXPECT_EQ(source.Clamp(-1, -1), (Place{0, 0}));
  EXPECT_EQ(source.Clamp(7, 0), (Place{1, 3}));
  EXPECT_EQ(source.At({1, 2}), 'e');
  EXPECT_EQ(source.At({1, 3}), '\0');
  EXPECT_EQ(source.Line(2), "");
}

TEST(SourceTest, FindsWhatIsNoText) {
  const std::string good[] = {"", "a\tb\n", "\xC2\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"};
  for (const std::string& text : good) EXPECT_FALSE(Source("f", text).FindForeignByte()) << text;
  const std::string bad[] = {
      std::string("\0", 1), "\x7F",         "\x80",     "\xC0\x80",         "\xC2",
      "\xE0\x80\x80",       "\xED\xA0\x80", "\xEF\xBF", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
      "\xF5\x80\x80\x80",   "\r",           "a\rb"};
  for (const std::string& text : bad) {
    const std::optional<Problem> problem = Source("f", "ok\n" + text).FindForeignByte();
    ASSERT_TRUE(problem) << text;
    EXPECT_EQ(problem->place.line, 1) << text;
  }
}

TEST(SourceTest, QuotesOnOneLine) {
  EXPECT_EQ(Quoted("a"), "\"a\"");
  EXPECT_EQ(Quoted("a\"\\\n\t\x01z"), "\"a\\\"\\\\\\n\\t\\x01z\"");
  EXPECT_EQ(Quoted(std::string(100, 'x')), "\"" + std::string(80, 'x') + "...\"");
  EXPECT_EQ(Quoted("a" + std::string(79, 'x') + "€"), "\"a" + std::string(79, 'x') + "...\"");
}

}  // namespace
}  // namespace sidelight::yaml
