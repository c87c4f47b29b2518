#include "core/base/letter_case.h"

#include <gtest/gtest.h>

namespace sidelight {
namespace {

TEST(LetterCaseTest, ChangesLetterByLetter) {
  struct Row {
    std::string_view text, upper, lower;
  };
  const Row rows[] = {
      {"", "", ""},
      {"Abc-09_[z]@Z", "ABC-09_[Z]@Z", "abc-09_[z]@z"},
      {"Straße", "STRAßE", "straße"},
      {"Ärger Ωμέγα Жук", "ÄRGER ΩΜΈΓΑ ЖУК", "ärger ωμέγα жук"},
      {"日本 𐐨", "日本 𐐀", "日本 𐐨"},
      {"a\xff\xc3z", "A\xff\xc3Z", "a\xff\xc3z"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ToUpper(row.text), row.upper) << row.text;
    EXPECT_EQ(ToLower(row.text), row.lower) << row.text;
  }
}

}  // namespace
}  // namespace sidelight
