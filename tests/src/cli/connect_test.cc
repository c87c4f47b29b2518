// `sidelight check --connect` with destinations that answer, and those that do not.
#include "src/cli/connect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/net/listener.h"
#include "src/cli/check.h"
#include "tests/core/http/http2_server.h"
#include "tests/exporters/alertmanager/fake_alertmanager.h"
#include "tests/exporters/prometheus/fake_receiver.h"
#include "tests/support/folder.h"

namespace sidelight::cli {
namespace {

using alertmanager::FakeAlertmanager;  // takes whatever it is sent, and keeps it
using alertmanager::RudeServer;
using alertmanager::SilentServer;
using remote_write::FakeReceiver;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kTaps[] =
    "\ntaps: [{name: api, protocol: http, listen: \"127.0.0.1:8080\", upstream: \"127.0.0.1:8081\"}]\n";

std::string UrlOf(const http::Url& url) {
  return "http://" + url.authority;
}

std::optional<std::string> NoEnvironment(const std::string&) {
  return std::nullopt;
}

std::vector<Connected> ConnectAll(const std::string& text) {
  const Result<config::Config> config = config::Parse(text + kTaps, "s.yaml", NoEnvironment);
  EXPECT_TRUE(config) << text << "\n" << config.error().message;
  return config ? Connect(*config) : std::vector<Connected>();
}

// Of the only destination.
Connected ConnectOne(const std::string& text) {
  const std::vector<Connected> all = ConnectAll(text);
  EXPECT_EQ(all.size(), 1u) << text;
  return all.empty() ? Connected() : all[0];
}

std::string Otlp(const std::string& url, const std::string& rest = "") {
  return "exporters: {otlp: [{endpoint: \"" + url + "\"" + rest + "}]}";
}
std::string RemoteWrite(const std::string& url, const std::string& rest = "") {
  return "exporters: {remote_write: [{url: \"" + url + "\"" + rest + "}]}";
}
std::string Alertmanager(const std::string& url, const std::string& rest = "") {
  return "alerting: {alertmanagers: [{url: \"" + url + "\"" + rest + "}]}";
}

// A port that nobody listens on.
std::string Nowhere() {
  auto listener = net::Listener::Open(net::Address::Tcp("127.0.0.1", 0));
  EXPECT_TRUE(listener);
  return "http://" + (*listener)->bound().ToString();
}

TEST(ConnectTest, OtlpGetsARequestWithNothingInIt) {
  FakeAlertmanager server;
  const std::string url = UrlOf(server.url());
  const struct {
    std::string rest;
    std::string type;
    std::string body;
  } cases[] = {
      {"", "application/x-protobuf", ""},
      {", protocol: http/json, headers: {x-tenant: shop}", "application/json", "{}"},
  };
  for (const auto& c : cases) {
    server.Answer(200, "{}");
    const size_t before = server.Requests().size();
    const Connected got = ConnectOne(Otlp(url, c.rest));
    EXPECT_EQ(got.line, "otlp " + url + "/v1/metrics: ok (200)");
    EXPECT_TRUE(got.ok);
    ASSERT_EQ(server.Requests().size(), before + 1);
    const http::Request request = server.Requests().back();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v1/metrics");
    EXPECT_EQ(request.Header("Content-Type"), c.type);
    EXPECT_EQ(request.body, c.body);
  }
  EXPECT_EQ(server.Requests().back().Header("x-tenant"), "shop");
}

TEST(ConnectTest, OtlpOverGrpcToo) {
  http::Http2Server server([](const auto&) { return http::Http2Server::Ok(""); });
  const std::string url = UrlOf(server.url());
  const Connected got = ConnectOne(Otlp(url, ", protocol: grpc, compression: gzip"));
  EXPECT_EQ(got.line, "otlp " + url + ": ok (OK)");
  EXPECT_TRUE(got.ok);
  ASSERT_EQ(server.Calls().size(), 1u);
  EXPECT_EQ(server.Calls()[0].Header("grpc-encoding"), "gzip");
  http::Http2Server refusing([](const auto&) { return http::Http2Server::Status("16"); });
  EXPECT_EQ(ConnectOne(Otlp(UrlOf(refusing.url()), ", protocol: grpc")).line,
            "otlp " + UrlOf(refusing.url()) + ": it answered UNAUTHENTICATED");
}

TEST(ConnectTest, RemoteWriteGetsARequestWithNothingInIt) {
  FakeReceiver server;
  EXPECT_EQ(ConnectOne(RemoteWrite(server.url(), ", name: mimir")).line, "remote_write mimir: ok (204)");
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_THAT(server.requests()[0].head, StartsWith("POST /api/v1/write "));
  EXPECT_EQ(server.requests()[0].Header("X-Prometheus-Remote-Write-Version"), "0.1.0");
  EXPECT_EQ(server.requests()[0].body, std::string(1, '\0')) << "nothing, in snappy's block format";
}

TEST(ConnectTest, AReceiverThatDoesNotKnowTwoIsSpokenToInOne) {
  FakeReceiver server;
  const std::string two = ", protobuf_message: io.prometheus.write.v2.Request";
  const Connected got = ConnectOne(RemoteWrite(server.url(), two));
  EXPECT_EQ(got.line,
            "remote_write " + server.url() + ": ok (204); it does not know remote write 2.0, and gets 1.0");
  EXPECT_TRUE(got.ok);
  ASSERT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(server.requests()[0].Header("X-Prometheus-Remote-Write-Version"), "2.0.0");
  EXPECT_EQ(server.requests()[1].Header("X-Prometheus-Remote-Write-Version"), "0.1.0");
  server.Set({.status = 204, .headers = {{"X-Prometheus-Remote-Write-Samples-Written", "0"}}});
  EXPECT_EQ(ConnectOne(RemoteWrite(server.url(), two)).line, "remote_write " + server.url() + ": ok (204)");
}

TEST(ConnectTest, AnAlertmanagerIsAskedForItsStatus) {
  FakeAlertmanager server;
  server.Answer(200, R"({"cluster": {"status": "ready"}})");
  const Connected got =
      ConnectOne(Alertmanager(UrlOf(server.url()) + "/prefix", ", basic_auth: {username: u, password: p}"));
  EXPECT_EQ(got.line, "alertmanager " + UrlOf(server.url()) + "/prefix/api/v2/alerts: ok (200)");
  EXPECT_TRUE(got.ok);
  ASSERT_EQ(server.Requests().size(), 1u);
  EXPECT_EQ(server.Requests()[0].method, "GET");
  EXPECT_EQ(server.Requests()[0].path, "/prefix/api/v2/status");
  EXPECT_EQ(server.Requests()[0].Header("Authorization"), "Basic dTpw");
}

TEST(ConnectTest, WhatIsWrongIsSaid) {
  FakeReceiver server;
  const std::string base = server.url().substr(0, server.url().find("/api"));
  const struct {
    int status;
    std::string body;
    std::string config;
    std::string want;
  } cases[] = {
      {404, "", Otlp(base), "otlp " + base + "/v1/metrics: it answered 404"},
      {401, "", RemoteWrite(base), "remote_write " + base + ": it answered 401"},
      {503, "", Otlp(base), "it answered 503"},
      {302, "", Otlp(base), "it answered 302; redirects are not followed, configure where it leads"},
      {302, "", Alertmanager(base), "it answered 302; redirects are not followed, configure where it leads"},
      {400, "a\033[2Jb\nc", RemoteWrite(base), "it answered 400: a [2Jb"},
      {403, "", Alertmanager(base), "alertmanager " + base + "/api/v2/alerts: it answered 403"},
      {200, "<html>Who are you?</html>", Alertmanager(base), "not as an Alertmanager does"},
  };
  for (const auto& c : cases) {
    server.Set({.status = c.status, .body = c.body});
    const Connected got = ConnectOne(c.config);
    EXPECT_FALSE(got.ok) << c.config;
    EXPECT_THAT(got.line, HasSubstr(c.want));
    for (const char letter : got.line) EXPECT_GE(letter, ' ') << got.line;
  }
}

TEST(ConnectTest, NobodyIsThere) {
  const std::string nowhere = Nowhere();
  RudeServer rude("SSH-2.0-OpenSSH\r\n");
  for (const std::string& url : {nowhere, UrlOf(rude.url())}) {
    for (const std::string& text :
         {Otlp(url), Otlp(url, ", protocol: grpc"), RemoteWrite(url), Alertmanager(url)}) {
      const Connected got = ConnectOne(text);
      EXPECT_FALSE(got.ok) << text << "\n" << got.line;
      EXPECT_THAT(got.line, HasSubstr(url.substr(7))) << text;
    }
  }
  SilentServer silent;
  for (const std::string& text : {Otlp(UrlOf(silent.url()), ", timeout: 50ms"),
                                  Otlp(UrlOf(silent.url()), ", timeout: 50ms, protocol: grpc"),
                                  RemoteWrite(UrlOf(silent.url()), ", remote_timeout: 50ms"),
                                  Alertmanager(UrlOf(silent.url()), ", timeout: 50ms")}) {
    EXPECT_FALSE(ConnectOne(text).ok) << text;
  }
}

TEST(ConnectTest, NoSecretIsShown) {
  FakeAlertmanager server;
  server.Answer(401, "hunter2 is wrong");
  const std::string auth = ", authorization: {credentials: hunter2}";
  const std::string missing = ", authorization: {credentials_file: /nowhere/token}";
  for (const std::string& url : {UrlOf(server.url()), Nowhere()}) {
    for (const std::string& text : {Otlp(url, auth), Alertmanager(url, auth)}) {
      EXPECT_THAT(ConnectOne(text).line, Not(HasSubstr("hunter2"))) << text;
    }
    for (const std::string& text :
         {Otlp(url, missing), RemoteWrite(url, missing), Alertmanager(url, missing)}) {
      const Connected got = ConnectOne(text);
      EXPECT_FALSE(got.ok) << text;
      EXPECT_THAT(got.line, HasSubstr("/nowhere/token")) << "the file that cannot be read is named";
    }
  }
}

class CheckConnectTest : public ::testing::Test {
 protected:
  Report Run(const std::string& text, bool connect = true) {
    std::ofstream(path_) << text << kTaps;
    return RunCheck({.files = {path_}, .config_path = "", .connect = connect}, NoEnvironment);
  }

