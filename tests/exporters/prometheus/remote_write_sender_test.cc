#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/wire/remote_write/decode.h"
#include "core/wire/remote_write/encode.h"
#include "exporters/prometheus/remote_write/sender.h"
#include "tests/core/http/tls_server.h"
#include "tests/exporters/prometheus/fake_receiver.h"
#include "tests/support/fake_clock.h"

namespace sidelight::remote_write {
namespace {

using delivery::Outcome;
using enum Outcome::Result;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr UnixMillis kTime = 1'700'000'000'000;
constexpr char kSamples[] = "X-Prometheus-Remote-Write-Samples-Written";
constexpr char kHistograms[] = "X-Prometheus-Remote-Write-Histograms-Written";
constexpr char kExemplars[] = "X-Prometheus-Remote-Write-Exemplars-Written";

std::vector<Series> ThreeSeries() {
  std::vector<Series> series;
  for (const char* const name : {"a", "b", "c"}) {
    series.push_back({.labels = Labels{{"__name__", name}}, .samples = {{1, kTime, kTime - 1}}});
  }
  return series;
}

delivery::Request RequestOf(Message message, const std::vector<Series>& series = ThreeSeries()) {
  const EncodedWrite encoded = message == Message::kWrite2 ? Encode2(series) : Encode1(series);
  return {.body = Pack({.message = message, .body = encoded.body}),
          .points = encoded.samples + encoded.histograms};
}

class RemoteWriteSenderTest : public testing::Test {
 protected:
  RemoteWriteSenderTest() {
    destination_.url = *http::Url::Parse(receiver_.url());
    destination_.name = receiver_.url();
    destination_.timeout = seconds(5);
  }
  std::unique_ptr<Sender> Make() {
    return std::make_unique<Sender>(destination_, "sidelight/1.2", knowledge_, clock_);
  }

