// A connection of `auto` must give what the same connection of the named protocol gives, in whatever pieces
// its bytes come. The scripts are those of conversation.h.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "collector/protocols/autodetect/detect.h"
#include "collector/protocols/autodetect/observer.h"
#include "collector/protocols/protocol.h"
#include "tests/collector/protocols/conversation.h"
#include "tests/collector/protocols/postgres_wire.h"

namespace sidelight::autodetect {
namespace {

using namespace conversation;

// Everything that any protocol says of an exchange.
class Recorder final : public RecordingSink {
 public:
  void Started(const Exchange& e) override {
    RecordingSink::Started(e);
    out() << "started " << e.operation << " " << e.target << e.summary << " at " << SecondsOf(e.start)
          << "\n";
  }
  void Ended(const Exchange& e) override {
    RecordingSink::Ended(e);
    out() << "ended " << e.operation << " " << e.target << e.summary << " " << e.protocol_version
          << e.database << " " << e.status << e.error << " " << NameOf(e.outcome) << ", " << e.request_bytes
          << " in, " << e.response_bytes << " out, " << e.returned_rows << " rows, ";
    WriteTimes(e);
    for (const CacheLookup& one : e.cache)
      out() << ", " << one.keyspace << " " << one.hits << "/" << one.misses;
    out() << "\n";
  }
  uint32_t Keyspace(std::string_view key) override {
    return key.empty() ? 0 : static_cast<unsigned char>(key[0]);
  }
  void SessionChanged(SessionState from, SessionState to) override {
    out() << NameOf(from) << " -> " << NameOf(to) << "\n";
  }
  ExchangeSink& Detected(const Protocol& protocol) override {
    EXPECT_TRUE(detected.empty());
    detected = protocol.name;
    return *this;
  }

