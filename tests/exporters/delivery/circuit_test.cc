#include "exporters/delivery/circuit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/support/fake_clock.h"

namespace sidelight::delivery {
namespace {

using namespace std::chrono_literals;

class CircuitTest : public testing::Test {
 protected:
  // Fails as soon as it may: how long it had to wait.
  Duration FailAgain(Circuit& circuit, std::optional<Duration> retry_after = std::nullopt) {
    const TimePoint start = clock_.Now();
    Circuit::Answer answer = circuit.Ask(clock_.Now());
    if (!answer.permit) {
      clock_.Advance(answer.ask_again - clock_.Now());
      answer = circuit.Ask(clock_.Now());
    }
    EXPECT_TRUE(answer.permit);
    circuit.Failed(*answer.permit, clock_.Now(), retry_after);
    return clock_.Now() - start;
  }
  bool May(Circuit& circuit) { return circuit.Ask(clock_.Now()).permit.has_value(); }

  FakeClock clock_;
};

TEST_F(CircuitTest, WaitsGrow) {
  Circuit circuit({.jitter = 0});
  const std::vector<Duration> wanted = {0s, 5s, 7500ms, 11250ms, 16875ms, 25312500us, 30s, 30s};
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(FailAgain(circuit), wanted[i]) << "attempt " << i;
}

TEST_F(CircuitTest, EachWaitIsAtLeastFourFifthsOfTheOneBefore) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Circuit circuit({.seed = seed});
    Duration before = 0s;
    FailAgain(circuit);
    for (int i = 0; i < 20; ++i) {
      const Duration wait = FailAgain(circuit);
      EXPECT_GE(Seconds(wait), 0.8 * Seconds(before)) << "seed " << seed << ", attempt " << i;
      EXPECT_GE(wait, 4500ms);
      EXPECT_LE(wait, 33s);
      before = wait;
    }
  }
}

TEST_F(CircuitTest, SuccessBeginsAnew) {
  Circuit circuit({.jitter = 0});
  for (int i = 0; i < 4; ++i) FailAgain(circuit);
  clock_.Advance(1min);
  circuit.Succeeded(*circuit.Ask(clock_.Now()).permit);
  EXPECT_EQ(circuit.failures(), 0U);
  EXPECT_EQ(FailAgain(circuit), 0s);
  EXPECT_EQ(FailAgain(circuit), 5s);
}

TEST_F(CircuitTest, RetryAfter) {
  struct Case {
    Duration asked;
    Duration least;
    Duration most;
  };
  const std::vector<Case> cases = {
      {1s, 1s, 1100ms}, {90s, 90s, 99s}, {24h, 5min, 330s}, {0s, 4500ms, 5500ms}, {-1s, 4500ms, 5500ms}};
  for (const Case& c : cases) {
    for (uint64_t seed = 1; seed < 20; ++seed) {
      Circuit circuit({.seed = seed});
      FailAgain(circuit, c.asked);
      const Duration wait = FailAgain(circuit);
      EXPECT_GE(wait, c.least) << Seconds(c.asked);
      EXPECT_LE(wait, c.most) << Seconds(c.asked);
    }
  }
}

TEST_F(CircuitTest, ManyLanesThatFailAtOnceFailOnce) {
  Circuit circuit({.jitter = 0});
  std::vector<Circuit::Permit> permits;
  for (int lane = 0; lane < 8; ++lane) permits.push_back(*circuit.Ask(clock_.Now()).permit);
  for (const Circuit::Permit& permit : permits) circuit.Failed(permit, clock_.Now(), std::nullopt);
  EXPECT_EQ(circuit.failures(), 1U);
  EXPECT_EQ(circuit.state(), Circuit::State::kClosed);
  EXPECT_FALSE(May(circuit));
  clock_.Advance(5s);
  for (int lane = 0; lane < 8; ++lane) EXPECT_TRUE(May(circuit)) << lane;
}

TEST_F(CircuitTest, ALateRetryAfterCounts) {
  Circuit circuit({.jitter = 0});
  const Circuit::Permit first = *circuit.Ask(clock_.Now()).permit;
  const Circuit::Permit second = *circuit.Ask(clock_.Now()).permit;
  circuit.Failed(first, clock_.Now(), std::nullopt);
  circuit.Failed(second, clock_.Now(), 60s);
  clock_.Advance(59s);
  EXPECT_FALSE(May(circuit));
  clock_.Advance(1s);
  EXPECT_TRUE(May(circuit));
}

TEST_F(CircuitTest, ASuccessFromBeforeTheFailureSaysNothing) {
  Circuit circuit({.jitter = 0});
  const Circuit::Permit slow = *circuit.Ask(clock_.Now()).permit;
  FailAgain(circuit);
  circuit.Succeeded(slow);
  EXPECT_EQ(circuit.failures(), 1U);
  EXPECT_FALSE(May(circuit));
}

TEST_F(CircuitTest, OpensAndTriesOneAtATime) {
  Circuit circuit({.jitter = 0, .failures_to_open = 3});
  FailAgain(circuit);
  FailAgain(circuit);
  EXPECT_EQ(circuit.state(), Circuit::State::kClosed);
  FailAgain(circuit);
  EXPECT_EQ(circuit.state(), Circuit::State::kOpen);
  clock_.Advance(30s);
  Circuit::Answer trial = circuit.Ask(clock_.Now());
  ASSERT_TRUE(trial.permit);
  EXPECT_EQ(circuit.state(), Circuit::State::kHalfOpen);
  const Circuit::Answer other = circuit.Ask(clock_.Now());
  EXPECT_FALSE(other.permit);
  EXPECT_EQ(other.ask_again, TimePoint::max());
  circuit.Failed(*trial.permit, clock_.Now(), std::nullopt);
  EXPECT_EQ(circuit.state(), Circuit::State::kOpen);
  EXPECT_FALSE(May(circuit));
  clock_.Advance(30s);
  trial = circuit.Ask(clock_.Now());
  ASSERT_TRUE(trial.permit);
  circuit.NotUsed(*trial.permit);
  EXPECT_EQ(circuit.state(), Circuit::State::kOpen);
  trial = circuit.Ask(clock_.Now());
  ASSERT_TRUE(trial.permit) << "the trial that was not used may be used by another lane";
  circuit.Succeeded(*trial.permit);
  EXPECT_EQ(circuit.state(), Circuit::State::kClosed);
  EXPECT_TRUE(May(circuit));
  EXPECT_TRUE(May(circuit));
}

TEST_F(CircuitTest, RenewedItBeginsAnew) {
  Circuit circuit({.jitter = 0, .failures_to_open = 2});
  FailAgain(circuit);
  FailAgain(circuit);
  clock_.Advance(30s);
  const Circuit::Answer old = circuit.Ask(clock_.Now());
  ASSERT_TRUE(old.permit);
  circuit.Renew({.initial = 1s, .jitter = 0});
  EXPECT_EQ(circuit.state(), Circuit::State::kClosed);
  EXPECT_TRUE(May(circuit));
  circuit.Failed(*old.permit, clock_.Now(), std::nullopt);
  EXPECT_EQ(circuit.failures(), 0U) << "a request from before says nothing";
  FailAgain(circuit);
  EXPECT_FALSE(May(circuit));
  clock_.Advance(1s);
  EXPECT_TRUE(May(circuit)) << "after the new options' backoff";
}

}  // namespace
}  // namespace sidelight::delivery
