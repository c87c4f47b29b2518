// What becomes of a request over gRPC, for every kind of answer.
#include "exporters/otlp/grpc_sender.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "exporters/otlp/payload.h"
#include "tests/core/http/http2_server.h"
#include "tests/exporters/otlp/answers.h"

namespace sidelight::otlp {
namespace {

using delivery::Outcome;
using http::Http2Server;
using enum Outcome::Result;

Destination To(const Http2Server& server) {
  Destination destination;
  destination.protocol = Protocol::kGrpc;
  EXPECT_TRUE(destination.PointTo("http://" + server.url().authority, false));
  destination.timeout = std::chrono::minutes(1);
  return destination;
}

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    for (held += 8; held >= 6;) out += kDigits[bits >> (held -= 6) & 63];
  }
  if (held > 0) out += kDigits[bits << (6 - held) & 63];
  return out;
}

Http2Server::Reply WithDetails(const char* status, const std::string& details) {
  return Http2Server::Status(status,
                             {{"grpc-message", "because"}, {"grpc-status-details-bin", Base64(details)}});
}

const char* Word(Outcome::Result result) {
  return result == kDelivered ? "delivered" : result == kRetry ? "retry" : "refused";
}

TEST(GrpcSenderTest, WhatAnswersMean) {
  using Kind = Http2Server::Reply::Kind;
  const struct {
    const char* what;
    Http2Server::Reply reply;
    Outcome::Result result;
    std::string problem;  // is in it; "" for none
    std::optional<int> retry_seconds = std::nullopt;
    uint64_t rejected = 0;
  } cases[] = {
      {"taken", Http2Server::Ok(""), kDelivered, ""},
      {"taken in part", Http2Server::Ok(PartialSuccess(3, "too old")), kDelivered, "too old", {}, 3},
      {"a warning", Http2Server::Ok(PartialSuccess(0, "soon too old")), kDelivered, "soon too old"},
      {"taken, and nonsense", Http2Server::Ok("\xff\xff"), kDelivered, "cannot be read"},
      {"taken, and no message", Http2Server::Status("0"), kDelivered, "holds no gRPC message"},
      {"cancelled", Http2Server::Status("1"), kRetry, "it answered CANCELLED"},
      {"unknown", Http2Server::Status("2"), kRefused, "it answered UNKNOWN"},
      {"invalid", Http2Server::Status("3", {{"grpc-message", "no such metric"}}), kRefused,
       "it answered INVALID_ARGUMENT: no such metric"},
      {"late", Http2Server::Status("4"), kRetry, "it answered DEADLINE_EXCEEDED"},
      {"not found", Http2Server::Status("5"), kRefused, "it answered NOT_FOUND"},
      {"exists", Http2Server::Status("6"), kRefused, "it answered ALREADY_EXISTS"},
      {"denied", Http2Server::Status("7"), kRefused, "it answered PERMISSION_DENIED"},
      {"exhausted", Http2Server::Status("8"), kRefused, "it answered RESOURCE_EXHAUSTED"},
      {"exhausted for a while", WithDetails("8", RpcStatus(8, "x", 9)), kRetry,
       "it answered RESOURCE_EXHAUSTED: because", 9},
      {"exhausted, without a delay", WithDetails("8", RpcStatus(8, "x")), kRefused,
       "it answered RESOURCE_EXHAUSTED"},
      {"exhausted, and nonsense", WithDetails("8", "\xff"), kRefused, "it answered RESOURCE_EXHAUSTED"},
      {"precondition", Http2Server::Status("9"), kRefused, "it answered FAILED_PRECONDITION"},
      {"aborted", Http2Server::Status("10"), kRetry, "it answered ABORTED"},
      {"out of range", Http2Server::Status("11"), kRetry, "it answered OUT_OF_RANGE"},
      {"unimplemented", Http2Server::Status("12"), kRefused, "it answered UNIMPLEMENTED"},
      {"internal", Http2Server::Status("13"), kRefused, "it answered INTERNAL"},
      {"away", Http2Server::Status("14"), kRetry, "it answered UNAVAILABLE"},
      {"away for a while", WithDetails("14", RpcStatus(14, "x", 5)), kRetry,
       "it answered UNAVAILABLE: because", 5},
      {"lost", Http2Server::Status("15"), kRetry, "it answered DATA_LOSS"},
      {"a stranger", Http2Server::Status("16"), kRefused, "it answered UNAUTHENTICATED"},
      {"a proxy's 503", {.headers = {{":status", "503"}}}, kRetry, "it answered UNAVAILABLE"},
      {"a proxy's 404", {.headers = {{":status", "404"}}}, kRefused, "it answered UNIMPLEMENTED"},
      {"cut", {.kind = Kind::kCut}, kRetry, "closed before the answer was whole"},
      {"broken off", {.kind = Kind::kReset, .code = NGHTTP2_CANCEL}, kRetry, "it answered CANCELLED"},
      {"5 MiB", Http2Server::Ok(std::string(5 << 20, 'x')), kRefused, "larger than"},
  };
  for (const auto& c : cases) {
    const Http2Server server([&](const Http2Server::Call&) { return c.reply; });
    const Outcome outcome = GrpcSender(To(server), "sidelight/1").Send({.body = Pack({.message = "m"})});
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

TEST(GrpcSenderTest, WhatIsSent) {
  const Http2Server server([](const Http2Server::Call&) { return Http2Server::Ok(""); });
  Destination destination = To(server);
  destination.client.headers.emplace_back("Api-Key", http::SecretSource{.value = Secret("k"), .file = {}});
  GrpcSender sender(destination, "sidelight/1");
  EXPECT_EQ(sender.Send({.body = Pack({.gzip = true, .message = "zipped"})}).result, kDelivered);
  const Http2Server::Call call = server.Calls().at(0);
  EXPECT_EQ(call.Header(":path"), "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
  EXPECT_EQ(call.Header("grpc-encoding"), "gzip");
  EXPECT_EQ(call.Header("user-agent"), "sidelight/1");
  EXPECT_EQ(call.Header("api-key"), "k");
  EXPECT_EQ(call.body, std::string("\1\0\0\0\6zipped", 11));
  EXPECT_EQ(sender.Send({.body = Pack({.encoding = Encoding::kJson, .message = "{}"})}).result, kRefused)
      << "JSON from before a change of the configuration";
}

TEST(GrpcSenderTest, NoSecretIsSaidAgain) {
  const Http2Server server([](const Http2Server::Call&) {
    return Http2Server::Status("16", {{"grpc-message", "hunter2 is no key"}});
  });
  Destination destination = To(server);
  destination.client.headers.emplace_back("api-key",
                                          http::SecretSource{.value = Secret("hunter2"), .file = {}});
  EXPECT_EQ(GrpcSender(destination, "s").Send({.body = Pack({.message = "m"})}).problem,
            "it answered UNAUTHENTICATED: <secret> is no key");
}

}  // namespace
}  // namespace sidelight::otlp