  std::string detected;
};

// With "protocol <name>" as its first line when one was detected.
std::string PlayAuto(const Steps& steps, const Feed& feed) {
  Recorder recorder;
  const auto observer = MakeObserver(recorder);
  Play(steps, feed, *observer, recorder);
  return (recorder.detected.empty() ? "" : "protocol " + recorder.detected + "\n") + recorder.text();
}

void ExpectLikeTheNamed(std::string_view protocol, const Steps& steps) {
  Recorder named;
  const auto observer = FindProtocol(protocol)->make_observer(named);
  Play(steps, FeedWhole, *observer, named);
  ExpectPlays(protocol, steps, "protocol " + std::string(protocol) + "\n" + named.text(),
              [&](const Feed& feed) { return PlayAuto(steps, feed); });
}

TEST(AutoObserver, GivesWhatTheNamedProtocolGives) {
  const struct {
    std::string_view protocol;
    const char* script;
  } kScripts[] = {
      {"http", R"(
        > GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello
        >! end
        <! end)"},
      {"http", R"(
        > POS
        > T /a HTTP/1.1\r\nContent-Length: 3\r\n
        > \r\nabc
        < HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n
        <! end
        >! end)"},
      // The target goes on beyond what is kept.
      {"http", R"(
        > GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n\r\n
        < HTTP/1.1 204 No Content\r\n\r\n)"},
      {"http", R"(
        > \r\nPROPFIND * HTTP/1.0\r\n\r\nGET http://x/ HTTP/1.1\r\n\r\n
        < HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)"},
      {"http", R"(
        > CONNECT a:443 HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\n\r\n
        > \x16\x03)"},
      // The backend was never reached, which was known before the request came.
      {"http", R"(
        <! connect_refused
        > GE
        > T / HTTP/1.1\r\n\r\n)"},
      {"redis", R"(
        > *2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n
        < $1\r\nx\r\n+PONG\r\n
        > *2\r\n$3\r\nGET\r\n$1\r\nb\r\n
        < $-1\r\n
        >! end
        <! end)"},
      {"redis", R"(
        > PING\r\n
        < +PONG\r\n
        > GET a\r\n
        < $-1\r\n)"},
      {"redis", R"(
        > hello 3\r\n
        < -NOAUTH HELLO must be called\r\n)"},
      {"redis", R"(
        > *1
        > 2\r
        > \n$4\r\nMGET\r\n$1\r\na\r\n
        >! reset)"},
      {"memcached", R"(
        > get a b\r\n
        < VALUE a 0 1\r\nx\r\nEND\r\n
        > set a 0 0 2\r\nxy\r\n
        < STORED\r\n
        > quit\r\n
        <! end)"},
      {"memcached", R"(
        > mg
        > \x20a v\r\n
        < VA 1\r\nx\r\n)"},
      // Redis would take this one as well.
      {"memcached", R"(
        > get /index.html\r\n
        < END\r\n)"},
      {"memcached", R"(
        > \x80\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x07\0\0\0\0\0\0\0\0a
        < \x81\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\0)"},
  };
  for (const auto& one : kScripts) ExpectLikeTheNamed(one.protocol, ParseScript(one.script));
}

TEST(AutoObserver, GivesWhatPostgresGives) {
  using namespace postgres::wire;
  const std::string startup = StartupMessage({"user", "bob", "database", "shop"});
  const std::string let_in = AuthenticationOk() + BackendKeyData() + ReadyForQuery('I');
  const std::vector<Steps> kConversations = {
      {Client(startup), Server(let_in), Client(Query("SELECT * FROM users")),
       Server(RowDescription() + DataRow("1") + CommandComplete("SELECT 1") + ReadyForQuery('I')),
       Client(Terminate()), ClientClosed(), ServerClosed()},
      {Client(StartupMessage({"user", "bob"}, kVersion32)), Server(let_in)},
      {Client(SslRequest()), Server("N"), Client(startup), Server(let_in)},
      {Client(GssEncRequest()), Server("S"), Client("anything")},
      {Client(CancelRequest()), ClientClosed(), ServerClosed()},
  };
  for (const Steps& steps : kConversations) ExpectLikeTheNamed("postgres", steps);
}

TEST(AutoObserver, WhatCannotBeToldGoesOpaque) {
  const struct {
    const char* name;
    const char* script;
    const char* want;
  } kCases[] = {
      {"a TLS ClientHello", "> \\x16\\x03\\x01\\x02\\0\\x01\\0\\x01\\xfc\\x03\\x03", "opaque not_protocol"},
      {"HTTP/2's preface", "> PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n", "opaque not_protocol"},
      {"the server speaks first", "< 220 mail ESMTP\\r\\n", "opaque not_protocol"},
      {"the server answers a beginning", "> GE\n< HTTP/1.1 408 Timeout\\r\\n\\r\\n", "opaque not_protocol"},
      {"the client leaves after a beginning", "> GE\n>! end\n<! end", "opaque not_protocol"},
      {"... which the server had left", "> GE\n<! end\n>! reset", "opaque not_protocol"},
      {"SMTP", "> EHLO example.com\\r\\n", "opaque not_protocol"},
      {"SSH", "> SSH-2.0-OpenSSH_9.2\\r\\n", "opaque not_protocol"},
      {"a word that goes on",
       "> AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
       "opaque not_protocol"},
      {"only empty lines",
       "> \\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n"
       "\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n",
       "opaque not_protocol"},
      {"a PostgreSQL of version 2", "> \\0\\0\\x01\\x28\\0\\x02\\0\\0", "opaque not_protocol"},
      {"nobody says a word", ">! end\n<! end", ""},
      {"nobody is reached", "<! connect_refused\n>! reset", ""},
      {"the process ends", "<! shutdown\n>! shutdown", ""},
  };
  for (const auto& c : kCases) {
    const Steps steps = ParseScript(c.script);
    ExpectPlays(c.name, steps, Unindent(c.want), [&](const Feed& feed) { return PlayAuto(steps, feed); });
  }
}

TEST(AutoObserver, IsBusyWhileItWaits) {
  Recorder sink;
  const auto observer = MakeObserver(sink);
  EXPECT_FALSE(observer->InRequestHead());
  observer->OnBytes(Direction::kRequest, "GE", At(1));
  EXPECT_TRUE(observer->InRequestHead());
  EXPECT_FALSE(observer->AwaitingResponse());
  EXPECT_EQ(observer->Skippable(Direction::kRequest), 0u);
  sink.SetNow(At(2));
  observer->OnBytes(Direction::kRequest, "T / HTTP/1.1\r\n\r\n", At(2));
  EXPECT_FALSE(observer->InRequestHead());
  EXPECT_TRUE(observer->AwaitingResponse());
  observer->OnBytes(Direction::kResponse, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", At(2));
  EXPECT_EQ(observer->Skippable(Direction::kResponse), 1000u);
  observer->OnSkipped(Direction::kResponse, 1000, At(2));
  EXPECT_FALSE(observer->AwaitingResponse());
}

TEST(Detect, Table) {
  constexpr std::string_view kNothing = "none";
  constexpr std::string_view kMore = "more";
  const struct {
    std::string_view prefix;
    std::string_view want;
  } kRows[] = {
      {"", kMore},
      {"GET / HTTP/1.1", "http"},
      {"GET / HTTP/1", "http"},
      {"GET / HTTP/", kMore},
      {"GET /", kMore},
      {"GET /\r\n", "redis"},
      {"GET key\r\n", "redis"},
      {"GET http:", kMore},
      {"GET http:k\r\n", "redis"},
      {"GET http://x/ HTTP/1.1", "http"},
      {"get / HTTP/1.1", "memcached"},
      {"BREW /pot HTTP/1.1", "http"},
      {"Brew /pot HTTP/1.1", kNothing},
      {"OPTIONS * HTTP/1.1", "http"},
      {"CONNECT x:1 HTTP/1.1", "http"},
      {"PRI * HTTP/2.0", kNothing},
      {"*1\r\n$", "redis"},
      {"*12345\r\n$", "redis"},
      {"*0\r\n", kNothing},
      {"*-1\r\n", kNothing},
      {"*1\n$", kNothing},
      {"*12345678901", kNothing},
      {"*\r\n", kNothing},
      {"PING", kMore},
      {"PING\r\n", "redis"},
      {"ping\n", "redis"},
      {"INFO all\r\n", "redis"},
      {"auth secret\r\n", "redis"},
      {"SELECTED\r\n", kNothing},
      {"get k\r\n", "memcached"},
      {"gets k\r\n", "memcached"},
      {"set k 0 0 1\r\n", "memcached"},
      {"mn\r\n", "memcached"},
      {"flush_all\r\n", "memcached"},
      {"version\r\n", "memcached"},
      {"getter k\r\n", kNothing},
      {"get\tk\r\n", kNothing},
      {std::string_view("\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01", 12), "memcached"},
      {std::string_view("\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00", 11), kMore},
      {std::string_view("\x80\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01", 12), kNothing},
      {std::string_view("\x80\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00", 12), kNothing},
      {std::string_view("\x80\x00\x00\x01\x00\x01", 6), kNothing},
      {"\x80\x2e", kNothing},
      {"\x81", kNothing},
      {std::string_view("\0", 1), kMore},
      {std::string_view("\0\0\0\x08\x04\xd2\x16\x2f", 8), "postgres"},
      {std::string_view("\0\0\0\x09\x04\xd2\x16\x2f", 8), kNothing},
      {std::string_view("\0\0\0\x07", 4), kNothing},
      {std::string_view("\0\0\x40\0", 4), kNothing},
      {std::string_view("\0\0\0\x20\0\x03\0\0", 8), "postgres"},
      {"\x16\x03", kNothing},
      {" ", kNothing},
      {"{\"a\":1}", kNothing},
  };
  for (const auto& row : kRows) {
    const Detection got = Detect(row.prefix);
    const std::string_view name = !got.decided              ? kMore
                                  : got.protocol == nullptr ? kNothing
                                                            : got.protocol->name;
    EXPECT_EQ(name, row.want) << testing::PrintToString(std::string(row.prefix));
  }
}

// What a protocol said of a prefix it says of every longer one: that is what makes pieces not matter.
TEST(Detect, EveryLikenessIsFinal) {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  const std::vector<std::string> kBeginnings = {"",
                                                "GET /",
                                                "GET http:",
                                                "\r\n",
                                                "*1",
                                                "PING",
                                                "get ",
                                                "CONNECT a",
                                                std::string("\x80\0\0\1", 4),
                                                std::string("\0\0\0\x08\x04\xd2\x16", 7)};
  const std::string_view alphabet = "GETgetaP/:* \r\n1$HTTP/1.1_-";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = kBeginnings[random() % kBeginnings.size()];
    while (text.size() < kMaxPrefix) {
      text += random() % 8 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
    }
    for (const Protocol& protocol : Protocols()) {
      if (protocol.likeness == nullptr) continue;
      Likeness said = Likeness::kMaybe;
      for (size_t n = 0; n <= kMaxPrefix; ++n) {
        const Likeness now = protocol.likeness(std::string_view(text).substr(0, n));
        ASSERT_TRUE(said == Likeness::kMaybe || now == said)
            << protocol.name << " changed its mind at byte " << n << " of " << testing::PrintToString(text)
            << "; seed " << seed;
        said = now;
      }
    }
  }
}

}  // namespace
}  // namespace sidelight::autodetect
