#include "core/http/response_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sidelight::http {
namespace {

// What comes of the bytes when they arrive in pieces of that size and the connection ends behind them.
std::string Read(std::string_view bytes, size_t piece) {
  ResponseParser parser(200, 20);
  for (; !bytes.empty() && !parser.is_whole(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    if (const Status fed = parser.Feed(bytes.substr(0, piece)); !fed) return fed.error().message;
  }
  if (const Status finished = parser.Finish(); !finished) return finished.error().message;
  const Response& response = parser.response();
  std::string text = std::to_string(response.status) + " [" + response.content_type + "]";
  for (const auto& [name, value] : response.headers) text += " " + name + "=" + value;
  return text + " " + response.body;
}

TEST(ResponseParserTest, ReadsWholeAndInPieces) {
  const std::string cut = "the connection ended before the response did";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
       "200 [text/plain] Content-Length=2 hi"},
      {"HTTP/1.1 204 No Content\r\nX-A: 1\r\nX-B:\r\n\r\n", "204 [] X-A=1 X-B= "},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1;x=y\r\n!\r\n0\r\n\r\n",
       "200 [] Transfer-Encoding=chunked hi!"},
      {"HTTP/1.0 200 OK\r\n\r\nto the end", "200 [] to the end"},
      {"HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
       "503 [] Content-Length=0 "},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 No\r\n\r\n", "200 [] Content-Length=0 "},
      {"", cut},
      {"HTTP/1.1 200 OK\r\nContent-Le", cut},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", cut},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", cut},
      {"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n", "its body is larger than 20 bytes"},
      {"HTTP/1.1 200 OK\r\n\r\n" + std::string(21, 'x'), "its body is larger than 20 bytes"},
      {"HTTP/1.1 200 OK\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\n\r\n",
       "its head is larger than 200 bytes"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(200, 'x') + "\r\n\r\n", "its head is larger than 200 bytes"},
  };
  for (const auto& [bytes, want] : rows) {
    for (const size_t piece : {size_t{1}, size_t{3}, size_t{10'000}}) {
      EXPECT_EQ(Read(bytes, piece), want) << bytes << " in pieces of " << piece;
    }
  }
}

// A body beyond its bound makes the response whole, and the connection useless.
TEST(ResponseParserTest, CutsWhenItIsToldTo) {
  const std::string bodies[] = {
      "Content-Length: 64\r\n\r\n" + std::string(64, 'x'),
      "Transfer-Encoding: chunked\r\n\r\n10\r\n" + std::string(16, 'x') + "\r\n10\r\n" +
          std::string(16, 'x') + "\r\n0\r\n\r\n",
      "\r\n" + std::string(64, 'x'),
  };
  for (const std::string& body : bodies) {
    for (const size_t piece : {size_t{1}, size_t{3}, size_t{10'000}}) {
      const std::string text = "HTTP/1.1 429 Slow\r\nContent-Type: a/b\r\n" + body;
      ResponseParser parser(200, 20, Excess::kCut);
      for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
        ASSERT_TRUE(parser.Feed(rest.substr(0, piece))) << text;
      }
      ASSERT_TRUE(parser.is_whole()) << text;
      EXPECT_EQ(parser.response().status, 429);
      EXPECT_EQ(parser.response().content_type, "a/b");
      EXPECT_EQ(parser.response().body, std::string(20, 'x'));
      EXPECT_FALSE(parser.connection_stays()) << text;
    }
  }
}

TEST(ResponseParserTest, KnowsWhetherTheConnectionStays) {
  const std::pair<std::string, bool> rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", true},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiX", false},
      {"HTTP/1.1 200 OK\r\n\r\nto the end", false},
  };
  for (const auto& [text, stays] : rows) {
    ResponseParser parser(200, 20);
    ASSERT_TRUE(parser.Feed(text));
    ASSERT_TRUE(parser.Finish());
    EXPECT_EQ(parser.connection_stays(), stays) << text;
  }
}

TEST(ResponseParserTest, RefusesWhatIsNoResponse) {
  for (const std::string bytes :
       {"SSH-2.0-OpenSSH_9\r\n", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"}) {
    EXPECT_TRUE(Read(bytes, 100).starts_with("it is no HTTP response: ")) << Read(bytes, 100);
  }
}

}  // namespace
}  // namespace sidelight::http
