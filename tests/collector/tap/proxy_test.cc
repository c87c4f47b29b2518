#include "collector/tap/proxy.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "core/net/proxy_header.h"
#include "tests/collector/tap/harness.h"

namespace sidelight::tap {
namespace {

using Lines = std::vector<std::string>;

struct Connected {
  explicit Connected(const Protocol& protocol = kLines, Options options = {}, Tuning tuning = {})
      : harness(tuning) {
    options.name = "api";
    options.listen = Address::Tcp("127.0.0.1", 0);
    options.upstream = backends.address();
    tap = &harness.Add(options, protocol);
    harness.Start();
    client = TestSocket::Connect(tap->bound(), 16 * 1024);
    backend = backends.Accept();
  }
  TestSocket backends = TestSocket::Listen();
  Harness harness;
  Tap* tap;
  TestSocket client;
  TestSocket backend;
};

TEST(Proxy, AHalfCloseIsPassedOnAndTheOtherWayGoesOn) {
  Connected c;
  ASSERT_TRUE(c.client.Send("get\n"));
  c.client.ShutdownWrite();
  EXPECT_EQ(c.backend.ReceiveAll(), (std::pair<std::string, std::string>("get\n", "end")));
  ASSERT_TRUE(c.backend.Send("hallo\n"));
  ASSERT_EQ(c.client.Receive(6), "hallo\n");
  ASSERT_TRUE(c.backend.Send("again\n"));
  c.backend.Close();
  EXPECT_EQ(c.client.ReceiveAll(), (std::pair<std::string, std::string>("again\n", "end")));
  ASSERT_TRUE(c.harness.sink.story.WaitFor("< end"));
  EXPECT_EQ(c.harness.sink.story.lines(), (Lines{"> get", "> end", "< hallo", "< again", "< end"}));
  EXPECT_EQ(c.harness.Wait("sidelight_tap_open_connections", "", 0), 0);
}

TEST(Proxy, ABackendMaySpeakFirst) {
  Connected c;
  ASSERT_TRUE(c.backend.Send("welcome\n"));
  EXPECT_EQ(c.client.Receive(8), "welcome\n");
}

TEST(Proxy, WhatABackendSaidBeforeItsResetArrives) {
  Connected c;
  ASSERT_TRUE(c.client.Send("upload, of which the backend reads nothing\n"));
  ASSERT_TRUE(c.backend.Readable(60'000));
  ASSERT_TRUE(c.backend.Send("too large\n"));
  EXPECT_EQ(c.client.Receive(10), "too large\n");
  c.backend.Close();  // with bytes unread: a reset
  EXPECT_EQ(c.client.End(), "reset");
}

// A reader that stops makes its writer stop, and everything that is under way arrives later.
TEST(Proxy, BackPressure) {
  for (const Protocol* protocol : {&kLines, &kBlind, &kTcp}) {
    Connected c(*protocol);
    c.backend.Set(SO_SNDBUF, 64 * 1024);
    constexpr size_t kMost = 64 << 20;
    const size_t sent = c.backend.SendUntilFull(kMost);
    EXPECT_LT(sent, size_t{32} << 20) << protocol->name;
    EXPECT_GT(sent, size_t{0});
    // The other way is not held up meanwhile.
    ASSERT_TRUE(c.client.Send("get\n"));
    EXPECT_EQ(c.backend.Receive(4), "get\n") << protocol->name;
    c.backend.ShutdownWrite();
    const auto [bytes, end] = c.client.ReceiveAll();
    EXPECT_EQ(bytes.size(), sent) << protocol->name;
    EXPECT_EQ(bytes.find_first_not_of('x'), std::string::npos) << protocol->name;
    EXPECT_EQ(end, "end") << protocol->name;
  }
}

// Nor are those held up that come before and behind it, which may be spliced.
TEST(Proxy, UrgentBytesStayInTheirPlace) {
  const std::string before(100'000, 'a');
  const std::string behind(1000, 'b');
  for (int i = 0; i < 10; ++i) {
    Connected c(kTcp);
    c.backend.Set(SO_OOBINLINE, 1);
    ASSERT_TRUE(c.client.Send(before));
    ASSERT_EQ(send(c.client.fd(), "!", 1, MSG_OOB | MSG_NOSIGNAL), 1);
    ASSERT_TRUE(c.client.Send(behind));
    const std::string all = before + "!" + behind;
    ASSERT_TRUE(c.backend.Receive(all.size()) == all) << "at try " << i;
  }
}

// The end has come in when the bytes before the urgent one are moved, as the backend is slower than the
// client.
TEST(Proxy, WhatIsBehindUrgentBytesComesBeforeTheEnd) {
  constexpr size_t kPiece = 20'000;
  const std::string before(6'000'000, 'a');
  const std::string behind(kPiece, 'b');
  for (int i = 0; i < 5; ++i) {
    Connected c(kTcp);
    c.backend.Set(SO_OOBINLINE, 1);
    std::thread client([&] {
      EXPECT_TRUE(c.client.Send(before));
      EXPECT_EQ(send(c.client.fd(), "!", 1, MSG_OOB | MSG_NOSIGNAL), 1);
      EXPECT_TRUE(c.client.Send(behind));
      shutdown(c.client.fd(), SHUT_WR);
    });
    const std::string all = before + "!" + behind;
    std::string got;
    while (got.size() < all.size()) {
      const std::string piece = c.backend.Receive(std::min(kPiece, all.size() - got.size()));
      if (piece.empty()) break;
      got += piece;
    }
    client.join();
    EXPECT_EQ(all.size(), got.size()) << "at try " << i;
    EXPECT_TRUE(got == all);
  }
}

TEST(Proxy, CountsConnectionsAndBytes) {
  Connected c(kBlind);
  ASSERT_TRUE(c.client.Send("12345"));
  ASSERT_EQ(c.backend.Receive(5), "12345");
  ASSERT_TRUE(c.backend.Send("123"));
  ASSERT_EQ(c.client.Receive(3), "123");
  EXPECT_EQ(c.harness.Wait("sidelight_tap_bytes_total", "request", 5), 5);
  EXPECT_EQ(c.harness.Wait("sidelight_tap_bytes_total", "response", 3), 3);
  // The first bytes were shown, because they could have been a PROXY header; nothing was understood.
  ASSERT_TRUE(c.client.Send("6789"));
  ASSERT_EQ(c.backend.Receive(4), "6789");
  EXPECT_EQ(c.harness.Wait("sidelight_tap_unparsed_bytes_total", "", 12), 12);
  EXPECT_EQ(c.harness.Value("sidelight_tap_open_connections", ""), 1);
  EXPECT_EQ(c.harness.Value("sidelight_tap_connections_total", ""), 1);
}

TEST(Proxy, TheSourceAddressIsOurs) {
  Options options;
  options.source = *Address::ParseIp("127.0.0.6");
  Connected c(kLines, options);
  EXPECT_EQ(c.backend.peer().host(), "127.0.0.6");
  EXPECT_NE(c.backend.peer().port(), 0);
}

TEST(Proxy, TellsTheBackendWhoTheClientIs) {
  Options options;
  options.proxy_protocol = true;
  Connected c(kLines, options);
  ASSERT_TRUE(c.client.Send("get\n"));
  const auto got = net::DecodeProxyHeader(c.backend.Receive(28));
  ASSERT_EQ(got.status, net::ProxyHeaderStatus::kDone);
  EXPECT_EQ(got.header.source.ToString(), c.client.address().ToString());
  EXPECT_EQ(got.header.destination.ToString(), c.tap->bound().ToString());
  EXPECT_EQ(c.backend.Receive(4), "get\n");
  EXPECT_TRUE(c.harness.sink.story.WaitFor("> get"));
}

TEST(Proxy, AHeaderOfTheClientsIsPassedOnAndNotShown) {
  const auto at = [](std::string_view text) { return *net::SocketAddress::Of(*Address::Parse(text)); };
  const std::string kHeaders[] = {
      "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n",
      net::EncodeProxyHeader(at("192.0.2.1:1"), at("192.0.2.2:2")),
      net::EncodeProxyHeader(at("unix:/a"), at("unix:/b")),
  };
  for (const std::string& header : kHeaders) {
    for (const size_t cut : {size_t{0}, size_t{1}, size_t{12}, size_t{20}, header.size()}) {
      Connected c;
      // Each piece has arrived before the next is sent.
      for (const std::string& piece :
           {header.substr(0, cut), header.substr(cut) + "ge", std::string("t\n")}) {
        ASSERT_TRUE(c.client.Send(piece));
        ASSERT_EQ(c.backend.Receive(piece.size()), piece);
      }
      ASSERT_TRUE(c.harness.sink.story.WaitFor("> t"));
      EXPECT_EQ(c.harness.sink.story.lines(), (Lines{"> ge", "> t"})) << "cut at " << cut;
    }
  }
}

TEST(Proxy, WhatOnlyBeginsLikeAHeaderIsShown) {
  Connected c;
  for (const char* piece : {"P", "RO", "be\n"}) {
    ASSERT_TRUE(c.client.Send(piece));
    ASSERT_EQ(c.backend.Receive(strlen(piece)), piece);
  }
  ASSERT_TRUE(c.harness.sink.story.WaitFor("> be"));
  EXPECT_EQ(c.harness.sink.story.lines(), (Lines{"> PRO", "> be"}));
}

TEST(Proxy, TriesTheAddressesInTurnAndRemembersWhichWorked) {
  TestSocket backends = TestSocket::Listen();
  Harness harness;
  const auto ip = [](const char* text) { return *net::SocketAddress::Of(*Address::ParseIp(text)); };
  harness.resolver.answer = std::make_shared<const std::vector<net::SocketAddress>>(
      std::vector{ip("::1"), ip("127.0.0.9"), ip("127.0.0.1")});
  Tap& tap = harness.Add(Harness::To(Address::Tcp("backend", backends.address().port())));
  harness.Start();
  for (int i = 0; i < 3; ++i) {
    TestSocket client = TestSocket::Connect(tap.bound());
    ASSERT_TRUE(client.Send("get\n"));
    EXPECT_EQ(backends.Accept().Receive(4), "get\n");
  }
  EXPECT_EQ(harness.Value("sidelight_tap_connect_failures_total", ""), 0);
}

TEST(Proxy, ASlowClientKeepsNobodyWaiting) {
  Connected c;
  ASSERT_TRUE(c.client.Send("g"));
  ASSERT_EQ(c.backend.Receive(1), "g");
  TestSocket other = TestSocket::Connect(c.tap->bound());
  TestSocket other_backend = c.backends.Accept();
  ASSERT_TRUE(other.Send("get\n"));
  EXPECT_EQ(other_backend.Receive(4), "get\n");
}

TEST(Proxy, AnIdleConnectionIsSmall) {
  net::RaiseFileLimit();
  Connected c;
  constexpr size_t kConnections = 2000;
  std::vector<TestSocket> sockets;
  sockets.reserve(2 * kConnections);
  const size_t before = mallinfo2().uordblks;
  for (size_t i = 0; i < kConnections; ++i) {
    sockets.push_back(TestSocket::Connect(c.tap->bound()));
    ASSERT_TRUE(sockets.back().Send("get\n"));
    TestSocket backend = c.backends.Accept();
    ASSERT_EQ(backend.Receive(4), "get\n");
    ASSERT_TRUE(backend.Send("hallo\n"));
    ASSERT_EQ(sockets.back().Receive(6), "hallo\n");
    sockets.push_back(std::move(backend));
  }
  // The story that is written down here is part of it.
  const size_t each = (mallinfo2().uordblks - before) / kConnections;
  std::printf("%zu bytes for each idle connection\n", each);
  EXPECT_LE(each, 2048u);
  sockets.clear();
  EXPECT_EQ(c.harness.Wait("sidelight_tap_open_connections", "", 1), 1);
}

TEST(Tap, APortInUseNamesTheTap) {
  TestSocket taken = TestSocket::Listen();
  Options options = Harness::To(Address::Tcp("127.0.0.1", 1));
  options.listen = taken.address();
  const auto tap = Tap::Open(options);
  ASSERT_FALSE(tap);
  EXPECT_TRUE(tap.error().message.starts_with("tap api: cannot listen on " + taken.address().ToString()))
      << tap.error().message;
}

TEST(Worker, SeveralShareOneTap) {
  TestSocket backends = TestSocket::Listen();
  Harness first;
  Harness second;
  Tap& tap = first.Add(Harness::To(backends.address()));
  ASSERT_TRUE(second.worker->Add(tap, kLines, second.sink, Counters(second.families, second.shard, "api")));
  first.Start();
  second.Start();
  for (int i = 0; i < 200; ++i) {
    TestSocket client = TestSocket::Connect(tap.bound());
    ASSERT_TRUE(client.Send("get\n"));
    ASSERT_EQ(backends.Accept().Receive(4), "get\n");
  }
  first.worker->Stop();
  second.worker->Stop();
  EXPECT_EQ(first.Value("sidelight_tap_connections_total", "") +
                second.Value("sidelight_tap_connections_total", ""),
            200);
}

}  // namespace
}  // namespace sidelight::tap
