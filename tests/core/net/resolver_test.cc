#include "core/net/resolver.h"

#include <gtest/gtest.h>

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

TEST(LookUp, ResolvesLocalhost) {
  const auto got = LookUp("localhost");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_TRUE(got->front().is_ip());
}

}  // namespace
}  // namespace sidelight::net
