// What becomes of a request, for every kind of answer.
#include "exporters/otlp/http_sender.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "exporters/otlp/payload.h"
#include "tests/core/http/tls_server.h"
#include "tests/exporters/otlp/answers.h"
#include "tests/support/fake_clock.h"

namespace sidelight::otlp {
namespace {

using delivery::Outcome;
using http::TlsServer;
using enum Outcome::Result;

constexpr UnixMillis kNow = 784'111'767'000;  // Sun, 06 Nov 1994 08:49:27 GMT
constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";

std::string Answer(std::string_view status, std::string_view type, std::string_view body,
                   std::string_view more = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(more) + "\r\n" +
         std::string(body);
}

Destination To(const TlsServer& server) {
  Destination destination;
  EXPECT_TRUE(destination.PointTo("http://" + server.url().authority, false));
  destination.timeout = std::chrono::minutes(1);
  return destination;
}

Outcome SendTo(const Destination& destination, const Payload& payload = {.message = "message"}) {
  static const FakeClock clock(kNow);
  return HttpSender(destination, "sidelight/1", clock).Send({.body = Pack(payload), .points = 10});
}

const char* Word(Outcome::Result result) {
  return result == kDelivered ? "delivered" : result == kRetry ? "retry" : "refused";
}

TEST(HttpSenderTest, WhatAnswersMean) {
  const struct {
    const char* what;
    std::string answer;
    Outcome::Result result;
    std::string problem;  // is in it; "" for none
    std::optional<int> retry_seconds = std::nullopt;
    uint64_t rejected = 0;
  } cases[] = {
      {"taken", Answer("200 OK", kProtobuf, ""), kDelivered, ""},
      {"taken, JSON", Answer("200 OK", kJson, "{\"partialSuccess\":{}}"), kDelivered, ""},
      {"taken, no content", "HTTP/1.1 204 No Content\r\n\r\n", kDelivered, ""},
      {"taken in part",
       Answer("200 OK", kProtobuf, PartialSuccess(3, "too old")),
       kDelivered,
       "too old",
       {},
       3},
      {"taken in part, JSON",
       Answer("200 OK", "Application/JSON; charset=utf-8",
              R"({"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}})"),
       kDelivered,
       "too old",
       {},
       3},
      {"a warning", Answer("202 Accepted", kProtobuf, PartialSuccess(0, "soon too old")), kDelivered,
       "soon too old"},
      {"taken, and nonsense", Answer("200 OK", kProtobuf, "\xff\xff\xff"), kDelivered, "cannot be read"},
      {"taken, another type", Answer("200 OK", "text/html", "<html>"), kDelivered, "cannot be read"},
      {"429", Answer("429 Too Many Requests", kProtobuf, "", "Retry-After: 7\r\n"), kRetry, "it answered 429",
       7},
      {"502", Answer("502 Bad Gateway", "text/html", "<html>"), kRetry, "it answered 502"},
      {"503, a date",
       Answer("503 Service Unavailable", kProtobuf, "", "retry-after: Sun, 06 Nov 1994 08:49:38 GMT\r\n"),
       kRetry, "it answered 503", 10},
      {"503, sooner or later", Answer("503 Service Unavailable", kProtobuf, "", "Retry-After: later\r\n"),
       kRetry, "it answered 503"},
      {"504", Answer("504 Gateway Timeout", kProtobuf, RpcStatus(14, "slow")), kRetry,
       "it answered 504: slow"},
      {"400", Answer("400 Bad Request", kProtobuf, RpcStatus(3, "no such metric")), kRefused,
       "it answered 400: no such metric"},
      {"400, JSON", Answer("400 Bad Request", kJson, R"({"code":3,"message":"no such metric"})"), kRefused,
       "it answered 400: no such metric"},
      {"400, half a status", Answer("400 Bad Request", kProtobuf, "\x12\x7fx"), kRefused, "it answered 400"},
      {"401", Answer("401 Unauthorized", kProtobuf, "", "Retry-After: 7\r\n"), kRefused, "it answered 401"},
      {"404", Answer("404 Not Found", "text/plain", "404"), kRefused, "it answered 404"},
      {"413", Answer("413 Content Too Large", kProtobuf, ""), kRefused, "it answered 413"},
      {"500", Answer("500 Internal Server Error", kProtobuf, ""), kRefused, "it answered 500"},
      {"501", Answer("501 Not Implemented", kProtobuf, ""), kRefused, "it answered 501"},
      {"301", Answer("301 Moved Permanently", kProtobuf, "", "Location: http://b/\r\n"), kRefused,
       "it answered 301; redirects are not followed"},
      {"307", Answer("307 Temporary Redirect", kProtobuf, ""), kRefused, "redirects are not followed"},
      {"64 MiB", "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\nx", kRefused,
       "larger than 4194304 bytes"},
      {"64 MiB of 503", "HTTP/1.1 503 No\r\nContent-Length: 67108864\r\n\r\nx", kRefused, "larger than"},
      {"half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", kRetry,
       "the connection ended"},
      {"half a head", "HTTP/1.1 200 O", kRetry, "the connection ended"},
      {"no HTTP", "220 smtp\r\n", kRetry, "it is no HTTP response"},
  };
  for (const auto& c : cases) {
    const TlsServer server({.response = c.answer});
    const Outcome outcome = SendTo(To(server));
    EXPECT_STREQ(Word(outcome.result), Word(c.result)) << c.what << ": " << outcome.problem;
    EXPECT_NE(outcome.problem.find(c.problem), std::string::npos) << c.what << ": " << outcome.problem;
    EXPECT_EQ(outcome.problem.empty(), c.problem.empty()) << c.what << ": " << outcome.problem;
    EXPECT_EQ(outcome.rejected_points, c.rejected) << c.what;
    EXPECT_EQ(outcome.retry_after.has_value(), c.retry_seconds.has_value()) << c.what;
    if (outcome.retry_after && c.retry_seconds) {
      EXPECT_EQ(*outcome.retry_after, std::chrono::seconds(*c.retry_seconds)) << c.what;
    }
  }
}

