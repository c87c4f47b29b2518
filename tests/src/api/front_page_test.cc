#include "src/api/front_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sidelight::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RenderFrontPage, NamesServiceVersionTapsAndLinks) {
  const std::string html = RenderFrontPage({.service = "checkout",
                                            .version = "0.1.0",
                                            .taps = {{"api", "http", "0.0.0.0:8080", "127.0.0.1:8081"},
                                                     {"cache", "redis", "unix:/run/r", "redis:6379"}}});
  for (const char* expected :
       {"<title>checkout", "Sidelight 0.1.0",
        "<td>api</td><td>http</td><td>0.0.0.0:8080</td><td>127.0.0.1:8081</td>", "<td>unix:/run/r</td>",
        "href=\"/metrics\"", "href=\"/-/healthy\"", "href=\"/-/ready\""}) {
    EXPECT_THAT(html, HasSubstr(expected));
  }
}

TEST(RenderFrontPage, EscapesEverything) {
  const std::string evil = "<script>'\"&{}";
  const std::string html =
      RenderFrontPage({.service = evil, .version = evil, .taps = {{evil, evil, evil, evil}}});
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;&#39;&quot;&amp;{}"));
}

TEST(RenderFrontPage, SaysSoWhenThereAreNoTaps) {
  EXPECT_THAT(RenderFrontPage({.service = "s", .version = "v", .taps = {}}), HasSubstr("<p>none</p>"));
}

}  // namespace
}  // namespace sidelight::api
