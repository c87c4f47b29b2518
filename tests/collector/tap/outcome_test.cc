// Each row of the table of errors (docs/metrics.md), at the tap: what the client sees and what the observer
// is told.
#include <gtest/gtest.h>

#include "tests/collector/tap/harness.h"

namespace sidelight::tap {
namespace {

using std::chrono::milliseconds;

using Lines = std::vector<std::string>;

// An address on which nobody listens.
Address Nobody() {
  return TestSocket::Listen().address();
}

TEST(Outcome, Refused) {
  Harness harness;
  Tap& tap = harness.Add(Harness::To(Nobody()));
  harness.Start();
  TestSocket client = TestSocket::Connect(tap.bound());
  ASSERT_TRUE(client.Send("get\n"));
  EXPECT_EQ(client.End(), "reset");
  EXPECT_EQ(harness.sink.story.lines(), (Lines{"> get", "< refused"}));
  EXPECT_EQ(harness.Wait("sidelight_tap_connect_failures_total", "connect_refused", 1), 1);
}

TEST(Outcome, RefusedAndTheRequestComesLate) {
  Harness harness;
  Tap& tap = harness.Add(Harness::To(Nobody()));
  harness.Start();
  TestSocket client = TestSocket::Connect(tap.bound());
  ASSERT_EQ(harness.Wait("sidelight_tap_connect_failures_total", "connect_refused", 1), 1);
  ASSERT_TRUE(client.Send("ge"));
  ASSERT_TRUE(harness.sink.story.WaitFor("> ge"));
  ASSERT_TRUE(client.Send("t\n"));
  EXPECT_EQ(client.End(), "reset");
  EXPECT_EQ(harness.sink.story.lines(), (Lines{"> ge", "> t", "< refused"}));
}

TEST(Outcome, RefusedAndNoRequestComes) {
  Harness harness({.explain = std::chrono::seconds(1)});
  Tap& tap = harness.Add(Harness::To(Nobody()));
  harness.Start();
  TestSocket client = TestSocket::Connect(tap.bound());
  ASSERT_TRUE(client.Send("ge"));
  EXPECT_EQ(client.End(), "reset");
  EXPECT_EQ(harness.sink.story.lines(), (Lines{"> ge", "< refused"}));
}

TEST(Outcome, ConnectTimeout) {
  // A backlog of one that is taken: the system drops whoever comes next.
  TestSocket full = TestSocket::Listen(Address::Tcp("127.0.0.1", 0), 0);
  TestSocket taker = TestSocket::Connect(full.address());
  Harness harness;
  Options options = Harness::To(full.address());
  options.connect_timeout = milliseconds(100);
  Tap& tap = harness.Add(options);
  harness.Start();
  TestSocket client = TestSocket::Connect(tap.bound());
  ASSERT_TRUE(client.Send("get\n"));
  EXPECT_EQ(client.End(), "reset");
  EXPECT_EQ(harness.sink.story.lines(), (Lines{"> get", "< connect timeout"}));
  EXPECT_EQ(harness.Wait("sidelight_tap_connect_failures_total", "connect_timeout", 1), 1);
}

TEST(Outcome, AFullUnixBacklogIsWaitedForThenATimeout) {
  const std::string path = testing::TempDir() + "sidelight-busy-" + std::to_string(getpid());
  TestSocket full = TestSocket::Listen(Address::Unix(path), 0);
  TestSocket taker = TestSocket::Connect(full.address());
  Harness harness;
  Options options = Harness::To(full.address());
  options.connect_timeout = milliseconds(100);
  Tap& tap = harness.Add(options);
  harness.Start();
  TestSocket client = TestSocket::Connect(tap.bound());
  ASSERT_TRUE(client.Send("get\n"));
  EXPECT_EQ(client.End(), "reset");
  EXPECT_EQ(harness.sink.story.lines(), (Lines{"> get", "< connect timeout"}));
  unlink(path.c_str());
}

TEST(Outcome, Dns) {
  Harness harness;
  Tap& tap = harness.Add(Harness::To(Address::Tcp("backend", 80)));
  harness.Start();
  TestSocket client = TestSocket::Connect(tap.bound());
  ASSERT_TRUE(client.Send("get\n"));
  EXPECT_EQ(client.End(), "reset");
  EXPECT_EQ(harness.sink.story.lines().back(), "< dns");
  EXPECT_EQ(harness.Wait("sidelight_tap_connect_failures_total", "dns", 1), 1);
}

TEST(Outcome, UpstreamClosedOrReset) {
  struct Case {
    std::string answer;
    bool reset;
    Lines wanted;
  };
  const Case kCases[] = {
      {"", false, {"> get", "< end"}},
      {"", true, {"> get", "< reset"}},
      {"hal", false, {"> get", "< hal", "< end"}},
      {"hal", true, {"> get", "< hal", "< reset"}},
  };
  for (const Case& c : kCases) {
    TestSocket backends = TestSocket::Listen();
    Harness harness;
    Tap& tap = harness.Add(Harness::To(backends.address()));
    harness.Start();
    TestSocket client = TestSocket::Connect(tap.bound());
    TestSocket backend = backends.Accept();
    ASSERT_TRUE(client.Send("get\n"));
    ASSERT_EQ(backend.Receive(4), "get\n");
    ASSERT_TRUE(backend.Send(c.answer));
    EXPECT_EQ(client.Receive(c.answer.size()), c.answer);
    if (c.reset) {
      backend.Reset();
    } else {
      backend.Close();
    }
    EXPECT_EQ(client.End(), c.reset ? "reset" : "end");
    ASSERT_TRUE(harness.sink.story.WaitFor(c.wanted.back()));
    EXPECT_EQ(harness.sink.story.lines(), c.wanted);
  }
}

TEST(Outcome, Timeout) {
  TestSocket backends = TestSocket::Listen();
  Harness harness;
  Options options = Harness::To(backends.address());
  options.timeout = milliseconds(100);
  Tap& tap = harness.Add(options);
  harness.Start();
  TestSocket idle = TestSocket::Connect(tap.bound());
  TestSocket idle_backend = backends.Accept();
  TestSocket client = TestSocket::Connect(tap.bound());
  TestSocket backend = backends.Accept();
  ASSERT_TRUE(client.Send("get\n"));
  EXPECT_EQ(client.End(), "reset");
  EXPECT_EQ(backend.ReceiveAll(), (std::pair<std::string, std::string>("get\n", "reset")));
  EXPECT_EQ(harness.sink.story.lines(), (Lines{"> get", "< timeout"}));
  // Who is owed nothing may be silent.
  ASSERT_TRUE(idle.Send("get\n"));
  EXPECT_EQ(idle_backend.Receive(4), "get\n");
}

// In the middle of an upload whose rest need not be seen, and whose answer is due already.
class Uploading final : public Observer {
 public:
  void OnBytes(Direction, std::string_view, TimePoint) override {}
  void OnSkipped(Direction, uint64_t, TimePoint) override {}
  void OnClosed(Direction, CloseReason, TimePoint) override {}
  uint64_t Skippable(Direction) const override { return kEverything - 1; }
  bool AwaitingResponse() const override { return true; }
  bool InRequestHead() const override { return false; }
};

TEST(Outcome, WhoTakesARequestSlowlyIsNotSilent) {
  constexpr Protocol kUpload{
      "upload", [](ExchangeSink&) -> std::unique_ptr<Observer> { return std::make_unique<Uploading>(); }};
  TestSocket backends = TestSocket::Listen();
  backends.Set(SO_RCVBUF, 4096);
  Harness harness;
  Options options = Harness::To(backends.address());
  options.timeout = std::chrono::seconds(3);
  Tap& tap = harness.Add(options, kUpload);
  harness.Start();
  TestSocket client = TestSocket::Connect(tap.bound());
  TestSocket backend = backends.Accept();
  ASSERT_GT(client.SendUntilFull(64 << 20), size_t{1} << 20);
  // Less within the timeout than the system holds for the backend.
  size_t got = 0;
  for (int i = 0; i < 150; ++i) {
    const std::string piece = backend.Receive(1024);
    got += piece.size();
    ASSERT_EQ(piece.size(), 1024u) << "after " << got << " bytes";
    poll(nullptr, 0, 30);
  }
  // Who takes no more of it is.
  EXPECT_EQ(client.End(), "reset");
}

TEST(Outcome, Overloaded) {
  TestSocket backends = TestSocket::Listen();
  Harness harness({}, 1);
  Tap& tap = harness.Add(Harness::To(backends.address()));
  harness.Start();
  TestSocket first = TestSocket::Connect(tap.bound());
  TestSocket backend = backends.Accept();
  TestSocket second = TestSocket::Connect(tap.bound());
  ASSERT_TRUE(second.Send("get\n"));
  EXPECT_EQ(second.End(), "reset");
  EXPECT_EQ(harness.sink.story.lines(), (Lines{"> get", "< overloaded"}));
  // Of those whose request is read there are 64 at a time; the others are reset at once.
  std::vector<TestSocket> silent;
  for (int i = 0; i < 65; ++i) silent.push_back(TestSocket::Connect(tap.bound()));
  EXPECT_EQ(silent.back().End(), "reset");
  EXPECT_EQ(harness.Wait("sidelight_tap_connections_refused_total", "overloaded", 66), 66);
  EXPECT_FALSE(backends.Readable(0));
  // With the first gone there is room again.
  first.Close();
  silent.clear();
  backend.Close();
  ASSERT_EQ(harness.Wait("sidelight_tap_open_connections", "", 0), 0);
  TestSocket third = TestSocket::Connect(tap.bound());
  EXPECT_GE(backends.Accept().fd(), 0);
}

TEST(Outcome, ClientGone) {
  TestSocket backends = TestSocket::Listen();
  Harness harness;
  Tap& tap = harness.Add(Harness::To(backends.address()));
  harness.Start();
  TestSocket client = TestSocket::Connect(tap.bound());
  TestSocket backend = backends.Accept();
  ASSERT_TRUE(client.Send("get\n"));
  ASSERT_EQ(backend.Receive(4), "get\n");
  client.Reset();
  EXPECT_EQ(backend.End(), "reset");
  EXPECT_EQ(harness.sink.story.lines(), (Lines{"> get", "> reset"}));
}

TEST(Outcome, ClientClosesAndTheAnswerFindsNobody) {
  TestSocket backends = TestSocket::Listen();
  Harness harness;
  Tap& tap = harness.Add(Harness::To(backends.address()));
  harness.Start();
  TestSocket client = TestSocket::Connect(tap.bound());
  TestSocket backend = backends.Accept();
  ASSERT_TRUE(client.Send("get\n"));
  ASSERT_EQ(backend.Receive(4), "get\n");
  client.Close();
  ASSERT_EQ(backend.End(), "end");
  ASSERT_TRUE(backend.Send("hal"));  // the client's machine answers this with a reset
  ASSERT_TRUE(harness.sink.story.WaitFor("> reset"));
  EXPECT_EQ(harness.sink.story.lines(), (Lines{"> get", "> end", "< hal", "> reset"}));
}

}  // namespace
}  // namespace sidelight::tap
