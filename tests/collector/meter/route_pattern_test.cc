#include "collector/meter/route_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::meter {
namespace {

using ::testing::HasSubstr;

TEST(RoutePattern, Matches) {
  const struct {
    std::string pattern;
    std::vector<std::string> yes;
    std::vector<std::string> no;
  } kCases[] = {
      {"/", {"/", "//"}, {"/a", "", "*"}},
      {"/orders", {"/orders", "/orders/", "/%6frders"}, {"/", "/order", "/orders/1", "/ORDERS"}},
      {"/orders/", {"/orders", "/orders/"}, {"/orders/1"}},
      {"/orders/{id}",
       {"/orders/1", "/orders/a%2Fb", "/orders/x/"},
       {"/orders", "/orders/", "/orders/1/items"}},
      {"/orders/{id}/items", {"/orders/7/items"}, {"/orders/items", "/orders/7/item"}},
      {"/static/*", {"/static", "/static/a", "/static/a/b/c"}, {"/statics", "/"}},
      {"/files/{path...}", {"/files/a/b", "/files/"}, {"/file"}},
      {"/*", {"/", "/a/b"}, {"*", "example.com:443"}},
      {"/a%20b", {"/a%20b"}, {"/a"}},
  };
  for (const auto& c : kCases) {
    const auto pattern = RoutePattern::Parse(c.pattern);
    ASSERT_TRUE(pattern.has_value()) << pattern.error().message;
    EXPECT_EQ(pattern->text(), c.pattern);
    for (const auto& path : c.yes)
      EXPECT_TRUE(pattern->Matches(PathSegments(path))) << c.pattern << " " << path;
    for (const auto& path : c.no)
      EXPECT_FALSE(pattern->Matches(PathSegments(path))) << c.pattern << " " << path;
  }
}

TEST(RoutePattern, DeepPathsMatchOnlyARest) {
  std::string path;
  std::string exact;
  for (size_t i = 0; i < PathSegments::kMax; ++i) exact += "/s";
  path = exact + "/s";
  EXPECT_TRUE(RoutePattern::Parse(exact)->Matches(PathSegments(exact)));
  EXPECT_FALSE(RoutePattern::Parse(exact)->Matches(PathSegments(path)));
  EXPECT_TRUE(RoutePattern::Parse("/s/*")->Matches(PathSegments(path)));
}

TEST(RoutePattern, RefusesWhatIsNone) {
  const struct {
    std::string pattern;
    std::string why;
  } kCases[] = {
      {"", "does not start with '/'"},
      {"orders/{id}", "does not start with '/'"},
      {"http://x/orders", "does not start with '/'"},
      {"/orders//items", "empty segment"},
      {"/orders/{id", "\"{id\" does not end with '}'"},
      {"/orders/{", "\"{\" does not end with '}'"},
      {"/orders/{}", "needs a name"},
      {"/orders/{...}", "needs a name"},
      {"/orders/{a b}", "needs a name"},
      {"/orders/{id}.json", "does not end with '}'"},
      {"/orders/id}", "neither a literal nor {name}"},
      {"/orders/x{id}", "neither a literal nor {name}"},
      {"/orders/<int:id>", "neither a literal nor {name}"},
      {"/orders/:id", "\":id\" is written {id} here"},
      {"/orders/[0-9]+", "neither a literal nor {name}"},
      {"/orders ", "neither a literal nor {name}"},
      {"/a*", "neither a literal nor {name}"},
      {"/*/items", "only the last segment"},
      {"/{rest...}/items", "only the last segment"},
      {"/orders?page=1", "the query is no part of it"},
      {"/orders#top", "the query is no part of it"},
  };
  for (const auto& c : kCases) {
    const auto pattern = RoutePattern::Parse(c.pattern);
    ASSERT_FALSE(pattern.has_value()) << c.pattern;
    EXPECT_EQ(pattern.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(pattern.error().message, HasSubstr(c.why));
    EXPECT_THAT(pattern.error().message, HasSubstr("\"" + c.pattern + "\" is no route pattern"));
    EXPECT_THAT(pattern.error().message, HasSubstr("a pattern looks like \"/api/v1/orders/{id}\""));
  }
  std::string deep;
  for (size_t i = 0; i <= PathSegments::kMax; ++i) deep += "/s";
  EXPECT_THAT(RoutePattern::Parse(deep).error().message, HasSubstr("more than 32 segments"));
}

TEST(RoutePattern, SamePaths) {
  const auto same = [](const char* a, const char* b) {
    return RoutePattern::Parse(a)->SamePaths(*RoutePattern::Parse(b));
  };
  EXPECT_TRUE(same("/a/{x}", "/a/{y}/"));
  EXPECT_TRUE(same("/a/*", "/a/{rest...}"));
  EXPECT_TRUE(same("/%61", "/a"));
  EXPECT_FALSE(same("/a/{x}", "/a/b"));
  EXPECT_FALSE(same("/a/{x}", "/a"));
}

}  // namespace
}  // namespace sidelight::meter
