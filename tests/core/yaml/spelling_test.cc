#include "core/yaml/spelling.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::yaml {
namespace {

TEST(SpellingTest, Distance) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("upsteam", "upstream"), 1u);
  EXPECT_EQ(EditDistance("lisetn", "listen"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(SpellingTest, NearestOnlyWhenItIsNear) {
  const std::vector<std::string_view> words = {"name", "listen", "upstream", "probe_listen", "log"};
  const std::pair<std::string, std::string> cases[] = {
      {"upsteam", "upstream"},
      {"lisen", "listen"},
      {"probe-listen", "probe_listen"},
      {"nam", "name"},
      {"logs", "log"},
      {"storage", ""},
      {"x", ""},
      {"", ""},
      {std::string(70, 'x'), ""},
  };
  for (const auto& [word, want] : cases) EXPECT_EQ(Nearest(word, words), want) << word;
}

TEST(SpellingTest, SaysWhatIsValid) {
  EXPECT_EQ(Suggestion("lisen", {"listen", "name"}, "keys"), "did you mean \"listen\"?");
  EXPECT_EQ(Suggestion("storage", {"name", "listen"}, "keys"), "valid keys: listen, name");
  EXPECT_EQ(Suggestion("storage", {}, "keys"), "there are no valid keys");
}

}  // namespace
}  // namespace sidelight::yaml
