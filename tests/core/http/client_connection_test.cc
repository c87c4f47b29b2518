// A connection that is kept between requests, and what a server may do to it; bodies beyond their bound.
#include "core/http/client_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/core/http/certificates.h"
#include "tests/core/http/files.h"
#include "tests/core/http/tls_server.h"

namespace sidelight::http {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using End = TlsServer::End;

constexpr std::string_view kHi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

std::string Sentence(const Result<Response>& answer) {
  return answer ? std::to_string(answer->status) + " " + answer->body : answer.error().message;
}

// The connection that each request came on.
std::vector<int> ConnectionsOf(const std::vector<TlsServer::Seen>& seen) {
  std::vector<int> connections;
  for (const TlsServer::Seen& one : seen) connections.push_back(one.connection);
  return connections;
}

TEST(ClientConnectionTest, IsKept) {
  const TlsServer server({.end = End::kStay});
  ClientConnection client(server.url(), {});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Sentence(client.Send({.method = "POST", .body = std::string(100'000, 'b')})), "200 hi");
  }
  EXPECT_EQ(client.connections(), 1u);
  EXPECT_THAT(ConnectionsOf(server.Await(3)), ElementsAre(1, 1, 1));
  EXPECT_THAT(server.Last().request, Not(HasSubstr("Connection:")));
  client.Close();
  EXPECT_EQ(Sentence(client.Send({})), "200 hi");
  EXPECT_THAT(ConnectionsOf(server.Await(4)), ElementsAre(1, 1, 1, 2));
}

TEST(ClientConnectionTest, IsNotKeptWithoutALimit) {
  const TlsServer server({.end = End::kStay});
  ClientConnection client(server.url(), {}, Duration::zero());
  EXPECT_EQ(Sentence(client.Send({})), "200 hi");
  EXPECT_EQ(Sentence(client.Send({})), "200 hi");
  EXPECT_THAT(ConnectionsOf(server.Await(2)), ElementsAre(1, 2));
  EXPECT_THAT(server.Last().request, HasSubstr("\r\nConnection: close\r\n"));
}

TEST(ClientConnectionTest, IsNotUsedAgainAfterAnythingUnexpected) {
  const std::string cases[] = {
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
      "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
      // An answer that nobody asked for would be taken for that to the next request.
      std::string(kHi) + "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nevil",
  };
  for (const std::string& response : cases) {
    const TlsServer server({.response = response, .end = End::kStay});
    ClientConnection client(server.url(), {});
    EXPECT_EQ(Sentence(client.Send({})), "200 hi") << response;
    EXPECT_EQ(Sentence(client.Send({})), "200 hi") << response;
    EXPECT_THAT(ConnectionsOf(server.Await(2)), ElementsAre(1, 2)) << response;
  }
}

TEST(ClientConnectionTest, TheServerMayEndIt) {
  const Authority authority;
  const Files files;
  ClientOptions options;
  options.tls.ca_file = files.Write("ca.pem", authority.certificate());
  for (const bool tls : {false, true}) {
    for (const End end : {End::kGoodbye, End::kCut}) {
      const TlsServer server({.identity = tls ? authority.Issue() : Authority::Issued(), .end = end});
      ClientConnection client(server.url(), options);
      for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(Sentence(client.Send({.method = "POST", .repeatable = true})), "200 hi") << tls;
        // So that its goodbye has come.
        server.Await(static_cast<size_t>(i));
      }
      EXPECT_THAT(ConnectionsOf(server.Await(3)), ElementsAre(1, 2, 3)) << tls;
    }
  }
}

// The server ends it in the very moment of the second request.
TEST(ClientConnectionTest, OnlyWhatIsRepeatableIsRepeated) {
  const Authority authority;
  const Files files;
  ClientOptions options;
  options.tls.ca_file = files.Write("ca.pem", authority.certificate());
  for (const bool tls : {false, true}) {
    const TlsServer server(
        {.identity = tls ? authority.Issue() : Authority::Issued(), .end = End::kStay, .answers = 1});
    ClientConnection careful(server.url(), options);
    EXPECT_EQ(Sentence(careful.Send({.method = "POST"})), "200 hi");
    const Result<Response> failed = careful.Send({.method = "POST"});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(Sentence(careful.Send({.method = "POST"})), "200 hi");
    EXPECT_THAT(ConnectionsOf(server.Await(3)), ElementsAre(1, 1, 2));
    careful.Close();

    ClientConnection bold(server.url(), options);
    EXPECT_EQ(Sentence(bold.Send({.repeatable = true})), "200 hi");
    EXPECT_EQ(Sentence(bold.Send({.repeatable = true})), "200 hi");
    EXPECT_THAT(ConnectionsOf(server.Await(6)), ElementsAre(1, 1, 2, 3, 3, 4));
  }
}

TEST(ClientConnectionTest, OverTlsToo) {
  const Authority authority;
  const Files files;
  const TlsServer server({.identity = authority.Issue(), .end = End::kStay});
  ClientOptions options;
  options.tls.ca_file = files.Write("ca.pem", authority.certificate());
  ClientConnection client(server.url(), options);
  EXPECT_EQ(Sentence(client.Send({})), "200 hi");
  EXPECT_EQ(Sentence(client.Send({})), "200 hi");
  // A file that is half written does no harm to a connection that stands.
  files.Write("ca.pem", "");
  EXPECT_EQ(Sentence(client.Send({})), "200 hi");
  // Whom we trust has changed.
  files.Write("ca.pem", authority.certificate() + Authority().certificate());
  EXPECT_EQ(Sentence(client.Send({})), "200 hi");
  EXPECT_THAT(ConnectionsOf(server.Await(4)), ElementsAre(1, 1, 1, 2));
  files.Write("ca.pem", Authority().certificate());
  EXPECT_THAT(Sentence(client.Send({})), HasSubstr("no authority that is trusted has signed it"));
}

TEST(ClientConnectionTest, AnIdleOneIsLeft) {
  const TlsServer server({.end = End::kStay});
  ClientConnection client(server.url(), {}, std::chrono::nanoseconds(1));
  EXPECT_EQ(Sentence(client.Send({})), "200 hi");
  EXPECT_EQ(Sentence(client.Send({})), "200 hi");
  EXPECT_EQ(client.connections(), 2u);
}

TEST(ClientConnectionTest, FailuresEndIt) {
  const TlsServer server({.end = End::kHang});
  ClientConnection client(server.url(), {.timeout = milliseconds(500)});
  EXPECT_THAT(Sentence(client.Send({})), HasSubstr("the response was not whole after 0.5 s"));
  // A hanging request is not repeated: the time is up.
  EXPECT_THAT(Sentence(client.Send({.repeatable = true})), HasSubstr("not whole after 0.5 s"));
  EXPECT_EQ(client.connections(), 2u);
}

TEST(ClientConnectionTest, SendsWhatTheCallerSays) {
  const TlsServer server({.end = End::kStay});
  ClientConnection client(server.url(), {});
  const std::string body("\x1f\x8b\0\xff", 4);
  EXPECT_EQ(Sentence(client.Send({.method = "POST",
                                  .target = "/v1/metrics",
                                  .content_type = "application/x-protobuf",
                                  .headers = {{"Content-Encoding", "gzip"},
                                              {"user-agent", "OTel-OTLP-Exporter-Cpp/1"},
                                              {"X-Scope-OrgID", "t\xc3\xa9"}},
                                  .body = body})),
            "200 hi");
  EXPECT_EQ(
      server.Last().request,
      "POST /v1/metrics HTTP/1.1\r\nHost: " + server.url().authority +
          "\r\nContent-Encoding: gzip\r\nuser-agent: OTel-OTLP-Exporter-Cpp/1\r\nX-Scope-OrgID: t\xc3\xa9\r\n"
          "Content-Type: application/x-protobuf\r\nContent-Length: 4\r\n\r\n" +
          body);
  for (const auto& [name, value] : Fields{{"A", "hunter2\r\nEvil: 1"},
                                          {"A\r\nEvil", "hunter2"},
                                          {"", "hunter2"},
                                          {"A b", "hunter2"},
                                          {"A", std::string("hunter2\0", 8)}}) {
    const Result<Response> refused = client.Send({.headers = {{name, value}}});
    ASSERT_FALSE(refused) << name << value;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.error().message, Not(HasSubstr("hunter2")));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("Evil")));
  }
}

