// gRPC calls to servers that behave, and to those that do not.
#include "core/http/grpc_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/core/http/certificates.h"
#include "tests/core/http/files.h"
#include "tests/core/http/http2_server.h"
#include "tests/core/http/tls_server.h"

namespace sidelight::http {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Http2Server::Reply::Kind;
using Reply = Http2Server::Reply;

constexpr const char* kMethod = "/demo.Echo/Say";

std::string Framed(const std::string& message) {
  return Http2Server::Ok(message).body;
}

Http2Server::Answer Always(Reply reply) {
  return [reply = std::move(reply)](const Http2Server::Call&) { return reply; };
}

// Its n-th call gets the n-th reply, further ones the last.
Http2Server::Answer InTurn(std::vector<Reply> replies) {
  auto left = std::make_shared<std::vector<Reply>>(std::move(replies));
  return [left](const Http2Server::Call&) {
    const Reply reply = left->front();
    if (left->size() > 1) left->erase(left->begin());
    return reply;
  };
}

GrpcRequest Saying(std::string message) {
  return {.method = kMethod, .message = std::move(message)};
}

// "OK hi", "UNAVAILABLE later", or the error's sentence.
std::string Text(const Result<GrpcAnswer>& answer) {
  if (!answer) return answer.error().message;
  const bool ok = answer->status == GrpcStatus::kOk;
  return std::string(GrpcStatusName(answer->status)) + " " + (ok ? answer->message : answer->text) +
         answer->problem;
}

TEST(GrpcConnectionTest, ACall) {
  const Http2Server server([](const Http2Server::Call& call) {
    return Http2Server::Ok(call.body.empty() ? "" : "you said " + call.body.substr(5));
  });
  Url url = server.url();
  url.path = "/prefix";
  GrpcConnection client(url, {.timeout = std::chrono::seconds(7)});
  GrpcRequest request = Saying("hello");
  request.metadata = {{"X-Scope", "a b"}};
  EXPECT_EQ(Text(client.Call(request)), "OK you said hello");
  const Http2Server::Call call = server.Calls().at(0);
  EXPECT_EQ(call.body, Framed("hello"));
  EXPECT_EQ(call.Header(":method"), "POST");
  EXPECT_EQ(call.Header(":scheme"), "http");
  EXPECT_EQ(call.Header(":path"), "/prefix/demo.Echo/Say");
  EXPECT_EQ(call.Header(":authority"), url.authority);
  EXPECT_EQ(call.Header("te"), "trailers");
  EXPECT_EQ(call.Header("content-type"), "application/grpc");
  EXPECT_EQ(call.Header("grpc-timeout"), "7000m");
  EXPECT_EQ(call.Header("grpc-encoding"), "");
  EXPECT_EQ(call.Header("user-agent"), "sidelight");
  EXPECT_EQ(call.Header("x-scope"), "a b");

  request.is_gzip = true;
  request.metadata = {{"User-Agent", "me/1"}};
  EXPECT_EQ(Text(client.Call(request)), "OK you said hello");
  const Http2Server::Call second = server.Calls().at(1);
  EXPECT_EQ(second.connection, 1) << "the connection is kept";
  EXPECT_EQ(second.body.front(), '\1');
  EXPECT_EQ(second.Header("grpc-encoding"), "gzip");
  EXPECT_EQ(second.Header("user-agent"), "me/1");
}

TEST(GrpcConnectionTest, OverTls) {
  const Authority authority;
  const Files files;
  ClientOptions options;
  options.tls.ca_file = files.Write("ca.pem", authority.certificate());
  for (const bool alpn : {true, false}) {
    const Http2Server server(Always(Http2Server::Ok("hi")), authority.Issue(), alpn);
    GrpcConnection client(server.url(), options);
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(Text(client.Call(Saying(std::string(50'000, 'x')))), "OK hi") << alpn;
    EXPECT_EQ(server.connections(), 1) << alpn;
    EXPECT_EQ(server.Calls().at(0).Header(":scheme"), "https");
  }
  const Http2Server server(Always(Http2Server::Ok("hi")), authority.Issue());
  GrpcConnection stranger(server.url(), {});
  const Result<GrpcAnswer> answer = stranger.Call(Saying("x"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("certificate is not accepted"));
}

TEST(GrpcConnectionTest, Statuses) {
  const Fields head = {{":status", "200"}, {"content-type", "application/grpc"}};
  const auto http = [](const char* status) {
    return Reply{.headers = {{":status", status}, {"content-type", "text/html"}}, .body = "<html>"};
  };
  const auto reset = [&](uint32_t code, bool with_head = false) {
    return Reply{.kind = Kind::kReset, .headers = with_head ? head : Fields(), .code = code};
  };
  const struct {
    const char* what;
    Reply reply;
    std::string want;
  } cases[] = {
      {"ok", Http2Server::Ok("hi"), "OK hi"},
      {"ok, of nothing", Http2Server::Ok(""), "OK "},
      {"trailers only", Http2Server::Status("14", {{"grpc-message", "later"}}), "UNAVAILABLE later"},
      {"trailers behind a head",
       {.headers = head, .trailers = {{"grpc-status", "7"}, {"grpc-message", "no"}}},
       "PERMISSION_DENIED no"},
      {"trailers behind a message",
       {.headers = head, .body = Framed("hi"), .trailers = {{"grpc-status", "13"}}},
       "INTERNAL "},
      {"whatever HTTP says",
       {.headers = {{":status", "503"}, {"grpc-status", "3"}, {"grpc-message", "bad"}}},
       "INVALID_ARGUMENT bad"},
      {"percent-encoded", Http2Server::Status("3", {{"grpc-message", "caf%C3%A9 100%25 %zz %4"}}),
       "INVALID_ARGUMENT caf\xC3\xA9 100% %zz %4"},
      {"a status that nobody knows", Http2Server::Status("99"), "UNKNOWN "},
      {"no number", Http2Server::Status("1x"), "UNKNOWN "},
      {"a negative one", Http2Server::Status("-1"), "UNKNOWN "},
      {"HTTP 200", http("200"), "UNKNOWN the answer has HTTP status 200 and no gRPC status"},
      {"HTTP 400", http("400"), "INTERNAL the answer has HTTP status 400 and no gRPC status"},
      {"HTTP 401", http("401"), "UNAUTHENTICATED the answer has HTTP status 401 and no gRPC status"},
      {"HTTP 403", http("403"), "PERMISSION_DENIED the answer has HTTP status 403 and no gRPC status"},
      {"HTTP 404", http("404"), "UNIMPLEMENTED the answer has HTTP status 404 and no gRPC status"},
      {"HTTP 429", http("429"), "UNAVAILABLE the answer has HTTP status 429 and no gRPC status"},
      {"HTTP 502", http("502"), "UNAVAILABLE the answer has HTTP status 502 and no gRPC status"},
      {"HTTP 503", http("503"), "UNAVAILABLE the answer has HTTP status 503 and no gRPC status"},
      {"HTTP 504", http("504"), "UNAVAILABLE the answer has HTTP status 504 and no gRPC status"},
      {"HTTP 500", http("500"), "UNKNOWN the answer has HTTP status 500 and no gRPC status"},
      {"cancelled", reset(NGHTTP2_CANCEL), "CANCELLED the server broke the call off (CANCEL)"},
      {"broken off", reset(NGHTTP2_INTERNAL_ERROR),
       "INTERNAL the server broke the call off (INTERNAL_ERROR)"},
      {"broken off behind a head", reset(NGHTTP2_CANCEL, true),
       "CANCELLED the server broke the call off (CANCEL)"},
      {"calm", reset(NGHTTP2_ENHANCE_YOUR_CALM),
       "RESOURCE_EXHAUSTED the server broke the call off (ENHANCE_YOUR_CALM)"},
      {"no message",
       {.headers = head, .trailers = {{"grpc-status", "0"}}},
       "OK the answer holds no gRPC message"},
      {"compressed",
       {.headers = head, .body = "\1" + Framed("hi").substr(1), .trailers = {{"grpc-status", "0"}}},
       "OK the answer is compressed, which was not asked for"},
      {"half a message",
       {.headers = head, .body = Framed("hello").substr(0, 7), .trailers = {{"grpc-status", "0"}}},
       "OK the answer's message should have 5 bytes and has 2"},
      {"two messages",
       {.headers = head, .body = Framed("a") + Framed("b"), .trailers = {{"grpc-status", "0"}}},
       "OK the answer's message should have 1 bytes and has 7"},
  };
  for (const auto& c : cases) {
    const Http2Server server(Always(c.reply));
    GrpcConnection client(server.url(), {});
    EXPECT_EQ(Text(client.Call(Saying("x"))), c.want) << c.what;
    EXPECT_EQ(Text(client.Call(Saying("x"))), c.want) << c.what << ", again";
    EXPECT_EQ(server.connections(), 1) << c.what << ": a status does not end the connection";
  }
}

TEST(GrpcConnectionTest, Details) {
  const struct {
    const char* header;
    std::string want;
  } cases[] = {
      {"aGVsbG8", "hello"},
      {"aGVsbG8=", "hello"},
      {"AAEC/w==", std::string("\0\1\2\xff", 4)},
      {"-_8", "\xfb\xff"},
      {"", ""},
      {"a b", ""},
  };
  for (const auto& c : cases) {
    const Http2Server server(Always(Http2Server::Status("8", {{"grpc-status-details-bin", c.header}})));
    const Result<GrpcAnswer> answer = GrpcConnection(server.url(), {}).Call(Saying("x"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->details, c.want) << c.header;
  }
}

TEST(GrpcConnectionTest, MessagesBeyondTheWindow) {
  const Http2Server server([](const Http2Server::Call& call) {
    return Http2Server::Ok(std::string(call.body.size() > 5 ? 3'000'000 : 0, 'a'));
  });
  GrpcConnection client(server.url(), {.max_body_bytes = 4 << 20});
  for (const size_t size : {65'530, 65'536, 5'000'000}) {
    const Result<GrpcAnswer> answer = client.Call(Saying(std::string(size, 'q')));
    ASSERT_TRUE(answer) << size << ": " << answer.error().message;
    EXPECT_EQ(answer->message.size(), 3'000'000u) << size;
    EXPECT_EQ(server.Calls().back().body.size(), size + 5);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(GrpcConnectionTest, AnAnswerBeforeTheRequestIsRead) {
  Http2Server server(Always(Http2Server::Status("8", {{"grpc-message", "too large"}})));
  server.AnswerAtOnce();
  GrpcConnection client(server.url(), {});
  EXPECT_EQ(Text(client.Call(Saying(std::string(5'000'000, 'q')))), "RESOURCE_EXHAUSTED too large");
  EXPECT_EQ(Text(client.Call(Saying("x"))), "RESOURCE_EXHAUSTED too large");
}

TEST(GrpcConnectionTest, GoodbyeBetweenCalls) {
  Http2Server server(Always(Http2Server::Ok("hi")));
  GrpcConnection client(server.url(), {});
  EXPECT_EQ(Text(client.Call(Saying("1"))), "OK hi");
  server.SayGoodbye();
  EXPECT_EQ(Text(client.Call(Saying("2"))), "OK hi");
  EXPECT_EQ(server.Calls().at(1).connection, 2);
  client.Close();
  EXPECT_EQ(Text(client.Call(Saying("3"))), "OK hi");
  EXPECT_EQ(server.Calls().at(2).connection, 3);
}

TEST(GrpcConnectionTest, GoodbyeDuringACall) {
  Reply last = Http2Server::Ok("the last");
  last.kind = Kind::kGoodbye;
  const struct {
    const char* what;
    Reply first;
    std::string want;
    int connections;  // after two calls
  } cases[] = {
      {"it still answers", last, "OK the last", 2},
      {"it has not looked at it", {.kind = Kind::kGoodbyeUnseen}, "OK hi", 2},
      {"refused", {.kind = Kind::kReset, .code = NGHTTP2_REFUSED_STREAM}, "OK hi", 2},
  };
  for (const auto& c : cases) {
    const Http2Server server(InTurn({c.first, Http2Server::Ok("hi")}));
    GrpcConnection client(server.url(), {});
    EXPECT_EQ(Text(client.Call(Saying("x"))), c.want) << c.what;
    EXPECT_EQ(Text(client.Call(Saying("x"))), "OK hi") << c.what;
    EXPECT_EQ(server.connections(), c.connections) << c.what;
  }
}

TEST(GrpcConnectionTest, ARefusalIsTriedAgainOnce) {
  const Http2Server server(Always({.kind = Kind::kReset, .code = NGHTTP2_REFUSED_STREAM}));
  const Result<GrpcAnswer> answer = GrpcConnection(server.url(), {}).Call(Saying("x"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("the server does not take the call"));
  EXPECT_EQ(server.Calls().size(), 2u);
}

TEST(GrpcConnectionTest, WhatFails) {
  const Fields head = {{":status", "200"}, {"content-type", "application/grpc"}};
  const struct {
    const char* what;
    Reply reply;
    ErrorCode code;
    const char* want;
  } cases[] = {
      {"hangs", {.kind = Kind::kHang}, ErrorCode::kTimeout, "the answer was not whole in time"},
      {"ends", {.kind = Kind::kCut}, ErrorCode::kUnavailable, "closed before the answer was whole"},
      {"a large body",
       {.headers = head, .body = std::string(200'000, 'x'), .trailers = {{"grpc-status", "0"}}},
       ErrorCode::kLimit,
       "the answer is larger than 10000 bytes of head and 100000 of body"},
      {"a large head",
       Http2Server::Status("0", {{"x", std::string(8'000, 'x')}, {"y", std::string(8'000, 'y')}}),
       ErrorCode::kLimit, "the answer is larger than 10000 bytes of head and 100000 of body"},
      {"large trailers",
       {.headers = head, .body = Framed("hi"), .trailers = {{"a", std::string(12'000, 'x')}}},
       ErrorCode::kLimit,
       "the answer is larger than 10000 bytes of head and 100000 of body"},
  };
  for (const auto& c : cases) {
    const Http2Server server(InTurn({c.reply, Http2Server::Ok("hi")}));
    GrpcConnection client(
        server.url(), {.timeout = c.reply.kind == Kind::kHang ? milliseconds(1000) : std::chrono::seconds(60),
                       .max_head_bytes = 10'000,
                       .max_body_bytes = 100'000});
    const Result<GrpcAnswer> answer = client.Call(Saying("x"));
    ASSERT_FALSE(answer) << c.what;
    EXPECT_EQ(answer.error().code, c.code) << c.what << ": " << answer.error().message;
    EXPECT_THAT(answer.error().message, HasSubstr(server.url().authority + ": ")) << c.what;
    EXPECT_THAT(answer.error().message, HasSubstr(c.want)) << c.what;
    EXPECT_EQ(Text(client.Call(Saying("x"))), "OK hi") << c.what << ": and then well again";
    EXPECT_EQ(server.connections(), 2) << c.what;
  }
}

TEST(GrpcConnectionTest, WhatIsNoHttp2) {
  const std::string settings("\0\0\0\4\0\0\0\0\0", 9);
  const struct {
    const char* what;
    std::string bytes;
    const char* want;
  } cases[] = {
      {"HTTP/1", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "the server answers in HTTP/1"},
      {"words", "220 mail.example.com ESMTP\r\n", "what the server answers is not HTTP/2"},
      {"an alert of TLS", std::string("\x15\x03\x01\x00\x02\x02\x0a and more", 16), "then write https"},
      {"zeros", std::string(1000, '\0'), "what the server answers is not HTTP/2"},
      {"a frame beyond its size", settings + std::string("\xff\xff\xff\0\0\0\0\0\1", 9),
       "the server breaks the rules of HTTP/2"},
      {"data of a stream that is not there", settings + std::string("\0\0\1\0\0\0\0\0\7x", 10),
       "the server breaks the rules of HTTP/2"},
  };
  for (const auto& c : cases) {
    for (const TlsServer::End end : {TlsServer::End::kStay, TlsServer::End::kGoodbye}) {
      const TlsServer server({.response = c.bytes, .end = end});
      GrpcConnection client(server.url(), {.timeout = std::chrono::seconds(60)});
      const Result<GrpcAnswer> answer = client.Call(Saying("x"));
      ASSERT_FALSE(answer) << c.what;
      EXPECT_EQ(answer.error().code, ErrorCode::kInvalidArgument) << c.what << ": " << answer.error().message;
      EXPECT_THAT(answer.error().message, HasSubstr(c.want)) << c.what;
    }
  }
}

TEST(GrpcConnectionTest, Nobody) {
  Url url;
  {
    const Http2Server server(Always(Http2Server::Ok("hi")));
    url = server.url();
  }
  const Result<GrpcAnswer> answer = GrpcConnection(url, {}).Call(Saying("x"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("Connection refused"));
}

TEST(GrpcConnectionTest, HeadersThatAreNotSent) {
  const Http2Server server(Always(Http2Server::Ok("hi")));
  GrpcConnection client(server.url(), {});
  for (const auto& [name, value] : Fields{{"a b", "hunter2"},
                                          {":path", "hunter2"},
                                          {"a", "hunter2\r\nevil: 1"},
                                          {"Connection", "hunter2"},
                                          {"TE", "hunter2"},
                                          {"Grpc-Status", "hunter2"},
                                          {"content-type", "hunter2"}}) {
    GrpcRequest request = Saying("x");
    request.metadata = {{name, value}};
    const Result<GrpcAnswer> answer = client.Call(request);
    ASSERT_FALSE(answer) << name;
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(answer.error().message, Not(HasSubstr("hunter2")));
  }
  EXPECT_TRUE(server.Calls().empty());
}

TEST(GrpcConnectionTest, AnIdleConnectionIsNotKeptForever) {
  const Http2Server server(Always(Http2Server::Ok("hi")));
  GrpcConnection client(server.url(), {}, Duration::zero());
  EXPECT_EQ(Text(client.Call(Saying("x"))), "OK hi");
  EXPECT_EQ(Text(client.Call(Saying("x"))), "OK hi");
  EXPECT_EQ(server.connections(), 2);
}

}  // namespace
}  // namespace sidelight::http
