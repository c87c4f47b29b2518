#include "core/relabel/expand.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::relabel {
namespace {

TEST(ExpandTest, ReadsReferencesAsGoDoes) {
  const RE2 regex(R"((a)(?P<word>b+)(x)?(.*))");
  const re2::StringPiece groups[] = {"abbc", "a", "bb", re2::StringPiece(), "c"};
  struct Row {
    std::string_view text;
    std::string_view wanted;
  };
  const Row rows[] = {
      {"", ""},
      {"plain", "plain"},
      {"$0", "abbc"},
      {"$1-$2", "a-bb"},
      {"${1}x", "ax"},
      {"$1x", ""},    // the group "1x"
      {"$1_", ""},    // an underscore is a part of the name
      {"$1é.", "."},  // and so is a letter of any script
      {"$1—", "a—"},
      {"$word", "bb"},
      {"${word}ing", "bbing"},
      {"$wording", ""},
      {"$3", ""},   // took no part
      {"$9", ""},   // is not there
      {"$01", ""},  // no number has a zero before it
      {"$99999999999999999999", ""},
      {"$$", "$"},
      {"$$1", "$1"},
      {"$", "$"},
      {"$-", "$-"},
      {"a$", "a$"},
      {"${1", "${1"},
      {"${}", "${}"},
      {"${1-2}", "${1-2}"},
      {"$$$1", "$a"},
      {"\xff$1",
       "\xff"
       "a"},
  };
  for (const Row& row : rows) EXPECT_EQ(Expand(row.text, regex, groups), row.wanted) << row.text;
}

TEST(ExpandTest, GivesUpWhatBecomesTooLong) {
  const RE2 regex("(.*)");
  const std::string value(1000, 'a');
  const re2::StringPiece groups[] = {value, value};
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "$1";
  EXPECT_EQ(Expand(text, regex, groups).size(), 1'000'000u);
  const size_t size = Expand(text, regex, groups, 5000).size();
  EXPECT_GT(size, 5000u) << "so that it is known to be too long";
  EXPECT_LE(size, 5000u + value.size());
  EXPECT_EQ(Expand("$1$1", regex, groups, 2000).size(), 2000u) << "just what is allowed";
}

}  // namespace
}  // namespace sidelight::relabel