TEST(HttpSenderTest, WhatIsSent) {
  const struct {
    Payload payload;
    std::string type;
    bool is_gzip;
  } cases[] = {
      {{.message = "a message"}, "application/x-protobuf", false},
      {{.gzip = true, .message = "a message"}, "application/x-protobuf", true},
      {{.encoding = Encoding::kJson, .message = "a message"}, "application/json", false},
      {{.encoding = Encoding::kJson, .gzip = true, .message = "a message"}, "application/json", true},
  };
  for (const auto& c : cases) {
    const TlsServer server({});
    Destination destination = To(server);
    destination.client.headers.emplace_back("X-Team",
                                            http::SecretSource{.value = Secret("shop"), .file = {}});
    EXPECT_EQ(SendTo(destination, c.payload).result, kDelivered);
    const std::string request = server.Last().request;
    EXPECT_TRUE(request.starts_with("POST /v1/metrics HTTP/1.1\r\n")) << request;
    EXPECT_TRUE(request.ends_with("\r\n\r\na message")) << request;
    EXPECT_NE(request.find("\r\nContent-Type: " + c.type + "\r\n"), std::string::npos) << request;
    EXPECT_NE(request.find("\r\nUser-Agent: sidelight/1\r\n"), std::string::npos) << request;
    EXPECT_NE(request.find("\r\nX-Team: shop\r\n"), std::string::npos) << request;
    EXPECT_EQ(request.find("\r\nContent-Encoding: gzip\r\n") != std::string::npos, c.is_gzip) << request;
  }
}

TEST(HttpSenderTest, WhereTo) {
  const struct {
    const char* path;
    bool is_whole;
    const char* want;
  } cases[] = {
      {"", false, "/v1/metrics"},
      {"/", false, "/v1/metrics"},
      {"/a/", false, "/a/v1/metrics"},
      {"", true, "/"},
      {"/", true, "/"},
      {"/a", true, "/a"},
      {"/v1/metrics", true, "/v1/metrics"},
      {"/a/", true, "/a/"},
  };
  for (const auto& c : cases) {
    const TlsServer server({});
    Destination destination;
    ASSERT_TRUE(destination.PointTo("http://" + server.url().authority + c.path, c.is_whole));
    EXPECT_EQ(SendTo(destination).result, kDelivered);
    const std::string request = server.Last().request;
    EXPECT_TRUE(request.starts_with("POST " + std::string(c.want) + " HTTP/1.1\r\n")) << c.path << "\n"
                                                                                      << request;
  }
}

TEST(HttpSenderTest, ItHangs) {
  const TlsServer server({.end = TlsServer::End::kHang});
  Destination destination = To(server);
  destination.timeout = std::chrono::milliseconds(100);
  EXPECT_EQ(SendTo(destination).result, kRetry);
}

// The server ends the connection in the very moment of the second request.
TEST(HttpSenderTest, AKeptConnectionThatEndsIsNoFailure) {
  const TlsServer server(
      {.response = Answer("200 OK", kProtobuf, ""), .end = TlsServer::End::kStay, .answers = 1});
  const FakeClock clock(kNow);
  HttpSender sender(To(server), "sidelight/1", clock);
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = sender.Send({.body = Pack({.message = "message"}), .points = 10});
    EXPECT_EQ(outcome.result, kDelivered) << i << ": " << outcome.problem;
  }
}

TEST(HttpSenderTest, NoSecretIsSaidAgain) {
  const struct {
    const char* what;
    std::string answer;
  } cases[] = {
      {"a complaint", Answer("401 No", kProtobuf, RpcStatus(16, "hunter2 is no key, nor is Bearer s3cr3t"))},
      {"a warning", Answer("200 OK", kProtobuf, PartialSuccess(1, "hunter2 s3cr3t"))},
  };
  for (const auto& c : cases) {
    const TlsServer server({.response = c.answer});
    Destination destination = To(server);
    destination.client.headers.emplace_back("api-key",
                                            http::SecretSource{.value = Secret("hunter2"), .file = {}});
    destination.client.authorization = {{.credentials = {.value = Secret("s3cr3t"), .file = {}}}};
    const std::string problem = SendTo(destination).problem;
    EXPECT_EQ(problem.find("hunter2"), std::string::npos) << problem;
    EXPECT_EQ(problem.find("s3cr3t"), std::string::npos) << problem;
    EXPECT_NE(problem.find("<secret>"), std::string::npos) << problem;
  }
}

TEST(HttpSenderTest, ASecretThatCannotBeReadIsWaitedFor) {
  const TlsServer server({});
  Destination destination = To(server);
  destination.client.headers.emplace_back("api-key", http::SecretSource{.value = {}, .file = "/not/there"});
  const Outcome outcome = SendTo(destination);
  EXPECT_EQ(outcome.result, kRetry);
  EXPECT_NE(outcome.problem.find("/not/there"), std::string::npos) << outcome.problem;
}

TEST(HttpSenderTest, WhatNobodyPackedIsRefused) {
  const TlsServer server({});
  static const FakeClock clock(kNow);
  for (const std::string body : {"", "\x04", "\xff message"}) {
    EXPECT_EQ(HttpSender(To(server), "sidelight/1", clock).Send({.body = body}).result, kRefused) << body;
  }
}

}  // namespace
}  // namespace sidelight::otlp
