#include "core/net/probe_responder.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/core/net/test_socket.h"
#include "tests/support/fake_clock.h"

namespace sidelight::net {
namespace {

std::optional<ProbeAnswer> Answer(std::string_view path) {
  if (path == "/-/healthy") return ProbeAnswer{200, "Sidelight is healthy.\n"};
  if (path == "/-/ready") return ProbeAnswer{503, "Sidelight is not ready.\n"};
  return std::nullopt;
}

class ProbeResponderTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(responder.Start());
    runner = std::thread([this] { loop->Run(); });
  }
  void TearDown() override {
    loop->Stop();
    runner.join();
  }
  std::string Ask(std::string_view request) {
    TestSocket client = TestSocket::Connect(listener->bound());
    client.Send(request);
    const auto [text, end] = client.ReceiveAll();
    EXPECT_EQ(end, "end") << request.substr(0, 80);
    return text;
  }

  FakeClock clock;
  std::unique_ptr<EventLoop> loop = *EventLoop::Open(clock);
  std::unique_ptr<Listener> listener = *Listener::Open(Address::Tcp("127.0.0.1", 0));
  ProbeResponder responder{*listener, *loop, Answer};
  std::thread runner;
};

TEST_F(ProbeResponderTest, Answers) {
  const std::pair<std::string, std::string_view> kCases[] = {
      {"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
      {"GET /-/healthy?verbose HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
      {"GET /-/ready HTTP/1.1\r\n\r\n", "HTTP/1.1 503 Service Unavailable\r\n"},
      {"HEAD /-/healthy HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
      {"POST /-/healthy HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 Method Not Allowed\r\n"},
      {"GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
      {"nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"GET  HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"GET / HTTP/2\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"GET /" + std::string(9000, 'x'), "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
  };
  for (const auto& [request, wanted] : kCases) {
    const std::string got = Ask(request);
    EXPECT_EQ(got.substr(0, wanted.size()), wanted) << "input " << request.substr(0, 80);
    EXPECT_NE(got.find("Connection: close\r\n"), std::string::npos) << got;
  }
  EXPECT_TRUE(Ask("GET /-/healthy HTTP/1.1\r\n\r\n").ends_with("\r\n\r\nSidelight is healthy.\n"));
  EXPECT_TRUE(
      Ask("HEAD /-/healthy HTTP/1.1\r\n\r\n").ends_with("Content-Length: 22\r\nConnection: close\r\n\r\n"));
}

TEST_F(ProbeResponderTest, TakesARequestInPieces) {
  TestSocket client = TestSocket::Connect(listener->bound());
  for (const char c : std::string_view("GET /-/healthy HTTP/1.1\r\n\r\n")) ASSERT_TRUE(client.Send({&c, 1}));
  EXPECT_TRUE(client.ReceiveAll().first.starts_with("HTTP/1.1 200 OK"));
}

TEST_F(ProbeResponderTest, SlowClientsDoNotStarveProbes) {
  std::vector<TestSocket> slow;
  for (size_t i = 0; i < 2 * ProbeResponder::kMaxConnections; ++i) {
    slow.push_back(TestSocket::Connect(listener->bound()));
    ASSERT_TRUE(slow.back().Send("G"));
  }
  EXPECT_TRUE(Ask("GET /-/healthy HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
  EXPECT_NE(slow.front().End(), "deadline");  // the oldest made room
}

TEST_F(ProbeResponderTest, TheHeaderHasADeadline) {
  TestSocket client = TestSocket::Connect(listener->bound());
  ASSERT_TRUE(client.Send("GET /-/hea"));
  // Once another one was answered, the first is known to the loop.
  EXPECT_TRUE(Ask("GET /-/healthy HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
  clock.Advance(ProbeResponder::kHeaderDeadline);
  loop->Post([] {});
  EXPECT_TRUE(client.ReceiveAll().first.starts_with("HTTP/1.1 408 Request Timeout"));
}

}  // namespace
}  // namespace sidelight::net
