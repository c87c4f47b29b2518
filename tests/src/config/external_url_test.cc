#include "src/config/external_url.h"

#include <gtest/gtest.h>

#include "src/config/identity.h"

namespace sidelight::config {
namespace {

TEST(ExternalUrlTest, WhatIsTaken) {
  const std::pair<std::string, std::string> cases[] = {
      {"http://a", "http://a"},
      {"https://sidelight.example.com/", "https://sidelight.example.com"},
      {"http://127.0.0.1:9464//", "http://127.0.0.1:9464"},
      {"https://[::1]:1/a/b/", "https://[::1]:1/a/b"},
      {"http://[::1]/~a%20b", "http://[::1]/~a%20b"},
  };
  for (const auto& [text, want] : cases) {
    const Result<std::string> got = ParseExternalUrl(text);
    EXPECT_EQ(got ? *got : got.error().message, want) << text;
  }
}

TEST(ExternalUrlTest, WhatIsRefused) {
  const std::string form = "; write http://host:port/path or https://host";
  const std::pair<std::string, std::string> cases[] = {
      {"", "\"\" is not a URL" + form},
      {"sidelight:9464", "\"sidelight:9464\" is not a URL" + form},
      {"ftp://a", "\"ftp://a\" is not a URL" + form},
      {"http://", "\"http://\" is not a URL" + form},
      {"http:///a", "\"http:///a\" is not a URL" + form},
      {"http://a?b=1", "\"http://a?...\" has more in it than a path" + form},
      {"http://a/b#c", "\"http://a/b#...\" has more in it than a path" + form},
      {"http://a/b c", "\"http://a/b c\" has more in it than a path" + form},
      {"http://a/\"b\"", "\"http://a/\"b\"\" has more in it than a path" + form},
      {"http://a:0", "\"http://a:0\" names no port of a host" + form},
      {"http://user:hunter2@a", "the URL has a user in it, which would be shown to everybody" + form},
      {"http://a:x", net::Address::Parse("a:x").error().message},
      {"http://a b", net::Address::Parse("a b:80").error().message},
  };
  for (const auto& [text, want] : cases) {
    const Result<std::string> got = ParseExternalUrl(text);
    EXPECT_EQ(got ? *got : got.error().message, want) << text;
  }
}

TEST(ExternalUrlTest, Default) {
  EXPECT_EQ(DefaultExternalUrl(net::Address::Tcp("0.0.0.0", 9464)), "http://" + HostName() + ":9464");
  EXPECT_EQ(DefaultExternalUrl(net::Address::Unix("/run/a")), "http://" + HostName());
}

}  // namespace
}  // namespace sidelight::config
