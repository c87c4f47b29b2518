#include "core/http/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace sidelight::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr size_t kMaxHead = 400;
constexpr size_t kMaxBody = 20;

// What became of the bytes, in one line of text: comparable, and readable when it is not what was wanted.
std::string Outcome(const std::string& bytes, const std::vector<size_t>& cuts) {
  RequestParser parser(kMaxHead, kMaxBody);
  size_t from = 0;
  for (size_t i = 0; i <= cuts.size() && !parser.is_whole(); ++i) {
    const size_t to = i < cuts.size() ? cuts[i] : bytes.size();
    const auto used = parser.Feed(std::string_view(bytes).substr(from, to - from));
    if (!used) return std::to_string(used.error().status) + " " + used.error().message;
    EXPECT_TRUE(parser.is_whole() || *used == to - from) << bytes;
    from += *used;
  }
  const Request& request = parser.request();
  if (!parser.head_is_whole()) return "in the head";
  std::string line = request.method + " " + request.path + " [" + request.body + "]";
  if (parser.expects_continue()) line += " continue";
  if (!parser.is_whole()) return line + " in the body";
  if (parser.is_http_1_0()) line += " 1.0";
  if (parser.keep_alive()) line += " keep";
  return line + " rest [" + bytes.substr(from) + "]";
}

// Whole, byte by byte, and cut in two at every place.
void ExpectOutcome(const std::string& bytes, const std::string& want) {
  const std::string whole = Outcome(bytes, {});
  EXPECT_THAT(whole, HasSubstr(want)) << bytes;
  std::vector<size_t> everywhere;
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    everywhere.push_back(cut);
    ASSERT_EQ(Outcome(bytes, {cut}), whole) << "cut at " << cut << ":\n" << bytes;
  }
  EXPECT_EQ(Outcome(bytes, everywhere), whole) << "byte by byte:\n" << bytes;
}

