#include "core/relabel/expand.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace sidelight::relabel
