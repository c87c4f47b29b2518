// Threads that send, on a clock that moves when told to.
#include "exporters/delivery/delivery.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "tests/exporters/delivery/drops.h"
#include "tests/exporters/delivery/receiver.h"

namespace sidelight::delivery {
namespace {

using namespace std::chrono_literals;
using Result = Outcome::Result;

const Outcome kAway{.result = Result::kRetry, .problem = "connection refused"};

class DeliveryTest : public testing::Test {
 protected:
  void SetUp() override { OpenQueue(); }
  void OpenQueue(bool durable = true) {
    queue_.reset();
    queue_ = Queue::Open({.folder = durable ? folder_.path() : "", .clock = &clock_}, self_);
  }
  std::unique_ptr<Delivery> Start(uint32_t lanes = 1, Circuit::Options circuit = {.jitter = 0}) {
    auto started = Delivery::Start({.destination = kOtlp, .lanes = lanes, .circuit = circuit}, *queue_,
                                   receiver_.ToSend(), self_, clock_);
    EXPECT_TRUE(started) << started.error().message;
    return started ? *std::move(started) : nullptr;
  }
  void Push(Delivery& delivery, const std::string& body, uint32_t lane = 0) {
    EXPECT_NE(delivery.Push(Of(body, clock_, lane, 10)), Kept::kDropped);
  }
  void Advance(Delivery& delivery, Duration by) {
    clock_.Advance(by);
    delivery.Wake();
  }
  double Requests(std::string_view result) {
    return self_
        .Counter("sidelight_export_requests_total", "",
                 {{"destination", kOtlp.name}, {"exporter", "otlp"}, {"result", result}})
        .Value();
  }
  double Points(std::string_view reason) {
    return self_
        .Counter("sidelight_export_points_dropped_total", "",
                 {{"destination", kOtlp.name}, {"exporter", "otlp"}, {"reason", reason}})
        .Value();
  }
  double Of1(const std::string& counter) {
    return self_.Counter(counter, "", {{"destination", kOtlp.name}, {"exporter", "otlp"}}).Value();
  }
  double Gauge(const std::string& gauge) {
    return self_.Gauge(gauge, "", {{"destination", kOtlp.name}, {"exporter", "otlp"}}).Value();
  }
  // The delivery's threads are a little behind the receiver.
  static bool Eventually(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + 1min;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  const Folder folder_;
  FakeClock clock_;
  metrics::Self self_;
  Receiver receiver_;
  std::unique_ptr<Queue> queue_;
};

TEST_F(DeliveryTest, Delivers) {
  const auto delivery = Start();
  ASSERT_TRUE(delivery);
  for (const char* body : {"a", "b", "c"}) Push(*delivery, body);
  ASSERT_TRUE(receiver_.AwaitTaken(3));
  EXPECT_EQ(receiver_.Text(), "a b c");
  EXPECT_TRUE(Eventually([&] { return queue_->Stats()[0].entries == 0; }));
  EXPECT_TRUE(Eventually([&] { return Of1("sidelight_export_points_sent_total") == 30; }));
  EXPECT_EQ(Requests("delivered"), 3);
}

TEST_F(DeliveryTest, ALongProblemIsCut) {
  receiver_.Set({.result = Result::kRetry, .problem = std::string(5000, 'x')});
  const auto delivery = Start();
  Push(*delivery, "a");
  ASSERT_TRUE(Eventually([&] { return delivery->status().failing; }));
  EXPECT_EQ(delivery->status().problem, std::string(1024, 'x') + "...");
}

TEST_F(DeliveryTest, AnotherSendTriesAtOnce) {
  receiver_.Set(kAway);
  const auto delivery = Start();
  Push(*delivery, "a");
  ASSERT_TRUE(Eventually([&] { return delivery->status().failing; }));
  Receiver other;
  delivery->Update({.jitter = 0}, other.ToSend());
  ASSERT_TRUE(other.AwaitTaken(1)) << "though the backoff is not over";
  EXPECT_EQ(other.Text(), "a");
  EXPECT_EQ(receiver_.Text(), "");
}

TEST_F(DeliveryTest, OneThatIsHeldSendsFromItsBeginningOn) {
  auto held =
      Delivery::Start({.destination = kOtlp, .held = true}, *queue_, receiver_.ToSend(), self_, clock_);
  ASSERT_TRUE(held) << held.error().message;
  Push(**held, "a");
  Receiver other;
  const auto beside =
      Delivery::Start({.destination = {"otlp", "other"}}, *queue_, other.ToSend(), self_, clock_);
  ASSERT_TRUE(beside) << beside.error().message;
  Push(**beside, "b");
  ASSERT_TRUE(other.AwaitTaken(1));
  EXPECT_EQ(receiver_.attempts(), 0);
  (*held)->Begin();
  ASSERT_TRUE(receiver_.AwaitTaken(1));
  EXPECT_EQ(receiver_.Text(), "a");
}

TEST_F(DeliveryTest, OneThatIsHeldEndsAndLeavesWhatWaits) {
  {
    auto held =
        Delivery::Start({.destination = kOtlp, .held = true}, *queue_, receiver_.ToSend(), self_, clock_);
    ASSERT_TRUE(held) << held.error().message;
    Push(**held, "a");
  }
  EXPECT_EQ(receiver_.attempts(), 0);
  EXPECT_EQ(queue_->Stats().at(0).entries, 1u);
}

TEST_F(DeliveryTest, TriesAgainWithBackoff) {
  receiver_.Set(kAway);
  const auto delivery = Start();
  Push(*delivery, "a");
  ASSERT_TRUE(receiver_.AwaitAnswers(1));
  ASSERT_TRUE(Eventually([&] { return delivery->status().failing; }));
  EXPECT_EQ(delivery->status().problem, "connection refused");
  EXPECT_EQ(Gauge("sidelight_export_failing"), 1);
  Push(*delivery, "b");
  Advance(*delivery, 4999ms);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(receiver_.attempts(), 1) << "before the backoff was over";
  Advance(*delivery, 1ms);
  ASSERT_TRUE(receiver_.AwaitAnswers(2));
  ASSERT_TRUE(Eventually([&] { return Requests("retry") == 2; }));
  receiver_.Set(Outcome{});
  Advance(*delivery, 7500ms);
  ASSERT_TRUE(receiver_.AwaitTaken(2));
  EXPECT_EQ(receiver_.Text(), "a b");
  EXPECT_TRUE(Eventually([&] { return !delivery->status().failing; }));
  EXPECT_EQ(Gauge("sidelight_export_failing"), 0);
  EXPECT_EQ(Of1("sidelight_export_retries_total"), 2);
}

TEST_F(DeliveryTest, RetryAfter) {
  receiver_.Set({.result = Result::kRetry, .retry_after = 90s, .problem = "503"});
  const auto delivery = Start();
  Push(*delivery, "a");
  ASSERT_TRUE(receiver_.AwaitAnswers(1));
  ASSERT_TRUE(Eventually([&] { return Requests("retry") == 1; }));
  receiver_.Set(Outcome{});
  Advance(*delivery, 89s);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(receiver_.attempts(), 1);
  Advance(*delivery, 1s);
  EXPECT_TRUE(receiver_.AwaitTaken(1));
}

TEST_F(DeliveryTest, WhatIsRefusedIsDroppedAndTheNextIsSent) {
  receiver_.Set([](const Request& request) {
    return request.body == "bad" ? Outcome{.result = Result::kRefused, .problem = "400"} : Outcome{};
  });
  const auto delivery = Start();
  for (const char* body : {"a", "bad", "b"}) Push(*delivery, body);
  ASSERT_TRUE(receiver_.AwaitTaken(2));
  EXPECT_EQ(receiver_.Text(), "a b");
  EXPECT_EQ(receiver_.attempts(), 3) << "refused once, and never tried again";
  EXPECT_EQ(Points("rejected"), 10);
  EXPECT_EQ(Requests("refused"), 1);
}

TEST_F(DeliveryTest, PartlyTaken) {
  receiver_.Set({.rejected_points = 4, .problem = "4 points are out of order"});
  const auto delivery = Start();
  Push(*delivery, "a");
  ASSERT_TRUE(Eventually([&] { return Requests("delivered") == 1; }));
  ASSERT_TRUE(Eventually([&] { return Points("rejected") == 4; }));
  EXPECT_EQ(Of1("sidelight_export_points_sent_total"), 6);
  receiver_.Set({.rejected_points = 4'000'000, .problem = "nonsense"});
  Push(*delivery, "b");
  ASSERT_TRUE(Eventually([&] { return Points("rejected") == 14; }));
  EXPECT_EQ(Of1("sidelight_export_points_sent_total"), 6);
  EXPECT_EQ(receiver_.attempts(), 2) << "never sent again";
}

TEST_F(DeliveryTest, LanesDoNotWaitForEachOther) {
  receiver_.Hold(true);
  const auto delivery = Start(3);
  for (uint32_t lane = 0; lane < 3; ++lane) {
    Push(*delivery, "a" + std::to_string(lane), lane);
    Push(*delivery, "b" + std::to_string(lane), lane);
  }
  ASSERT_TRUE(receiver_.AwaitAttempts(3)) << "one of each lane";
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(receiver_.attempts(), 3);
  receiver_.Hold(false);
  ASSERT_TRUE(receiver_.AwaitTaken(6));
  const std::vector<std::string> taken = receiver_.taken();
  for (uint32_t lane = 0; lane < 3; ++lane) {
    const auto at = [&](const std::string& body) { return std::find(taken.begin(), taken.end(), body); };
    EXPECT_LT(at("a" + std::to_string(lane)), at("b" + std::to_string(lane))) << receiver_.Text();
  }
}

TEST_F(DeliveryTest, TheBreakerLetsOneRequestTry) {
  receiver_.Set(kAway);
  receiver_.Hold(true);
  const auto delivery = Start(4, {.jitter = 0, .failures_to_open = 1});
  for (uint32_t lane = 0; lane < 4; ++lane) Push(*delivery, "l" + std::to_string(lane), lane);
  ASSERT_TRUE(receiver_.AwaitAttempts(4)) << "one of each lane, before any has failed";
  receiver_.Hold(false);
  ASSERT_TRUE(Eventually([&] { return Requests("retry") == 4; }));
  EXPECT_EQ(delivery->status().circuit, Circuit::State::kOpen);
  EXPECT_EQ(Gauge("sidelight_export_breaker_open"), 1);
  const int before = receiver_.attempts();
  receiver_.Hold(true);
  receiver_.Set(Outcome{});
  Advance(*delivery, 30s);
  ASSERT_TRUE(receiver_.AwaitAttempts(before + 1));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(receiver_.attempts(), before + 1);
  EXPECT_EQ(delivery->status().circuit, Circuit::State::kHalfOpen);
  receiver_.Hold(false);
  ASSERT_TRUE(receiver_.AwaitTaken(4));
  EXPECT_TRUE(Eventually([&] { return Gauge("sidelight_export_breaker_open") == 0; }));
}

TEST_F(DeliveryTest, PushDoesNotWaitForTheDestination) {
  receiver_.Hold(true);
  const auto delivery = Start();
  for (int i = 0; i < 50; ++i) Push(*delivery, std::to_string(i));
  EXPECT_EQ(queue_->Stats()[0].entries, 50U);
  receiver_.Hold(false);
  EXPECT_TRUE(receiver_.AwaitTaken(50));
}

TEST_F(DeliveryTest, StopSendsWhatIsQueued) {
  receiver_.Hold(true);
  auto delivery = Start(2);
  for (uint32_t i = 0; i < 20; ++i) Push(*delivery, std::to_string(i), i);
  receiver_.Hold(false);
  delivery->Stop(clock_.Now() + 10s);
  EXPECT_EQ(receiver_.taken().size(), 20U);
  EXPECT_EQ(queue_->Stats()[0].entries, 0U);
}

TEST_F(DeliveryTest, StopDoesNotWaitForADestinationThatIsAway) {
  receiver_.Set({.result = Result::kRetry, .retry_after = 5min, .problem = "connection refused"});
  auto delivery = Start();
  Push(*delivery, "a");
  ASSERT_TRUE(Eventually([&] { return Requests("retry") == 1; }));
  const auto start = std::chrono::steady_clock::now();
  delivery->Stop(clock_.Now() + 4min);  // it may be tried again later than that
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1min);
  delivery.reset();
  EXPECT_EQ(queue_->Stats()[0].entries, 1U);
  EXPECT_EQ(Points("shutdown"), 0);
}

TEST_F(DeliveryTest, ARequestThatHangsIsCutOffAndSentAgainAfterTheRestart) {
  receiver_.Hold(true);
  auto delivery = Start();
  Push(*delivery, "a");
  Push(*delivery, "b");
  ASSERT_TRUE(receiver_.AwaitAttempts(1));
  delivery->BeginStop(clock_.Now() + 1s);
  clock_.Advance(2s);
  delivery->AwaitStop(clock_.Now());
  delivery.reset();
  OpenQueue();
  receiver_.Hold(false);
  ASSERT_TRUE(receiver_.AwaitAnswers(1)) << "seen by nobody";
  delivery = Start();
  ASSERT_TRUE(receiver_.AwaitTaken(3));
  EXPECT_EQ(receiver_.Text(), "a a b");
}

TEST_F(DeliveryTest, AfterARestartTheOldOnesAreFirst) {
  receiver_.Set(kAway);
  auto delivery = Start(4);
  for (uint32_t i = 0; i < 8; ++i) Push(*delivery, "old" + std::to_string(i), i);
  delivery.reset();
  OpenQueue();
  receiver_.Set(Outcome{});
  receiver_.Hold(true);
  delivery = Start(3);
  for (uint32_t i = 0; i < 3; ++i) Push(*delivery, "new" + std::to_string(i), i);
  receiver_.Hold(false);
  ASSERT_TRUE(receiver_.AwaitTaken(11));
  const std::vector<std::string> taken = receiver_.taken();
  for (size_t i = 0; i < taken.size(); ++i)
    EXPECT_EQ(taken[i].substr(0, 3), i < 8 ? "old" : "new") << receiver_.Text();
}

TEST_F(DeliveryTest, InMemoryWhatIsLeftIsCounted) {
  OpenQueue(false);
  receiver_.Set(kAway);
  auto delivery = Start();
  Push(*delivery, "a");
  Push(*delivery, "b");
  delivery->Stop(clock_.Now() + 1s);
  delivery.reset();
  EXPECT_EQ(Points("shutdown"), 0);
  queue_.reset();
  EXPECT_EQ(Points("shutdown"), 20);
}

TEST_F(DeliveryTest, TwoOfOneName) {
  const auto delivery = Start();
  const auto second = Delivery::Start({.destination = kOtlp}, *queue_, receiver_.ToSend(), self_, clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInvalidArgument);
  Push(*delivery, "a");
  EXPECT_TRUE(receiver_.AwaitTaken(1)) << "the first one is unharmed";
}

// Another destination that hangs harms nobody.
TEST_F(DeliveryTest, DestinationsDoNotWaitForEachOther) {
  Receiver hangs;
  hangs.Hold(true);
  {
    const auto other = Delivery::Start({.destination = kWrite}, *queue_, hangs.ToSend(), self_, clock_);
    ASSERT_TRUE(other);
    (*other)->Push(Of("x", clock_));
    ASSERT_TRUE(hangs.AwaitAttempts(1));
    const auto delivery = Start();
    for (int i = 0; i < 20; ++i) Push(*delivery, std::to_string(i));
    EXPECT_TRUE(receiver_.AwaitTaken(20));
  }
  hangs.Hold(false);
  ASSERT_TRUE(hangs.AwaitAnswers(1));
}

}  // namespace
}  // namespace sidelight::delivery
