#include <gtest/gtest.h>

#include <future>

#include "collector/protocols/protocol.h"
#include "tests/collector/protocols/postgres_wire.h"
#include "tests/collector/tap/harness.h"

namespace sidelight::tap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DrainTest : public testing::Test {
 protected:
  void Begin(const Protocol& protocol) {
    tap = &harness.Add(Harness::To(backends.address()), protocol);
    harness.Start();
    client = TestSocket::Connect(tap->bound());
    backend = backends.Accept();
  }
  void Drain(Duration deadline) {
    harness.worker->Drain(deadline, [this] { drained.set_value(); });
  }
  bool Drained(Duration wait = seconds(60)) { return done.wait_for(wait) == std::future_status::ready; }

  TestSocket backends = TestSocket::Listen();
  std::promise<void> drained;
  std::future<void> done = drained.get_future();
  Harness harness;
  Tap* tap = nullptr;
  TestSocket client;
  TestSocket backend;
};

TEST_F(DrainTest, IdleConnectionsAreClosedInOrder) {
  Begin(kLines);
  ASSERT_TRUE(client.Send("get\n"));
  ASSERT_EQ(backend.Receive(4), "get\n");
  ASSERT_TRUE(backend.Send("hallo\n"));
  ASSERT_EQ(client.Receive(6), "hallo\n");
  Drain(seconds(60));
  EXPECT_TRUE(Drained());
  EXPECT_EQ(client.End(), "end");
  EXPECT_EQ(backend.End(), "end");
}

TEST_F(DrainTest, AnExchangeUnderWayIsFinished) {
  Begin(kLines);
  ASSERT_TRUE(client.Send("get\n"));
  ASSERT_EQ(backend.Receive(4), "get\n");
  Drain(seconds(60));
  ASSERT_TRUE(backend.Send("hal"));
  ASSERT_EQ(client.Receive(3), "hal");
  EXPECT_FALSE(Drained(milliseconds(50)));
  ASSERT_TRUE(backend.Send("lo\n"));
  EXPECT_EQ(client.ReceiveAll(), (std::pair<std::string, std::string>("lo\n", "end")));
  EXPECT_TRUE(Drained());
}

TEST_F(DrainTest, ARequestThatHasBegunIsFinished) {
  Begin(kLines);
  ASSERT_TRUE(client.Send("ge"));
  ASSERT_EQ(backend.Receive(2), "ge");
  Drain(seconds(60));
  ASSERT_TRUE(client.Send("t\n"));
  ASSERT_EQ(backend.Receive(2), "t\n");
  ASSERT_TRUE(backend.Send("hallo\n"));
  EXPECT_EQ(client.ReceiveAll(), (std::pair<std::string, std::string>("hallo\n", "end")));
  EXPECT_TRUE(Drained());
}

// Between two statements no answer is due, but to close the connection then would undo the first.
TEST_F(DrainTest, ATransactionIsFinished) {
  namespace wire = postgres::wire;
  Begin(*FindProtocol("postgres"));
  const auto ask = [this](const std::string& question, const std::string& answer) {
    ASSERT_TRUE(client.Send(question));
    ASSERT_EQ(backend.Receive(question.size()), question);
    ASSERT_TRUE(backend.Send(answer));
    ASSERT_EQ(client.Receive(answer.size()), answer);
  };
  ask(wire::StartupMessage({"user", "bob"}), wire::AuthenticationOk() + wire::ReadyForQuery('I'));
  ask(wire::Query("BEGIN"), wire::CommandComplete("BEGIN") + wire::ReadyForQuery('T'));
  Drain(seconds(60));
  EXPECT_FALSE(Drained(milliseconds(50)));
  ask(wire::Query("UPDATE a SET b = 1"), wire::CommandComplete("UPDATE 1") + wire::ReadyForQuery('T'));
  EXPECT_FALSE(Drained(milliseconds(50)));
  ask(wire::Query("COMMIT"), wire::CommandComplete("COMMIT") + wire::ReadyForQuery('I'));
  EXPECT_TRUE(Drained());
  EXPECT_EQ(client.End(), "end");
  EXPECT_EQ(backend.End(), "end");
}