  FakeClock clock_{1'792'000'000'000};
  FakeReceiver receiver_;
  Destination destination_;
  std::shared_ptr<Receiver> knowledge_ = std::make_shared<Receiver>();
};

TEST_F(RemoteWriteSenderTest, Headers1) {
  http::SecretSource tenant;
  tenant.value = Secret("team");
  destination_.client.headers.emplace_back("X-Scope-OrgID", tenant);
  EXPECT_EQ(Make()->Send(RequestOf(Message::kWrite1)).result, kDelivered);
  const Received request = receiver_.requests().at(0);
  EXPECT_THAT(request.head, testing::StartsWith("POST /api/v1/write HTTP/1.1\r\n"));
  EXPECT_EQ(request.Header("Content-Encoding"), "snappy");
  EXPECT_EQ(request.Header("Content-Type"), "application/x-protobuf");
  EXPECT_EQ(request.Header("X-Prometheus-Remote-Write-Version"), "0.1.0");
  EXPECT_EQ(request.Header("User-Agent"), "sidelight/1.2");
  EXPECT_EQ(request.Header("X-Scope-OrgID"), "team");
  const Result<Write1> write = Decode1(request.body);
  ASSERT_TRUE(write) << write.error().message;
  EXPECT_EQ(write->series.size(), 3u);
}

TEST_F(RemoteWriteSenderTest, Headers2) {
  receiver_.Set({.headers = {{kSamples, "3"}, {kHistograms, "0"}, {kExemplars, "0"}}});
  const Outcome outcome = Make()->Send(RequestOf(Message::kWrite2));
  EXPECT_EQ(outcome.result, kDelivered);
  EXPECT_EQ(outcome.rejected_points, 0u);
  EXPECT_EQ(outcome.problem, "");
  const Received request = receiver_.requests().at(0);
  EXPECT_EQ(request.Header("Content-Encoding"), "snappy");
  EXPECT_EQ(request.Header("Content-Type"), "application/x-protobuf;proto=io.prometheus.write.v2.Request");
  EXPECT_EQ(request.Header("X-Prometheus-Remote-Write-Version"), "2.0.0");
  const Result<std::vector<Series>> series = Decode2(request.body);
  ASSERT_TRUE(series) << series.error().message;
  EXPECT_EQ(series->at(0).samples.at(0).start, kTime - 1);
}

// What its answer makes of a request, without the body of 415.
TEST_F(RemoteWriteSenderTest, Answers) {
  const struct {
    int status;
    http::Fields headers;
    Message message;
    Outcome::Result result;
    uint64_t rejected;
    std::optional<Duration> retry_after;
    const char* problem;
  } cases[] = {
      {200, {}, Message::kWrite1, kDelivered, 0, {}, ""},
      {204, {}, Message::kWrite1, kDelivered, 0, {}, ""},
      {202, {{kSamples, "1"}}, Message::kWrite1, kDelivered, 0, {}, ""},
      {200, {{kSamples, "3"}}, Message::kWrite2, kDelivered, 0, {}, ""},
      {200,
       {{kSamples, "1"}, {kHistograms, "1"}},
       Message::kWrite2,
       kDelivered,
       1,
       {},
       "it has written 2 of 3 samples"},
      {200, {{kSamples, "many"}}, Message::kWrite2, kDelivered, 3, {}, "it has written 0 of 3 samples"},
      {200, {{kExemplars, "7"}}, Message::kWrite2, kDelivered, 3, {}, "it has written 0 of 3 samples"},
      {200, {{kSamples, "99"}}, Message::kWrite2, kDelivered, 0, {}, ""},
      {400, {}, Message::kWrite1, kRefused, 0, {}, "it answered 400: out of order"},
      {400, {}, Message::kWrite2, kRefused, 0, {}, "it answered 400: out of order"},
      {400, {{kSamples, "0"}}, Message::kWrite2, kRefused, 0, {}, "it answered 400: out of order"},
      {400,
       {{kSamples, "2"}},
       Message::kWrite2,
       kDelivered,
       1,
       {},
       "it answered 400: out of order; it has written 2 of 3 samples"},
      {400, {{kSamples, "2"}}, Message::kWrite1, kRefused, 0, {}, "it answered 400: out of order"},
      {401, {}, Message::kWrite2, kRefused, 0, {}, "it answered 401"},
      {404, {}, Message::kWrite2, kRefused, 0, {}, "it answered 404"},
      {408, {}, Message::kWrite1, kRefused, 0, {}, "it answered 408"},
      {413, {}, Message::kWrite2, kRefused, 0, {}, "it answered 413"},
      {415, {}, Message::kWrite1, kRefused, 0, {}, "it answered 415"},
      {429, {{"Retry-After", "7"}}, Message::kWrite2, kRetry, 0, seconds(7), "it answered 429"},
      {429, {}, Message::kWrite1, kRetry, 0, {}, "it answered 429"},
      {500, {}, Message::kWrite2, kRetry, 0, {}, "it answered 500"},
      {500, {{kSamples, "2"}}, Message::kWrite2, kRetry, 0, {}, "it answered 500"},
      {501, {}, Message::kWrite1, kRetry, 0, {}, "it answered 501"},
      {503, {{"Retry-After", "120"}}, Message::kWrite1, kRetry, 0, seconds(120), "it answered 503"},
      {503, {{"Retry-After", "soon"}}, Message::kWrite1, kRetry, 0, {}, "it answered 503"},
      {301, {{"Location", "/elsewhere"}}, Message::kWrite1, kRefused, 0, {}, "redirects are not followed"},
      {308, {}, Message::kWrite2, kRefused, 0, {}, "redirects are not followed"},
  };
  for (const auto& c : cases) {
    const std::string what = fmt::format("{} to {}.0", c.status, c.message == Message::kWrite2 ? 2 : 1);
    const size_t before = receiver_.requests().size();
    receiver_.Set({.status = c.status, .headers = c.headers, .body = "out of order\nand more"});
    const Outcome outcome = Make()->Send(RequestOf(c.message));
    EXPECT_EQ(outcome.result, c.result) << what << ": " << outcome.problem;
    EXPECT_EQ(outcome.rejected_points, c.rejected) << what;
    EXPECT_EQ(outcome.retry_after, c.retry_after) << what;
    EXPECT_THAT(outcome.problem, HasSubstr(c.problem)) << what;
    EXPECT_EQ(outcome.problem.empty(), c.problem[0] == '\0') << what << ": " << outcome.problem;
    EXPECT_EQ(receiver_.requests().size(), before + 1) << what;
    EXPECT_FALSE(knowledge_->knows_only_1) << what;
  }
}

TEST_F(RemoteWriteSenderTest, FallsBackTo1AndRemembers) {
  for (const int status : {415, 204}) {
    // 204 without a word of what was written: an old receiver that has read nothing it knows.
    knowledge_ = std::make_shared<Receiver>();
    receiver_.Set([status](const Received& request, size_t) -> FakeReceiver::Answer {
      const bool second = request.Header("X-Prometheus-Remote-Write-Version") == "2.0.0";
      return {.status = second ? status : 204};
    });
    const size_t before = receiver_.requests().size();
    const auto sender = Make();
    const auto other = Make();  // of another shard
    EXPECT_EQ(sender->Send(RequestOf(Message::kWrite2)).result, kDelivered);
    EXPECT_EQ(sender->Send(RequestOf(Message::kWrite2)).result, kDelivered);
    EXPECT_EQ(other->Send(RequestOf(Message::kWrite2)).result, kDelivered);
    const std::vector<Received> requests = receiver_.requests();
    ASSERT_EQ(requests.size(), before + 4) << status;
    EXPECT_EQ(requests[before].Header("X-Prometheus-Remote-Write-Version"), "2.0.0");
    for (size_t i = before + 1; i < requests.size(); ++i) {
      EXPECT_EQ(requests[i].Header("X-Prometheus-Remote-Write-Version"), "0.1.0");
      EXPECT_EQ(requests[i].Header("Content-Type"), "application/x-protobuf");
      const Result<Write1> write = Decode1(requests[i].body);
      ASSERT_TRUE(write) << write.error().message;
      EXPECT_EQ(write->series.size(), 3u);
    }
  }
}

TEST_F(RemoteWriteSenderTest, FallingBackLeavesOutWhat1CannotSay) {
  auto histogram = std::make_shared<FloatHistogram>();
  std::vector<Series> series = ThreeSeries();
  series.push_back({.labels = Labels{{"__name__", "h"}}, .histograms = {{histogram, kTime, 0}}});
  knowledge_->knows_only_1 = true;
  EXPECT_EQ(Make()->Send(RequestOf(Message::kWrite2, series)).result, kDelivered);
  const Result<Write1> write = Decode1(receiver_.requests().at(0).body);
  ASSERT_TRUE(write) << write.error().message;
  EXPECT_EQ(write->series.size(), 3u);
  // Where nothing is left nothing is sent.
  const Outcome outcome = Make()->Send(RequestOf(Message::kWrite2, {series.back()}));
  EXPECT_EQ(outcome.result, kDelivered);
  EXPECT_EQ(outcome.rejected_points, 1u);
  EXPECT_EQ(receiver_.requests().size(), 1u);
  destination_.send_native_histograms = true;
  EXPECT_EQ(Make()->Send(RequestOf(Message::kWrite2, {series.back()})).result, kDelivered);
  EXPECT_EQ(receiver_.requests().size(), 2u);
}

TEST_F(RemoteWriteSenderTest, WhoIsNotThereIsAskedAgain) {
  receiver_.Set({.hang_up = true});
  EXPECT_EQ(Make()->Send(RequestOf(Message::kWrite1)).result, kRetry);
  destination_.url = *http::Url::Parse("http://127.0.0.1:1");
  const Outcome outcome = Make()->Send(RequestOf(Message::kWrite1));
  EXPECT_EQ(outcome.result, kRetry);
  EXPECT_NE(outcome.problem, "");
  EXPECT_FALSE(knowledge_->knows_only_1);
}

// The receiver ends the connection in the very moment of the second request.
TEST_F(RemoteWriteSenderTest, AKeptConnectionThatEndsIsNoFailure) {
  const http::TlsServer server({.end = http::TlsServer::End::kStay, .answers = 1});
  destination_.url = *http::Url::Parse("http://" + server.url().authority);
  const auto sender = Make();
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = sender->Send(RequestOf(Message::kWrite1));
    EXPECT_EQ(outcome.result, kDelivered) << i << ": " << outcome.problem;
  }
}

TEST_F(RemoteWriteSenderTest, ASecretThatCannotBeReadIsAskedForAgain) {
  http::ClientSettings::Authorization authorization;
  authorization.credentials.file = "/nonexistent/token";
  destination_.client.authorization = authorization;
  const Outcome outcome = Make()->Send(RequestOf(Message::kWrite1));
  EXPECT_EQ(outcome.result, kRetry);
  EXPECT_THAT(outcome.problem, HasSubstr("/nonexistent/token"));
  EXPECT_TRUE(receiver_.requests().empty());
}

TEST_F(RemoteWriteSenderTest, NoSecretIsSaidAgain) {
  destination_.client.authorization = {{.credentials = {.value = Secret("s3cr3t"), .file = {}}}};
  // The second one lies across the end of what is shown.
  receiver_.Set({.status = 400, .body = "no s3cr3t here " + std::string(183, 'x') + "s3cr3t"});
  const Outcome outcome = Make()->Send(RequestOf(Message::kWrite1));
  EXPECT_EQ(outcome.result, kRefused);
  EXPECT_THAT(outcome.problem, HasSubstr("no <secret> here"));
  EXPECT_THAT(outcome.problem, testing::Not(HasSubstr("s3c")));
}

TEST_F(RemoteWriteSenderTest, LargeAndOddAnswers) {
  receiver_.Set({.status = 400, .body = std::string(8 << 20, 'x')});
  const Outcome refused = Make()->Send(RequestOf(Message::kWrite1));
  EXPECT_EQ(refused.result, kRefused);
  EXPECT_LT(refused.problem.size(), 300u);
  receiver_.Set({.status = 200, .body = std::string(1 << 20, 'x')});
  EXPECT_EQ(Make()->Send(RequestOf(Message::kWrite1)).result, kDelivered);
  receiver_.Set({.status = 599});
  EXPECT_EQ(Make()->Send(RequestOf(Message::kWrite1)).result, kRetry);
}

TEST_F(RemoteWriteSenderTest, WhatTheQueueGivesBackMayBeBroken) {
  for (const std::string& body : {std::string(), std::string("\x07oops"), std::string("oops")}) {
    EXPECT_EQ(Make()->Send({.body = body, .points = 1}).result, kRefused);
  }
  knowledge_->knows_only_1 = true;
  EXPECT_EQ(Make()->Send({.body = "\x02 no snappy", .points = 1}).result, kRefused);
  EXPECT_TRUE(receiver_.requests().empty());
}

}  // namespace
}  // namespace sidelight::remote_write