TEST(ClientConnectionTest, RedirectsAreNotFollowed) {
  const TlsServer elsewhere({});
  const TlsServer server({.response = "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://" +
                                      elsewhere.url().authority + "/\r\nContent-Length: 0\r\n\r\n"});
  const Result<Response> answer = Fetch(server.url(), {.method = "POST", .body = "x"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 307);
  EXPECT_EQ(answer->Header("location"), "http://" + elsewhere.url().authority + "/");
  EXPECT_EQ(answer->Header("Retry-After"), "");
}

// 64 MiB for an answer: with a length, in chunks, and to the end of the connection.
TEST(ClientConnectionTest, AHugeAnswerIsNotKept) {
  constexpr size_t kMaxBody = 4096;
  constexpr size_t kMiB = 1 << 20;
  const std::string mebibyte(kMiB, 'x');
  const struct {
    std::string about;
    std::string head;
    std::string more;
  } cases[] = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n", mebibyte},
      {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "100000\r\n" + mebibyte + "\r\n"},
      {"to the end", "HTTP/1.1 200 OK\r\n\r\n", mebibyte},
  };
  const Authority authority;
  const Files files;
  ClientOptions options{.max_body_bytes = kMaxBody};
  options.tls.ca_file = files.Write("ca.pem", authority.certificate());
  for (const bool tls : {false, true}) {
    for (const auto& row : cases) {
      const TlsServer server({.identity = tls ? authority.Issue() : Authority::Issued(),
                              .response = row.head,
                              .more = row.more,
                              .more_times = 64,
                              .end = End::kStay});
      options.excess = Excess::kRefuse;
      ClientConnection strict(server.url(), options);
      const Result<Response> refused = strict.Send({});
      ASSERT_FALSE(refused) << row.about;
      EXPECT_EQ(refused.error().code, ErrorCode::kLimit) << row.about;
      EXPECT_EQ(refused.error().message, server.url().authority + ": its body is larger than 4096 bytes");

      options.excess = Excess::kCut;
      ClientConnection lenient(server.url(), options);
      const Result<Response> cut = lenient.Send({});
      ASSERT_TRUE(cut) << row.about << cut.error().message;
      EXPECT_EQ(cut->status, 200);
      EXPECT_EQ(cut->body, std::string(kMaxBody, 'x')) << row.about;
      EXPECT_LE(cut->body.capacity(), 64u * 1024) << row.about;

      // What was sent is what the sockets' buffers took: nobody has read it.
      for (const TlsServer::Seen& seen : server.Await(2)) EXPECT_LT(seen.sent, 32 * kMiB) << row.about;
    }
  }
}

