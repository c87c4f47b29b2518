#include "core/http/response.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::http {
namespace {

constexpr UnixMillis kNow = 1'795'210'800'123;  // Friday

TEST(ResponseHead, IsWrittenInOrder) {
  struct Row {
    Response response;
    Afterwards afterwards;
    std::string want;
  };
  const std::string date = "Date: Fri, 20 Nov 2026 21:40:00 GMT\r\n";
  const std::vector<Row> rows = {
      {{.content_type = "text/plain", .headers = {{"X-A", "1"}, {"X-A", "2"}}, .body = "hello"},
       Afterwards::kKeepAlive,
       "HTTP/1.1 200 OK\r\n" + date +
           "Content-Type: text/plain\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 5\r\n\r\n"},
      {{.status = 204},
       Afterwards::kKeepAliveSaid,
       "HTTP/1.1 204 No Content\r\n" + date + "Connection: keep-alive\r\n\r\n"},
      {{.status = 404},
       Afterwards::kClose,
       "HTTP/1.1 404 Not Found\r\n" + date + "Content-Length: 0\r\nConnection: close\r\n\r\n"},
      {{.status = 299}, Afterwards::kKeepAlive, "HTTP/1.1 299 \r\n" + date + "Content-Length: 0\r\n\r\n"},
      {{.headers = {{"X-Bad", "a\r\nSet-Cookie: b"}, {"X-Bad\n", "a"}, {"X-Good", "\xc3\xa4"}}},
       Afterwards::kKeepAlive,
       "HTTP/1.1 200 OK\r\n" + date + "X-Good: \xc3\xa4\r\nContent-Length: 0\r\n\r\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(ResponseHead(row.response, row.afterwards, kNow), row.want);
}

}  // namespace
}  // namespace sidelight::http
