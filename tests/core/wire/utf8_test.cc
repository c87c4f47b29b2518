#include "core/wire/exposition/utf8.h"

#include <gtest/gtest.h>

#include <random>

#include "core/model/naming.h"

namespace sidelight::wire {
namespace {

#define R "\xEF\xBF\xBD"

TEST(ToValidUtf8, ReplacesEachBrokenCharacterOnce) {
  const struct {
    const char* name;
    std::string in;
    std::string out;
  } cases[] = {
      {"empty", "", ""},
      {"ascii", "abc", "abc"},
      {"valid", "é€😀", "é€😀"},
      {"lone continuation", "a\x80z", "a" R "z"},
      {"two of them", "\x80\xbf", R R},
      {"overlong", "\xc0\xaf", R R},
      {"surrogate", "\xed\xa0\x80", R R R},
      {"beyond the last", "\xf4\x90\x80\x80", R R R R},
      {"never a byte", "\xff\xfe", R R},
      {"cut after one of two", "\xc3", R},
      {"cut after two of three", "\xe2\x82", R},
      {"cut after three of four", "\xf0\x9f\x98", R},
      {"cut in the middle", "\xf0\x9f\x98 x", R " x"},
      {"broken by the next", "\xe2\x82\xc3\xa9", R "é"},
      {"the largest", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
  };
  for (const auto& c : cases) EXPECT_EQ(ToValidUtf8(c.in), c.out) << c.name;
}

TEST(ToValidUtf8, AgreesWithTheModelOnWhatIsValid) {
  std::mt19937 random(3);
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (unsigned n = random() % 6; n > 0; --n)
      text += static_cast<char>(random() % 2 != 0 ? random() : 0xe0 + random() % 32);
    const std::string repaired = ToValidUtf8(text);
    EXPECT_TRUE(IsValidUtf8(repaired));
    EXPECT_EQ(IsValidUtf8(text), repaired == text);
  }
}

}  // namespace
}  // namespace sidelight::wire