// A listener whose queue is full: what the kernel does with further connections is nothing.
class Deaf {
 public:
  Deaf() {
    auto listener = net::Listener::Open(net::Address::Tcp("127.0.0.1", 0));
    EXPECT_TRUE(listener);
    listener_ = *std::move(listener);
    EXPECT_EQ(::listen(listener_->fd(), 0), 0);
    const net::SocketAddress& to = listener_->bound_address();
    for (int& fd : callers_) {
      fd = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      (void)!::connect(fd, to.generic(), to.size());
    }
  }
  ~Deaf() {
    for (const int fd : callers_) ::close(fd);
  }
  Url url() const { return *Url::Parse("http://" + listener_->bound().ToString()); }

 private:
  std::unique_ptr<net::Listener> listener_;
  std::array<int, 4> callers_{};
};

TEST(ClientConnectionTest, AServerThatDoesNotEvenAccept) {
  const Deaf deaf;
  const std::string host = deaf.url().authority;
  const Result<Response> late = Fetch(deaf.url(), {}, {.connect_timeout = milliseconds(60)});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(late.error().message, host + ": the connection was not there after 0.06 s");
  // The whole is shorter than its part.
  const TimePoint begin = SystemClock().Now();
  const Result<Response> whole =
      Fetch(deaf.url(), {}, {.connect_timeout = std::chrono::hours(1), .timeout = milliseconds(50)});
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().message, host + ": the connection was not there after 0.05 s");
  EXPECT_LT(SystemClock().Now() - begin, std::chrono::minutes(1));
}

