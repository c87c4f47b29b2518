#include "core/http/target.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::http {
namespace {

TEST(ParseTarget, TakesTheTargetApart) {
  struct Row {
    std::string target;
    std::string path;
    Fields query;
  };
  const std::vector<Row> rows = {
      {"/", "/", {}},
      {"/metrics?name[]=a&name[]=b", "/metrics", {{"name[]", "a"}, {"name[]", "b"}}},
      {"/a%20b/%C3%A9", "/a b/\xC3\xA9", {}},
      {"/a+b?c+d=e+f%2B", "/a+b", {{"c d", "e f+"}}},
      {"/q?a=b=c", "/q", {{"a", "b=c"}}},
      {"/q?query=up{job=\"x\"}?&&flag&=v", "/q", {{"query", "up{job=\"x\"}?"}, {"flag", ""}, {"", "v"}}},
      {"/p#fragment?x=1", "/p", {}},
      {"http://host:1/p?x=1", "/p", {{"x", "1"}}},
      {"http://host", "/", {}},
      {"http://host?x=1", "/", {{"x", "1"}}},
      {"*", "*", {}},
      {"//x", "//x", {}},
  };
  for (const Row& row : rows) {
    Request request;
    const auto parsed = ParseTarget(row.target, &request);
    ASSERT_TRUE(parsed) << row.target << ": " << parsed.error().message;
    EXPECT_EQ(request.path, row.path) << row.target;
    EXPECT_EQ(request.query, row.query) << row.target;
  }
}

TEST(ParseTarget, RefusesBadEscapesAndWhatIsNoPath) {
  for (const std::string target : {"/%zz", "/%4", "/%", "/?a=%g0", "/?%=1", "/?a=b%0", "x", "host:80", ""}) {
    Request request;
    const auto parsed = ParseTarget(target, &request);
    ASSERT_FALSE(parsed) << target;
    EXPECT_EQ(parsed.error().status, 400) << target;
  }
}

}  // namespace
}  // namespace sidelight::http
