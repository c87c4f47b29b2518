#include "core/http/form.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::http {
namespace {

TEST(FormTest, ReadsPairs) {
  const std::vector<std::pair<std::string, Fields>> rows = {
      {"", {}},
      {"a=1&b=x+y", {{"a", "1"}, {"b", "x y"}}},
      {"query=up%7Bjob%3D%22x%22%7D&&flag&=v", {{"query", "up{job=\"x\"}"}, {"flag", ""}, {"", "v"}}},
      {"a=b=c&a=2", {{"a", "b=c"}, {"a", "2"}}},
  };
  for (const auto& [text, want] : rows) EXPECT_EQ(ParseForm(text), want) << text;
  for (const std::string text : {"a=%", "a=%4", "%zz=1", "a=1&b=%0g"}) {
    EXPECT_EQ(ParseForm(text), std::nullopt) << text;
  }
}

TEST(FormTest, WritesWhatItReads) {
  EXPECT_EQ(FormatForm({}), "");
  EXPECT_EQ(FormatForm({{"query", "sum(a) + 1"}, {"time", "2026-11-20T21:40:00+01:00"}}),
            "query=sum%28a%29%20%2B%201&time=2026-11-20T21%3A40%3A00%2B01%3A00");
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  const Fields fields = {{every, every}, {"", ""}, {"a-b._~", "1"}};
  EXPECT_EQ(ParseForm(FormatForm(fields)), fields);
}

}  // namespace
}  // namespace sidelight::http
