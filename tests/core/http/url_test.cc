#include "core/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::http {
namespace {

TEST(UrlTest, TakesTheUrlApart) {
  struct Row {
    std::string text;
    std::string address;
    std::string authority;
    std::string path;
    bool tls = false;
  };
  const std::vector<Row> rows = {
      {"http://127.0.0.1:9464", "127.0.0.1:9464", "127.0.0.1:9464", ""},
      {"http://sidelight:9464/", "sidelight:9464", "sidelight:9464", ""},
      {"http://sidelight", "sidelight:80", "sidelight", ""},
      {"http://[::1]:9464/a/b//", "[::1]:9464", "[::1]:9464", "/a/b"},
      {"http://[::1]", "[::1]:80", "[::1]", ""},
      {"https://a:1/b", "a:1", "a:1", "/b", true},
      {"https://alertmanager", "alertmanager:443", "alertmanager", "", true},
      {"https://[::1]/", "[::1]:443", "[::1]", "", true},
  };
  for (const Row& row : rows) {
    const Result<Url> url = Url::Parse(row.text);
    ASSERT_TRUE(url) << row.text << ": " << url.error().message;
    EXPECT_EQ(url->address.ToString(), row.address) << row.text;
    EXPECT_EQ(url->authority, row.authority) << row.text;
    EXPECT_EQ(url->path, row.path) << row.text;
    EXPECT_EQ(url->tls, row.tls) << row.text;
  }
}

TEST(UrlTest, RefusesTheRest) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "\"\" is not a URL; write http://host:port or https://host:port"},
      {"127.0.0.1:9464", "\"127.0.0.1:9464\" is not a URL; write http://host:port or https://host:port"},
      {"http://", "\"http://\" is not a URL; write http://host:port or https://host:port"},
      {"https://", "\"https://\" is not a URL; write http://host:port or https://host:port"},
      {"ftp://a:1", "\"ftp://a:1\" is not a URL; write http://host:port or https://host:port"},
      {"http://u:hunter2@a:1",
       "the URL has a user in it, which is not sent; write http://host:port or https://host:port"},
      {"http://a:1/x?y=1",
       "\"http://a:1/x?...\" has more in it than a path; write http://host:port or https://host:port"},
      {"http://a:1/x\r\nEvil: 1",
       "\"http://a:1/x\r\nEvil: 1\" has more in it than a path; write http://host:port or https://host:port"},
      {"http://a:0", "\"http://a:0\" names no port of a host; write http://host:port or https://host:port"},
  };
  for (const auto& [text, want] : rows) {
    const Result<Url> url = Url::Parse(text);
    EXPECT_EQ(url ? "" : url.error().message, want);
  }
  for (const std::string text :
       {"http://a:x", "http://a:99999", "http://a b:1", "http://a\r\nb:1", "http://unix:/a"}) {
    EXPECT_FALSE(Url::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace sidelight::http
