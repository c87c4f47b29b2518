#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collector/protocols/redis/inline_words.h"

namespace sidelight::redis {
namespace {

using Words = std::vector<std::string>;

TEST(RedisInlineWords, SplitAsRedisSplitsThem) {
  const struct {
    std::string_view line;
    Words want;
    bool balanced = true;
  } rows[] = {
      {"", {}},
      {" \t ", {}},
      {"PING", {"PING"}},
      {"  GET\ta  ", {"GET", "a"}},
      {R"(SET "a b" 'c d')", {"SET", "a b", "c d"}},
      {R"("" '')", {"", ""}},
      {R"("\x41\x4a\xzz\n\r\t\b\a\"\\\q")", {"AJxzz\n\r\t\b\a\"\\q"}},
      {R"('\x41\'\n')", {R"(\x41'\n)"}},
      {R"('\x41\'\\')", {}, false},
      {R"(a"b c")", {"ab c"}},
      {R"(a\ b)", {"a\\", "b"}},
      {"0123456789abcdef", {"0123456789"}},
      {R"("\x4)", {}, false},
      {R"("\)", {}, false},
      {R"(GET "a)", {"GET"}, false},
      {R"(GET 'a)", {"GET"}, false},
      {R"(GET 'a\')", {"GET"}, false},
      {R"("a"b)", {}, false},
      {R"('a''b')", {}, false},
  };
  for (const auto& row : rows) {
    Words got;
    std::string word;
    size_t position = 0;
    InlineWord result;
    while ((result = NextInlineWord(row.line, position, word, 10)) == InlineWord::kWord) got.push_back(word);
    Words want = row.want;
    for (std::string& wanted : want) wanted = wanted.substr(0, 10);
    EXPECT_EQ(got, want) << row.line;
    EXPECT_EQ(result == InlineWord::kEnd, row.balanced) << row.line;
  }
}

}  // namespace
}  // namespace sidelight::redis