TEST(RequestParser, ReadsRequestsAtEverySplit) {
  const std::string chunked = "POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n";
  struct Row {
    std::string bytes;
    std::string want;
  };
  const std::vector<Row> rows = {
      {"GET / HTTP/1.1\r\n\r\n", "GET / [] keep rest []"},
      {"GET /x?a=b HTTP/1.1\r\nHost: a\r\n\r\nGET /y HT", "GET /x [] keep rest [GET /y HT]"},
      {"GET / HTTP/1.0\n\nrest", "GET / [] 1.0 rest [rest]"},
      {"\r\n\r\nGET / HTTP/1.1\nHost: a\r\n\n", "GET / [] keep rest []"},
      {"HEAD / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "HEAD / [] 1.0 keep rest []"},
      {"GET / HTTP/1.1\r\nConnection: Upgrade, CLOSE\r\n\r\n", "GET / [] rest []"},
      {"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nrest", "GET / [] keep rest [rest]"},
      {"POST / HTTP/1.1\r\n\r\nrest", "POST / [] keep rest [rest]"},
      {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloworld", "POST / [hello] keep rest [world]"},
      {"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nrest", "POST / [] keep rest [rest]"},
      {"GET / HTTP/1.1\r\nContent-Length: 20\r\n\r\n01234567890123456789", "GET / [01234567890123456789]"},
      {"DELETE / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel", "DELETE / [hel] in the body"},
      {"PUT / HTTP/1.1\r\nContent-Encoding: Identity\r\nContent-Length: 1\r\n\r\nx", "PUT / [x] keep"},
      {"PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
       "PUT / [] continue in the body"},
      {"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", "PUT / [] in the body"},
      {chunked + "\r\n0\r\n\r\n", "POST / [] keep rest []"},
      {chunked + "\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n000\r\nT: v\r\nU: w\r\n\r\nGET /",
       "POST / [hello0123456789] keep rest [GET /]"},
      {chunked + "\r\n5\r\nhel", "POST / [hel] in the body"},
      {"GET /", "in the head"},
  };
  for (const Row& row : rows) ExpectOutcome(row.bytes, row.want);
}

TEST(RequestParser, KeepsHeadersAsSent) {
  RequestParser parser(kMaxHead, kMaxBody);
  ASSERT_TRUE(parser.Feed(
      "REPORT /x HTTP/1.1\r\nHost:a\r\nX-A:  %0d%0a \t\r\naccept: one\r\nEmpty:\r\nFolded: a\r\n b\r\n"
      "Accept: two\r\n\r\n"));
  const Request& request = parser.request();
  EXPECT_EQ(request.method, "REPORT");
  EXPECT_THAT(request.headers, ElementsAre(Pair("Host", "a"), Pair("X-A", "%0d%0a"), Pair("accept", "one"),
                                           Pair("Empty", ""), Pair("Folded", "a b"), Pair("Accept", "two")));
  EXPECT_EQ(request.Header("ACCEPT"), "one");
  EXPECT_EQ(request.HeaderList("Accept"), "one, two");
  EXPECT_EQ(request.Header("None"), "");
}

TEST(RequestParser, RefusesAtEverySplit) {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string post = "POST / HTTP/1.1\r\n";
  const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string many_trailers = chunked + "0\r\n";
  for (int i = 0; i < 40; ++i) many_trailers += "Trailer: value\r\n";
  struct Row {
    std::string bytes;
    std::string want;
  };
  const std::vector<Row> rows = {
      {"BREW / HTTP/1.1\r\n\r\n", "501 "},
      {"get / HTTP/1.1\r\n\r\n", "501 "},
      {"GETX / HTTP/1.1\r\n\r\n", "501 "},
      {"G@T / HTTP/1.1\r\n\r\n", "400 "},
      {"\x16\x03\x01\x02\r\n\r\n", "400 "},
      {"GET\r\n\r\n", "400 "},
      {"GET /\r\n\r\n", "505 "},
      {"GET  HTTP/1.1\r\n\r\n", "400 "},
      {"GET / x HTTP/1.1\r\n\r\n", "400 "},
      {"GET /\x01 HTTP/1.1\r\n\r\n", "400 "},
      {"GET x HTTP/1.1\r\n\r\n", "400 "},
      {"GET /%zz HTTP/1.1\r\n\r\n", "400 the path"},
      {"GET /?a=%g0 HTTP/1.1\r\n\r\n", "400 the query"},
      {"CONNECT a:80 HTTP/1.1\r\n\r\n", "400 the request line must name a path"},
      {"GET / HTTP/2.0\r\n\r\n", "505 "},
      {"GET / HTTP/3.0\r\n\r\n", "505 "},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 "},
      {"GET / FTP/1.1\r\n\r\n", "400 "},
      {get + "no colon\r\n\r\n", "400 "},
      {get + "Name : v\r\n\r\n", "400 a header line"},
      {get + ": v\r\n\r\n", "400 a header line"},
      {get + "A: b\rc\r\n\r\n", "400 "},
      {get + "A: b\nC: d\r\n\r\n", "400 "},
      {get + "A: b" + std::string(1, '\0') + "\r\n\r\n", "400 "},
      {get + "\rX\r\n\r\n", "400 "},
      {get + "X: " + std::string(kMaxHead, 'x') + "\r\n\r\n", "431 "},
      {"GET /" + std::string(kMaxHead, 'x') + " HTTP/1.1\r\n\r\n", "414 "},
      {post + "Content-Length: -1\r\n\r\n", "400 "},
      {post + "Content-Length: +1\r\n\r\n", "400 "},
      {post + "Content-Length: 1, 1\r\n\r\n", "400 "},
      {post + "Content-Length:\r\n\r\n", "400 "},
      {post + "Content-Length: 99999999999999999999\r\n\r\n", "400 "},
      {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "400 "},
      {post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400 "},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "400 "},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 HTTP/1.0"},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", "501 "},
      {post + "Transfer-Encoding: gzip\r\n\r\n", "501 "},
      {post + "Transfer-Encoding: xchunked\r\n\r\n", "501 "},
      {post + "Transfer-Encoding:\r\n\r\n", "501 "},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400 "},
      {post + "Expect: miracles\r\n\r\n", "417 "},
      {post + "Content-Encoding: gzip\r\n\r\n", "415 "},
      {post + "Content-Length: 21\r\n\r\n", "413 "},
      {post + "Content-Length: 18446744073709551615\r\n\r\n", "413 "},
      {chunked + "15\r\n", "413 "},
      {chunked + "14\r\n01234567890123456789\r\n1\r\n", "413 "},
      {chunked + "ffffffffffffffff\r\n", "413 "},
      {chunked + "fffffffffffffffffffffffff\r\n", "400 "},
      {chunked + "5\r\nhelloXX0\r\n\r\n", "400 a line"},
      {chunked + "5\rXhello\r\n0\r\n\r\n", "400 a line"},
      {chunked + "-5\r\nhello\r\n", "400 "},
      {chunked + "0x5\r\nhello\r\n", "400 "},
      {chunked + "\r\n", "400 "},
      {chunked + "zz\r\n", "400 "},
      {chunked + "5;" + std::string(kMaxHead + 1, 'x') + "\r\n", "431 "},
      {many_trailers + "\r\n", "431 "},
  };
  for (const Row& row : rows) ExpectOutcome(row.bytes, row.want);
}

TEST(RequestParser, BoundsTheHeadExactly) {
  const std::string frame = "GET / HTTP/1.1\r\nX: \r\n\r\n";
  const std::string fits = "GET / HTTP/1.1\r\nX: " + std::string(kMaxHead - frame.size(), 'x') + "\r\n\r\n";
  ExpectOutcome(fits + "rest", "GET / [] keep rest [rest]");
  ExpectOutcome("\n" + fits, "431 ");
}

TEST(RequestParser, BoundsTheNumberOfHeaders) {
  for (const auto& [headers, fits] : {std::pair(128, true), std::pair(129, false)}) {
    std::string bytes = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < headers; ++i) bytes += "a:\r\n";
    RequestParser parser(4096, kMaxBody);
    const auto used = parser.Feed(bytes + "\r\n");
    ASSERT_EQ(used.has_value(), fits) << headers;
    if (!fits) {
      EXPECT_EQ(used.error().status, 431);
    }
  }
}

TEST(RequestParser, KeepsWhatWasUnderstoodOfABadRequest) {
  RequestParser parser(kMaxHead, kMaxBody);
  EXPECT_FALSE(parser.begun());
  ASSERT_FALSE(parser.Feed("GET / HTTP/1.1\r\nX-Correlation-Id: abc\r\nbad line\r\n\r\n"));
  EXPECT_EQ(parser.request().Header("X-Correlation-Id"), "abc");
}

}  // namespace
}  // namespace sidelight::http
