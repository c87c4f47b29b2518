#include "collector/meter/words.h"

#include <gtest/gtest.h>

#include <string>

namespace sidelight::meter {
namespace {

TEST(Words, TheFirstOnesStay) {
  Words words(2);
  const struct {
    std::string word;
    std::string want;
  } kCases[] = {{"GET", "GET"},    {"\xff", "_OTHER"}, {"SET", "SET"},
                {"DEL", "_OTHER"}, {"GET", "GET"},     {"", ""}};
  for (const auto& c : kCases) EXPECT_EQ(words.Admit(c.word), c.want) << c.word;
}

}  // namespace
}  // namespace sidelight::meter
