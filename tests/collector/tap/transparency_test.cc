// Whatever is sent through a tap arrives unchanged, whichever observer looks on: random bytes, each protocol
// and what resembles it, in random pieces, both ways at once, with half-closes and resets, over TCP (IPv4 and
// IPv6) and unix sockets, copied and spliced.
//
// SIDELIGHT_SEED sets the seed, SIDELIGHT_STREAMS how many connections there are.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <list>
#include <random>
#include <string>
#include <vector>

#include "collector/protocols/protocol.h"
#include "tests/collector/tap/harness.h"

namespace sidelight::tap {
namespace {

using Random = std::mt19937_64;

size_t Below(Random& random, size_t n) {
  return std::uniform_int_distribution<size_t>(0, n - 1)(random);
}

std::string RandomBytes(Random& random, size_t n) {
  std::string bytes(n, '\0');
  for (size_t i = 0; i < n; i += 8) {
    const uint64_t word = random();
    memcpy(bytes.data() + i, &word, std::min<size_t>(8, n - i));
  }
  return bytes;
}

std::string Body(Random& random) {
  return RandomBytes(random, Below(random, 10) == 0 ? Below(random, 200'000) : Below(random, 2000));
}

std::string Http(Random& random, bool response) {
  const std::string body = Body(random);
  return (response ? "HTTP/1.1 200 OK\r\n"
                   : "POST /orders/" + std::to_string(random()) + " HTTP/1.1\r\nHost: a\r\n") +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string Redis(Random& random, bool response) {
  const auto bulk = [](const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  };
  switch (Below(random, 4)) {
    case 0:
      return response ? "+PONG\r\n" : "PING\r\n";
    case 1:
      return response ? "+OK\r\n" : "*3\r\n" + bulk("SET") + bulk("user:1") + bulk(Body(random));
    case 2:
      return response ? "*2\r\n" + bulk(Body(random)) + "$-1\r\n"
                      : "*3\r\n" + bulk("MGET") + bulk("user:1") + bulk("user:2");
    default:
      return response ? bulk(Body(random)) : "*2\r\n" + bulk("GET") + bulk("user:1");
  }
}

std::string Memcached(Random& random, bool response) {
  const std::string body = Body(random);
  const std::string size = std::to_string(body.size());
  switch (Below(random, 3)) {
    case 0:
      return response ? "STORED\r\n" : "set user:1 0 0 " + size + "\r\n" + body + "\r\n";
    case 1:
      return response ? "VA " + size + "\r\n" + body + "\r\n" : "mg user:1 v\r\n";
    default:
      return response ? "VALUE user:1 0 " + size + "\r\n" + body + "\r\nEND\r\n" : "get user:1 user:2\r\n";
  }
}

std::string Big(size_t number, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) {
    out += i < static_cast<int>(sizeof number) ? static_cast<char>(number >> (8 * i)) : '\0';
  }
  return out;
}

std::string MemcachedBinary(Random& random, bool response) {
  const std::string body = Body(random);
  const std::string key = response ? "" : "user:1";
  return Big(response ? 0x81 : 0x80, 1) + Big(response ? 0x00 : 0x01, 1) + Big(key.size(), 2) + Big(8, 1) +
         Big(0, 3) + Big(8 + key.size() + body.size(), 4) + Big(0, 12) + Big(0, 8) + key + body;
}

std::string Postgres(Random& random, bool response) {
  const auto message = [](char type, const std::string& content) {
    return type + Big(content.size() + 4, 4) + content;
  };
  const std::string nul(1, '\0');
  if (!response) {
    return Below(random, 2) == 0 ? message('Q', "SELECT * FROM users WHERE name = 'x'" + nul)
                                 : message('P', nul + "INSERT INTO t VALUES ($1)" + nul + Big(0, 2)) +
                                       message('B', nul + nul + Body(random)) +
                                       message('E', nul + Big(0, 4)) + message('S', "");
  }
  return message('T', Big(0, 2)) + message('D', Body(random)) + message('C', "SELECT 1" + nul) +
         message('Z', "I");
}

// Each word of one of these protocols, and how its connections begin.
struct Language {
  std::string (*say)(Random& random, bool response);
  std::string client_begins = "";
  std::string backend_begins = "";
};
const Language kLanguages[] = {
    {Http},
    {Redis},
    {Memcached},
    {MemcachedBinary},
    {Postgres, Big(18, 4) + Big(3, 2) + Big(0, 2) + std::string("user\0bob\0\0", 10),
     "R" + Big(8, 4) + Big(0, 4) + "Z" + Big(5, 4) + "I"},
};

std::string Speak(Random& random, const Language& language, bool response) {
  std::string text = response ? language.backend_begins : language.client_begins;
  for (size_t messages = 1 + Below(random, 4); messages > 0; --messages)
    text += language.say(random, response);
  // What resembles it: a byte is wrong, or the end is missing.
  if (Below(random, 3) == 0) text[Below(random, text.size())] ^= 0x20;
  if (Below(random, 3) == 0) text.resize(Below(random, text.size() + 1));
  // Or only its beginning is right.
  if (Below(random, 6) == 0) text = text.substr(0, 1 + Below(random, 30)) + Body(random);
  return text;
}

// One side of a connection: sends its bytes in pieces, then an end or a reset, and reads what comes.
struct Side {
  Side(Random& random, TestSocket s, const Language& language, bool response) : socket(std::move(s)) {
    fcntl(socket.fd(), F_SETFL, O_NONBLOCK);
    to_send = Below(random, 3) != 0 ? Speak(random, language, response)
                                    : RandomBytes(random, Below(random, 20) == 0 ? Below(random, 300'000)
                                                                                 : Below(random, 4000));
    resets = Below(random, 8) == 0;
    piece = 1 + Below(random, to_send.size() < 5000 && Below(random, 2) == 0 ? 100 : 100'000);
  }
  // Nothing more to do: it has sent and said its end, and has heard the other's.
  bool Done() const { return socket.fd() < 0 || (said_end && heard_end); }
  short Wants() const { return static_cast<short>((heard_end ? 0 : POLLIN) | (said_end ? 0 : POLLOUT)); }

  void Step(Random& random, short events) {
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !heard_end) Read(random);
    if ((events & (POLLOUT | POLLHUP | POLLERR)) != 0 && !said_end && socket.fd() >= 0) Write(random);
  }
  void Read(Random& random) {
    std::string buffer(1 + Below(random, 50'000), '\0');
    const ssize_t n = recv(socket.fd(), buffer.data(), buffer.size(), 0);
    if (n > 0) return void(received.append(buffer.data(), static_cast<size_t>(n)));
    if (n < 0 && errno == EAGAIN) return;
    heard_end = true;
    if (n < 0) broken = said_end = true;
  }
  void Write(Random& random) {
    if (sent < to_send.size()) {
      const size_t most = std::min(1 + Below(random, piece), to_send.size() - sent);
      const ssize_t n = send(socket.fd(), to_send.data() + sent, most, MSG_NOSIGNAL);
      if (n > 0) sent += static_cast<size_t>(n);
      if (n < 0 && errno != EAGAIN) broken = said_end = true;
      return;
    }
    said_end = true;
    if (!resets) return socket.ShutdownWrite();
    socket.Reset();
    heard_end = broken = true;
  }

  TestSocket socket;
  std::string to_send;
  size_t sent = 0;
  size_t piece;
  bool resets;
  std::string received;
  bool said_end = false;
  bool heard_end = false;
  bool broken = false;  // there was a reset, its own or the other's
};

struct Stream {
  Side client;
  Side backend;
};

void Check(const Side& from, const Side& to, const std::string& where) {
  const bool clean = !from.broken && !to.broken;
  ASSERT_LE(to.received.size(), from.sent) << where;
  ASSERT_TRUE(from.to_send.compare(0, to.received.size(), to.received) == 0)
      << where << ": other bytes arrived";
  if (clean) {
    ASSERT_EQ(to.received.size(), from.to_send.size()) << where << ": bytes are missing";
  }
}

TEST(Transparency, WhatIsSentArrives) {
  const char* const seed_text = getenv("SIDELIGHT_SEED");
  const uint64_t seed = seed_text != nullptr ? strtoull(seed_text, nullptr, 10) : std::random_device()();
  const char* const streams_text = getenv("SIDELIGHT_STREAMS");
  const size_t wanted = streams_text != nullptr ? strtoull(streams_text, nullptr, 10) : 10'000;
  std::printf("SIDELIGHT_SEED=%llu\n", static_cast<unsigned long long>(seed));
  Random random(seed);

  std::string folder = (std::filesystem::temp_directory_path() / "sidelight-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const Address v4 = Address::Tcp("127.0.0.1", 0);
  const Address v6 = net::HasIpv6() ? Address::Tcp("::1", 0) : v4;
  const auto local = [&folder](const char* name) { return Address::Unix(folder + "/" + name); };
  net::RaiseFileLimit();

  // The second worker has small buffers and splices whatever it may.
  Harness usual;
  Harness small({.buffer = 3000, .first_read = 100, .splice_from = 1});
  constexpr size_t kAny = std::size(kLanguages);
  struct Way {
    Harness& harness;
    const Protocol& protocol;
    size_t language;  // of kLanguages
    Address listen, backend;
  };
  const Way kWays[] = {
      {usual, *FindProtocol("http"), 0, v4, v4},
      {usual, *FindProtocol("http"), 0, v6, local("a")},
      {usual, kTcp, kAny, local("b"), v6},
      {usual, kBlind, kAny, v4, v4},
      {usual, *FindProtocol("redis"), 1, v4, v4},
      {usual, *FindProtocol("memcached"), 2, v6, v4},
      {usual, *FindProtocol("postgres"), 4, v4, local("g")},
      {usual, *FindProtocol("auto"), kAny, v4, v4},
      {small, *FindProtocol("http"), 0, v4, v4},
      {small, kBlind, kAny, v4, local("c")},
      {small, kTcp, kAny, local("d"), v4},
      {small, *FindProtocol("http"), 0, local("e"), local("f")},
      {small, kBlind, kAny, v4, v4},
      {small, *FindProtocol("redis"), 1, local("h"), v4},
      {small, *FindProtocol("memcached"), 3, v4, v4},
      {small, *FindProtocol("postgres"), 4, v4, v4},
      {small, *FindProtocol("auto"), kAny, v4, local("i")},
      {small, *FindProtocol("auto"), kAny, v6, v6},
  };
  std::vector<TestSocket> backends;
  std::vector<Tap*> taps;
  for (const Way& way : kWays) {
    backends.push_back(TestSocket::Listen(way.backend));
    Options options = Harness::To(backends.back().address());
    options.listen = way.listen;
    taps.push_back(&way.harness.Add(options, way.protocol));
  }
  usual.Start();
  small.Start();

  constexpr size_t kAtOnce = 64;
  std::list<std::pair<Stream, std::string>> open;
  size_t begun = 0;
  size_t clean = 0;
  auto last_progress = std::chrono::steady_clock::now();
  while (begun < wanted || !open.empty()) {
    while (begun < wanted && open.size() < kAtOnce) {
      const size_t way = Below(random, std::size(kWays));
      TestSocket client = TestSocket::Connect(taps[way]->bound());
      TestSocket backend = backends[way].Accept();
      ASSERT_GE(client.fd(), 0);
      ASSERT_GE(backend.fd(), 0);
      // Mostly what the tap expects, as far as it expects anything.
      size_t language = Below(random, std::size(kLanguages));
      if (kWays[way].language < std::size(kLanguages) && Below(random, 4) != 0)
        language = kWays[way].language;
      open.emplace_back(Stream{Side(random, std::move(client), kLanguages[language], false),
                               Side(random, std::move(backend), kLanguages[language], true)},
                        "stream " + std::to_string(begun) + " of way " + std::to_string(way));
      ++begun;
    }
    std::vector<pollfd> polled;
    for (const auto& [stream, name] : open) {
      for (const Side* side : {&stream.client, &stream.backend}) {
        polled.push_back(
            {.fd = side->Done() ? -1 : side->socket.fd(), .events = side->Wants(), .revents = 0});
      }
    }
    poll(polled.data(), polled.size(), 100);
    size_t i = 0;
    for (auto at = open.begin(); at != open.end();) {
      auto& [stream, name] = *at;
      for (Side* side : {&stream.client, &stream.backend}) {
        const short events = polled[i++].revents;
        if (events == 0 || side->Done()) continue;
        side->Step(random, events);
        last_progress = std::chrono::steady_clock::now();
      }
      if (stream.client.Done() && stream.backend.Done()) {
        Check(stream.client, stream.backend, name + ", to the backend");
        Check(stream.backend, stream.client, name + ", to the client");
        if (HasFatalFailure()) return;
        if (!stream.client.broken && !stream.backend.broken) ++clean;
        at = open.erase(at);
      } else {
        ++at;
      }
    }
    ASSERT_LT(std::chrono::steady_clock::now() - last_progress, std::chrono::minutes(1))
        << open.front().second << " hangs: client sent " << open.front().first.client.sent << " of "
        << open.front().first.client.to_send.size() << ", backend sent " << open.front().first.backend.sent
        << " of " << open.front().first.backend.to_send.size();
  }
  EXPECT_GT(clean, wanted / 2);
  // Nothing is left behind.
  EXPECT_EQ(usual.Wait("sidelight_tap_open_connections", "", 0), 0);
  EXPECT_EQ(small.Wait("sidelight_tap_open_connections", "", 0), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sidelight::tap