  const TestFolder folder_;
  const std::string path_ = folder_.path() / "connect.yaml";
};

TEST_F(CheckConnectTest, ALineForEachAndTheExitCode) {
  FakeAlertmanager otlp;
  otlp.Answer(200, "{}");
  FakeReceiver write;
  FakeAlertmanager manager;
  manager.Answer(200, "{}");
  const std::string text = Alertmanager(UrlOf(manager.url())) + "\nexporters: {otlp: [{endpoint: \"" +
                           UrlOf(otlp.url()) + "\"}], remote_write: [{url: \"" + write.url() + "\"}]}";
  const std::string first =
      path_ + ": ok\nalertmanager " + UrlOf(manager.url()) + "/api/v2/alerts: ok (200)\n";
  const std::string last = "remote_write " + write.url() + ": ok (204)\n";
  const std::string name = "otlp " + UrlOf(otlp.url()) + "/v1/metrics: ";

  Report report = Run(text);
  EXPECT_EQ(report.output, first + name + "ok (200)\n" + last);
  EXPECT_EQ(report.errors, "");
  EXPECT_EQ(report.exit_code, 0);

  otlp.Answer(401);
  report = Run(text);
  EXPECT_EQ(report.output, first + last) << "the others are unharmed";
  EXPECT_EQ(report.errors, name + "it answered 401\n");
  EXPECT_EQ(report.exit_code, 1);

  const size_t before = otlp.Requests().size();
  EXPECT_EQ(Run(text, false).output, path_ + ": ok\n");
  EXPECT_EQ(otlp.Requests().size(), before) << "nobody is connected to unless that is asked for";
}

TEST_F(CheckConnectTest, ThereMayBeNothingToConnectTo) {
  const Report report = Run("");
  EXPECT_EQ(report.output, path_ + ": ok\n");
  EXPECT_THAT(report.errors, StartsWith("warning: " + path_ + ": it names no Alertmanager and no exporter"));
  EXPECT_EQ(report.exit_code, 0);
}

TEST_F(CheckConnectTest, AWrongFileConnectsToNobody) {
  FakeAlertmanager server;
  EXPECT_EQ(Run(Otlp(UrlOf(server.url())) + "\nnothing: 1").exit_code, 1);
  EXPECT_TRUE(server.Requests().empty());
}

}  // namespace
}  // namespace sidelight::cli
