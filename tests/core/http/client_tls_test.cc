// The client over TLS, against servers whose certificates were made for the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/http/client.h"
#include "tests/core/http/certificates.h"
#include "tests/core/http/files.h"
#include "tests/core/http/tls_server.h"

namespace sidelight::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Sentence(const Result<Response>& answer) {
  return answer ? "status " + std::to_string(answer->status) : answer.error().message;
}

class ClientTlsTest : public testing::Test {
 protected:
  // Options of a client that trusts the authority.
  ClientOptions Trusting() const {
    ClientOptions options;
    options.tls.ca_file = files_.Path("ca.pem");
    return options;
  }
  void SetUp() override { files_.Write("ca.pem", authority_.certificate()); }

  const Files files_;
  const Authority authority_;
};

TEST_F(ClientTlsTest, SendsAndReceives) {
  const TlsServer server({.identity = authority_.Issue(), .end = TlsServer::End::kGoodbye});
  const Result<Response> answer = Fetch(server.url("localhost"), {.target = "/a"}, Trusting());
  ASSERT_TRUE(answer) << Sentence(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hi");
  const TlsServer::Seen seen = server.Last();
  EXPECT_THAT(seen.request, StartsWith("GET /a HTTP/1.1\r\nHost: localhost:"));
  EXPECT_EQ(seen.server_name, "localhost");
  EXPECT_EQ(seen.version, "TLSv1.3");
  EXPECT_EQ(seen.client, "");
}

TEST_F(ClientTlsTest, ABodyOfManyRecords) {
  const TlsServer server({.identity = authority_.Issue(),
                          .response = "HTTP/1.1 200 OK\r\n\r\n",
                          .more = std::string(100'000, 'x'),
                          .more_times = 30});
  const std::string body(2 << 20, 'b');
  const Result<Response> answer =
      Fetch(server.url(), {.method = "POST", .content_type = "text/x", .body = body}, Trusting());
  ASSERT_TRUE(answer) << Sentence(answer);
  EXPECT_EQ(answer->body, std::string(3'000'000, 'x'));
  EXPECT_TRUE(server.Last().request.ends_with(body));
}

TEST_F(ClientTlsTest, Certificates) {
  const Authority stranger;
  files_.Write("other.pem", stranger.certificate());
  const struct {
    std::string about;
    Authority::Wish wish;
    std::string host;
    TlsSettings tls;
    std::string wanted;  // "": it is accepted
  } cases[] = {
      {"the address", {}, "127.0.0.1", {.ca_file = "ca.pem"}, ""},
      {"the name", {}, "localhost", {.ca_file = "ca.pem"}, ""},
      {"a wildcard",
       {.names = "DNS:*.shop.example"},
       "127.0.0.1",
       {.ca_file = "ca.pem", .server_name = "am.shop.example"},
       ""},
      {"the name that is set, with the root's dot",
       {.names = "DNS:am.example"},
       "127.0.0.1",
       {.ca_file = "ca.pem", .server_name = "am.example."},
       ""},
      {"of another host",
       {.names = "DNS:other.example"},
       "localhost",
       {.ca_file = "ca.pem"},
       "the server's certificate is not accepted: hostname mismatch: it is not for \"localhost\"; "
       "\"server_name\" can name what it is for"},
      {"of another address",
       {.names = "DNS:localhost,IP:127.0.0.2"},
       "127.0.0.1",
       {.ca_file = "ca.pem"},
       "the server's certificate is not accepted: IP address mismatch: it is not for \"127.0.0.1\""},
      {"with the name as its subject alone",
       {.names = "", .common_name = "localhost"},
       "localhost",
       {.ca_file = "ca.pem"},
       "hostname mismatch"},
      {"server_name counts and not the host",
       {},
       "localhost",
       {.ca_file = "ca.pem", .server_name = "am.example"},
       "it is not for \"am.example\""},
      {"expired",
       {.begins = -7200, .ends = -3600},
       "localhost",
       {.ca_file = "ca.pem"},
       "the server's certificate is not accepted: certificate has expired; renew it, or set this machine's "
       "clock if that is wrong"},
      {"not valid yet",
       {.begins = 3600, .ends = 7200},
       "localhost",
       {.ca_file = "ca.pem"},
       "the server's certificate is not accepted: certificate is not yet valid; wait, or set this machine's "
       "clock if that is wrong"},
      {"of another authority",
       {},
       "localhost",
       {.ca_file = "other.pem"},
       "no authority that is trusted has signed it; \"ca_file\" can name one"},
      {"of nobody whom the system knows", {}, "localhost", {}, "no authority that is trusted has signed it"},
      {"anything goes",
       {.names = "DNS:other.example", .begins = -7200, .ends = -3600},
       "localhost",
       {.insecure_skip_verify = true},
       ""},
      {"no name that a server can have",
       {},
       "localhost",
       {.ca_file = "ca.pem", .server_name = std::string(300, 'a') + ".example"},
       "cannot be the name of a server"},
  };
  for (const auto& row : cases) {
    const TlsServer server({.identity = authority_.Issue(row.wish)});
    ClientOptions options{.tls = row.tls};
    if (!row.tls.ca_file.empty()) options.tls.ca_file = files_.Path(row.tls.ca_file);
    const Url url = server.url(row.host);
    const Result<Response> answer = Fetch(url, {}, options);
    if (row.wanted.empty()) {
      EXPECT_EQ(Sentence(answer), "status 200") << row.about;
      continue;
    }
    ASSERT_FALSE(answer) << row.about;
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << row.about;
    EXPECT_THAT(answer.error().message, StartsWith(url.authority + ": ")) << row.about;
    EXPECT_THAT(answer.error().message, HasSubstr(row.wanted)) << row.about;
  }
}

TEST_F(ClientTlsTest, ShowsItsOwnCertificate) {
  const Authority clients;
  const Authority::Issued us = clients.Issue({.names = "DNS:sidelight", .common_name = "sidelight"});
  const Authority::Issued other = clients.Issue({.names = "DNS:other", .common_name = "other"});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsServer server(
        {.identity = authority_.Issue(), .client_authority = clients.certificate(), .max_version = version});
    ClientOptions options = Trusting();
    const Result<Response> nobody = Fetch(server.url(), {}, options);
    ASSERT_FALSE(nobody);
    EXPECT_THAT(nobody.error().message, HasSubstr("\"cert_file\" and \"key_file\"")) << version;

    options.tls.cert_file = files_.Write("client.pem", us.certificate);
    options.tls.key_file = files_.Write("client.key", us.key);
    EXPECT_EQ(Sentence(Fetch(server.url(), {}, options)), "status 200");
    EXPECT_EQ(server.Await(2).back().client, "sidelight");

    // A certificate that was renewed takes effect with the next request; half of one does not.
    files_.Write("client.pem", other.certificate);
    EXPECT_THAT(
        Sentence(Fetch(server.url(), {}, options)),
        HasSubstr("key_file " + options.tls.key_file +
                  ": holds no key in PEM that needs no passphrase and fits " + options.tls.cert_file));
    files_.Write("client.key", other.key);
    EXPECT_EQ(Sentence(Fetch(server.url(), {}, options)), "status 200");
    // Without its files a request gets no connection.
    EXPECT_EQ(server.Await(3).back().client, "other");
  }
}

TEST_F(ClientTlsTest, AStrangersCertificateIsRefusedByTheServer) {
  const TlsServer server({.identity = authority_.Issue(), .client_authority = authority_.certificate()});
  const Authority::Issued us = Authority().Issue();
  ClientOptions options = Trusting();
  options.tls.cert_file = files_.Write("client.pem", us.certificate);
  options.tls.key_file = files_.Write("client.key", us.key);
  const Result<Response> answer = Fetch(server.url(), {}, options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().message;
}

TEST_F(ClientTlsTest, Versions) {
  using Version = TlsSettings::Version;
  const struct {
    int server_min, server_max;
    TlsSettings tls;
    std::string wanted;
  } cases[] = {
      {0, 0, {}, "TLSv1.3"},
      {0, TLS1_2_VERSION, {}, "TLSv1.2"},
      {0, 0, {.max_version = Version::kTls12}, "TLSv1.2"},
      {0, 0, {.min_version = Version::kTls13}, "TLSv1.3"},
      {0, TLS1_1_VERSION, {}, "see \"min_version\" and \"max_version\""},
      {0, TLS1_2_VERSION, {.min_version = Version::kTls13}, "see \"min_version\" and \"max_version\""},
      {TLS1_3_VERSION, 0, {.max_version = Version::kTls12}, "see \"min_version\" and \"max_version\""},
  };
  for (const auto& row : cases) {
    const TlsServer server(
        {.identity = authority_.Issue(), .min_version = row.server_min, .max_version = row.server_max});
    ClientOptions options{.tls = row.tls};
    options.tls.ca_file = files_.Path("ca.pem");
    const Result<Response> answer = Fetch(server.url(), {}, options);
    EXPECT_THAT(answer ? server.Last().version : answer.error().message, HasSubstr(row.wanted));
  }
}

TEST_F(ClientTlsTest, AnEndThatAnybodyCouldHaveMadeEndsNoBody) {
  const Authority::Issued identity = authority_.Issue();
  const std::string open_end = "HTTP/1.1 200 OK\r\n\r\nhalf of it";
  const TlsServer cut({.identity = identity, .response = open_end, .end = TlsServer::End::kCut});
  const Result<Response> half = Fetch(cut.url(), {}, Trusting());
  ASSERT_FALSE(half) << half->body;
  EXPECT_EQ(half.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(half.error().message, HasSubstr("the connection was cut"));

  const TlsServer proper({.identity = identity, .response = open_end});
  const Result<Response> whole = Fetch(proper.url(), {}, Trusting());
  ASSERT_TRUE(whole) << Sentence(whole);
  EXPECT_EQ(whole->body, "half of it");

  const TlsServer short_one(
      {.identity = identity, .response = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"});
  EXPECT_THAT(Sentence(Fetch(short_one.url(), {}, Trusting())),
              HasSubstr("the connection ended before the response did"));
}

TEST_F(ClientTlsTest, HangingServers) {
  const auto silent = net::Listener::Open(net::Address::Tcp("127.0.0.1", 0));
  ASSERT_TRUE(silent);
  const Url nobody = *Url::Parse("https://" + (*silent)->bound().ToString());
  ClientOptions options = Trusting();
  options.connect_timeout = milliseconds(500);
  const Result<Response> mute = Fetch(nobody, {}, options);
  ASSERT_FALSE(mute);
  EXPECT_EQ(mute.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(mute.error().message, nobody.authority + ": the TLS handshake was not done after 0.5 s");

  const TlsServer hangs({.identity = authority_.Issue(), .end = TlsServer::End::kHang});
  options = Trusting();
  options.timeout = seconds(3);
  const Result<Response> late = Fetch(hangs.url(), {}, options);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  EXPECT_THAT(late.error().message, HasSubstr("not whole after 3 s"));
}

TEST_F(ClientTlsTest, WhatIsNotTlsAtAll) {
  const TlsServer plain({.response = "HTTP/1.1 400 Bad Request\r\n\r\n", .end = TlsServer::End::kCut});
  Url url = plain.url();
  url.tls = true;
  ClientOptions options = Trusting();
  options.timeout = seconds(60);
  // It waits for the end of a request's head, which a TLS greeting need not have.
  options.connect_timeout = seconds(2);
  EXPECT_THAT(Sentence(Fetch(url, {}, options)), HasSubstr("TLS"));

  const TlsServer alert({.response = std::string("\x15\x03\x01\0\x02\x02\x16", 7)});
  const Result<Response> answer = Fetch(alert.url(), {}, options);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("is TLS spoken at this port? then write https"));
}

TEST_F(ClientTlsTest, FilesThatAreWrong) {
  const TlsServer server({.identity = authority_.Issue()});
  const std::string junk = files_.Write("junk.pem", "hunter2 is no certificate");
  const std::string ca = files_.Path("ca.pem");
  const std::string none = files_.Path("none.pem");
  const Authority::Issued us = authority_.Issue();
  const std::string certificate = files_.Write("client.pem", us.certificate);
  const std::string key = files_.Write("client.key", us.key);
  const struct {
    TlsSettings tls;
    std::string wanted;
  } cases[] = {
      {{.ca_file = none}, "ca_file " + none + ": cannot be read: No such file or directory"},
      {{.ca_file = files_.folder()}, "ca_file " + files_.folder() + ": holds no certificates in PEM"},
      {{.ca_file = junk}, "ca_file " + junk + ": holds no certificates in PEM"},
      {{.ca_file = ca, .cert_file = none, .key_file = key}, "cert_file " + none + ": cannot be read"},
      {{.ca_file = ca, .cert_file = junk, .key_file = key}, "cert_file " + junk + ": holds no certificate"},
      {{.ca_file = ca, .cert_file = certificate, .key_file = none}, "key_file " + none + ": cannot be read"},
      {{.ca_file = ca, .cert_file = certificate, .key_file = junk}, "key_file " + junk + ": holds no key"},
  };
  for (const auto& row : cases) {
    const Result<Response> answer = Fetch(server.url(), {}, {.tls = row.tls});
    ASSERT_FALSE(answer) << row.wanted;
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(answer.error().message, HasSubstr(row.wanted));
    EXPECT_THAT(answer.error().message, testing::Not(HasSubstr("hunter2")));
  }
  // What failed is tried again.
  files_.Write("junk.pem", authority_.certificate());
  EXPECT_EQ(Sentence(Fetch(server.url(), {}, {.tls = {.ca_file = junk}})), "status 200");
}

}  // namespace
}  // namespace sidelight::http
