#include "core/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace sidelight {
namespace {

using std::string_literals::operator""s;

TEST(Utf8, TellsCharactersFromOtherBytes) {
  const struct {
    std::string text;
    size_t length;  // of the first character
    bool valid;
  } cases[] = {
      {"", 0, true},
      {"a", 1, true},
      {"\0"s, 1, true},
      {"\x7f", 1, true},
      {"\xc2\x80", 2, true},
      {"\xdf\xbf", 2, true},
      {"\xe0\xa0\x80", 3, true},
      {"\xed\x9f\xbf", 3, true},
      {"\xee\x80\x80", 3, true},
      {"\xef\xbf\xbf", 3, true},
      {"\xf0\x90\x80\x80", 4, true},
      {"\xf4\x8f\xbf\xbf", 4, true},
      {"\xc3\xa4hnlich", 2, true},
      {"a\xff", 1, false},
      {"\x80", 0, false},
      {"\xbf", 0, false},
      {"\xc0\x80", 0, false},          // overlong NUL
      {"\xc1\xbf", 0, false},          // overlong
      {"\xe0\x9f\xbf", 0, false},      // overlong
      {"\xf0\x8f\xbf\xbf", 0, false},  // overlong
      {"\xed\xa0\x80", 0, false},      // surrogate
      {"\xed\xbf\xbf", 0, false},      // surrogate
      {"\xf4\x90\x80\x80", 0, false},  // above U+10FFFF
      {"\xf8\x88\x80\x80\x80", 0, false},
      {"\xfe", 0, false},
      {"\xff", 0, false},
      {"\xc2", 0, false},  // cut
      {"\xe2\x82", 0, false},
      {"\xf0\x9f\x98", 0, false},
      {"\xc2"
       "a",
       0, false},
      {"\xe2\x82"
       "a",
       0, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Utf8Length(c.text), c.length) << testing::PrintToString(c.text);
    EXPECT_EQ(IsValidUtf8(c.text), c.valid) << testing::PrintToString(c.text);
  }
}

TEST(Utf8, EveryCharacterIsWrittenAsOne) {
  for (uint32_t code = 0; code <= 0x10ffff; ++code) {
    if (code == 0xd800) code = 0xe000;
    std::string text;
    AppendUtf8(code, &text);
    ASSERT_EQ(Utf8Length(text), text.size()) << code;
  }
  std::string text;
  for (const uint32_t code : {0x41U, 0xe9U, 0x20acU, 0x1f600U}) AppendUtf8(code, &text);
  EXPECT_EQ(text, "A\u00e9\u20ac\U0001f600");
}

}  // namespace
}  // namespace sidelight
