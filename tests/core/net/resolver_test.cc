#include "core/net/resolver.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "tests/support/fake_clock.h"

namespace sidelight::net {
namespace {

using std::chrono::seconds;

// A name server by hand.
class ResolverTest : public testing::Test {
 protected:
  SystemResolver::Options Options() {
    return {.time_to_live = seconds(30),
            .lookup = [this](const std::string&) -> Result<std::vector<SocketAddress>> {
              ++lookups;
              const int last = answer;
              if (last == 0) return Fail(ErrorCode::kUnavailable, "no such name");
              return std::vector{*SocketAddress::Of(Address::Tcp("192.0.2." + std::to_string(last), 0))};
            }};
  }
  // Runs the loop until `resolver` has answered.
  std::string Ask(Resolver& resolver) {
    std::string got;
    resolver.Resolve("db", *loop, [&](const Addresses& addresses) {
      got = addresses == nullptr ? "none" : addresses->front().ToAddress().host();
    });
    for (int i = 0; i < 10 && got.empty(); ++i) loop->RunOnce(seconds(1));
    return got;
  }
  std::string Cached(Resolver& resolver) {
    const Addresses addresses = resolver.Cached("db");
    return addresses == nullptr ? "none" : addresses->front().ToAddress().host();
  }

  FakeClock clock;
  std::unique_ptr<EventLoop> loop = *EventLoop::Open();
  std::atomic<int> answer = 1;
  std::atomic<int> lookups = 0;
};

TEST_F(ResolverTest, KeepsAnAnswerAndAsksAgainWhenItIsOld) {
  SystemResolver resolver(Options(), clock);
  EXPECT_EQ(Cached(resolver), "none");
  EXPECT_EQ(Ask(resolver), "192.0.2.1");
  EXPECT_EQ(Cached(resolver), "192.0.2.1");
  answer = 2;
  clock.Advance(seconds(29));
  EXPECT_EQ(Cached(resolver), "192.0.2.1");
  EXPECT_EQ(lookups, 1);
  clock.Advance(seconds(1));
  EXPECT_EQ(Cached(resolver), "192.0.2.1");  // the old one at once, the new one from behind
  // A lookup that is asked for now shares the one that is under way, or comes after it.
  EXPECT_EQ(Ask(resolver), "192.0.2.2");
  EXPECT_EQ(Cached(resolver), "192.0.2.2");
}

TEST_F(ResolverTest, KeepsTheLastGoodAnswer) {
  SystemResolver resolver(Options(), clock);
  answer = 0;
  EXPECT_EQ(Ask(resolver), "none");
  EXPECT_EQ(Cached(resolver), "none");
  answer = 3;
  EXPECT_EQ(Ask(resolver), "192.0.2.3");
  answer = 0;
  EXPECT_EQ(Ask(resolver), "192.0.2.3");
}

TEST_F(ResolverTest, RefreshesAtMostOnceASecond) {
  SystemResolver resolver(Options(), clock);
  EXPECT_EQ(Ask(resolver), "192.0.2.1");
  for (int i = 0; i < 10; ++i) resolver.Refresh("db");
  EXPECT_EQ(lookups, 1);
  clock.Advance(seconds(1));
  answer = 4;
  for (int i = 0; i < 10; ++i) resolver.Refresh("db");
  EXPECT_EQ(Ask(resolver), "192.0.2.4");
  EXPECT_LE(lookups, 3);
}

// While it lives, the log is a pipe that is full and that nobody reads.
class StuckLog {
 public:
  StuckLog() {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends_[1], "x", 1) == 1) {
    }
    fcntl(ends_[1], F_SETFL, 0);
    dup2(ends_[1], STDERR_FILENO);
  }
  ~StuckLog() {
    dup2(before_, STDERR_FILENO);
    std::array<char, 4096> piece;
    while (read(ends_[0], piece.data(), piece.size()) > 0) {
    }
    // The read end stays open: somebody may still be about to write.
    close(ends_[1]);
    close(before_);
  }

 private:
  const int before_ = dup(STDERR_FILENO);
  std::array<int, 2> ends_;
};

// Taps ask on their loops, which would all stand still.
TEST_F(ResolverTest, IsNotHeldUpByItsLog) {
  SystemResolver resolver(Options(), clock);
  const StuckLog log;
  answer = 0;
  ASSERT_EQ(Ask(resolver), "none");
  EXPECT_EQ(Cached(resolver), "none");
}

TEST(LookUp, ResolvesLocalhost) {
  const auto got = LookUp("localhost");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_TRUE(got->front().is_ip());
}

}  // namespace
}  // namespace sidelight::net