// The reply to a command that MULTI queues is due, though nothing is measured of it yet.
TEST_F(DrainTest, ATransactionOfRedisIsFinished) {
  Begin(*FindProtocol("redis"));
  const auto ask = [this](const std::string& question, const std::string& answer) {
    ASSERT_TRUE(client.Send(question));
    ASSERT_EQ(backend.Receive(question.size()), question);
    ASSERT_TRUE(backend.Send(answer));
    ASSERT_EQ(client.Receive(answer.size()), answer);
  };
  ask("MULTI\r\n", "+OK\r\n");
  Drain(seconds(60));
  EXPECT_FALSE(Drained(milliseconds(50)));
  ask("INCR a\r\n", "+QUEUED\r\n");
  EXPECT_FALSE(Drained(milliseconds(50)));
  ask("EXEC\r\n", "*1\r\n:1\r\n");
  EXPECT_TRUE(Drained());
  EXPECT_EQ(client.End(), "end");
  EXPECT_EQ(backend.End(), "end");
}

// It is here when draining begins, and nobody has looked yet.
TEST_F(DrainTest, ARequestThatHasArrivedIsServed) {
  Begin(kLines);
  ASSERT_TRUE(client.Send("get\n"));
  ASSERT_EQ(backend.Receive(4), "get\n");
  ASSERT_TRUE(backend.Send("hallo\n"));
  ASSERT_EQ(client.Receive(6), "hallo\n");
  // The loop is held so that two tasks run in one turn of it: in the first of them the request arrives, and
  // the second is the beginning of Drain().
  std::promise<void> posted;
  std::promise<void> in_turn;
  std::promise<void> arrived;
  net::EventLoop& loop = harness.worker->loop();
  loop.Post([&posted] { posted.get_future().wait(); });
  loop.Post([&in_turn, &arrived] {
    in_turn.set_value();
    arrived.get_future().wait();
  });
  Drain(seconds(60));
  posted.set_value();
  in_turn.get_future().wait();
  ASSERT_TRUE(client.Send("again\n"));
  arrived.set_value();
  ASSERT_EQ(backend.Receive(6), "again\n");
  ASSERT_TRUE(backend.Send("hallo\n"));
  EXPECT_EQ(client.ReceiveAll(), (std::pair<std::string, std::string>("hallo\n", "end")));
  EXPECT_TRUE(Drained());
}

TEST_F(DrainTest, TheDeadlineResets) {
  Begin(kLines);
  ASSERT_TRUE(client.Send("get\n"));
  ASSERT_EQ(backend.Receive(4), "get\n");
  Drain(milliseconds(50));
  EXPECT_TRUE(Drained());
  EXPECT_EQ(client.End(), "reset");
  EXPECT_EQ(backend.End(), "reset");
  EXPECT_EQ(harness.sink.story.lines(), (std::vector<std::string>{"> get", "< shutdown"}));
}

TEST_F(DrainTest, WhatNobodyParsesEndsByItselfOrAtTheDeadline) {
  Begin(kTcp);
  Drain(seconds(60));
  EXPECT_FALSE(Drained(milliseconds(50)));
  client.Close();
  backend.Close();
  EXPECT_TRUE(Drained());
}

TEST_F(DrainTest, WithoutConnectionsItIsDoneAtOnce) {
  harness.Start();
  Drain(seconds(60));
  EXPECT_TRUE(Drained());
}

TEST_F(DrainTest, StopAcceptingLeavesTheOpenOnesAlone) {
  Begin(kLines);
  harness.worker->StopAccepting();
  std::promise<void> stopped;
  harness.worker->loop().Post([&stopped] { stopped.set_value(); });
  stopped.get_future().wait();
  TestSocket late = TestSocket::Connect(tap->bound());  // waits in the backlog
  EXPECT_FALSE(backends.Readable(100));
  ASSERT_TRUE(client.Send("get\n"));
  EXPECT_EQ(backend.Receive(4), "get\n");
}

}  // namespace
}  // namespace sidelight::tap