// Bytes that never stop, each of them in time.
TEST(ClientConnectionTest, AServerThatDrips) {
  const Authority authority;
  const Files files;
  ClientOptions options{.timeout = milliseconds(200)};
  options.tls.ca_file = files.Write("ca.pem", authority.certificate());
  for (const bool tls : {false, true}) {
    const TlsServer server({.identity = tls ? authority.Issue() : Authority::Issued(),
                            .response = "HTTP/1.1 200 OK\r\nX: ",
                            .more = "x",
                            .more_times = 60'000,
                            .pause = milliseconds(5)});
    const TimePoint begin = SystemClock().Now();
    const Result<Response> answer = Fetch(server.url(), {}, options);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kTimeout) << answer.error().message;
    EXPECT_LT(SystemClock().Now() - begin, std::chrono::minutes(1));
  }
}

TEST(ClientConnectionTest, NoErrorShowsWhatWasSent) {
  const std::string secret = "hunter2";
  const ClientRequest request{.method = "POST",
                              .headers = {{"Authorization", "Bearer " + secret}, {"X-" + secret, secret}},
                              .body = secret};
  const Authority authority;
  const Authority::Issued expired = authority.Issue({.begins = -7200, .ends = -3600});
  const TlsServer::Options servers[] = {
      {.response = "", .end = End::kCut},
      {.end = End::kHang},
      {.response = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", .end = End::kCut},
      {.response = "HTTP/1.1 200 OK\r\nContent-Le", .end = End::kCut},
      {.response = "SSH-2.0-OpenSSH_9\r\n"},
      {.response = "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"},
      {.response = "HTTP/1.1 200 OK\r\n\r\n", .more = std::string(1000, 'x'), .more_times = 10},
      {.response = secret + ": " + secret + "\r\n"},
      {.identity = expired},
      {.identity = authority.Issue()},
  };
  for (const TlsServer::Options& options : servers) {
    const TlsServer server(options);
    const Result<Response> answer =
        Fetch(server.url(), request, {.timeout = milliseconds(300), .max_body_bytes = 100});
    ASSERT_FALSE(answer) << options.response;
    EXPECT_THAT(answer.error().message, StartsWith(server.url().authority + ": ")) << options.response;
    EXPECT_THAT(answer.error().message, Not(HasSubstr(secret))) << options.response;
  }
  const Url gone = TlsServer({}).url();
  const Result<Response> answer = Fetch(gone, request);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, Not(HasSubstr(secret)));
}

TEST(ClientConnectionTest, AHugeHeadIsRefused) {
  const TlsServer server({.response = "HTTP/1.1 200 OK\r\n",
                          .more = "X: " + std::string(1000, 'x') + "\r\n",
                          .more_times = 64'000});
  for (const Excess excess : {Excess::kRefuse, Excess::kCut}) {
    const Result<Response> answer = Fetch(server.url(), {}, {.excess = excess});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kLimit) << answer.error().message;
  }
}

}  // namespace
}  // namespace sidelight::http
