// The whole program inside a test: started with port 0 everywhere, spoken to over loopback.
#include "src/app/app.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "src/config/command_line.h"

namespace sidelight::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A listening socket on a free port of loopback.
class Backend {
 public:
  Backend() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Backend() { close(fd_); }

  // Takes one connection, reads to the end of a request head and answers with `response`; the caller closes.
  int AnswerOne(const std::string& response) const {
    const int fd = accept(fd_, nullptr, nullptr);
    std::string head;
    char byte = 0;
    while (head.find("\r\n\r\n") == std::string::npos && recv(fd, &byte, 1, 0) == 1) head += byte;
    EXPECT_EQ(send(fd, response.data(), response.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(response.size()));
    return fd;
  }
  int port() const { return port_; }

 private:
  const int fd_;
  int port_ = 0;
};

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
  return fd;
}

void SendAll(int fd, const std::string& text) {
  EXPECT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

std::string ReadAll(int fd) {
  std::string out;
  char buffer[4096];
  for (ssize_t n = 0; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;)
    out.append(buffer, static_cast<size_t>(n));
  close(fd);
  return out;
}

std::string Get(int port, const std::string& path, const std::string& method = "GET") {
  const int fd = Connect(port);
  SendAll(fd, method + " " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  return ReadAll(fd);
}

config::Config TestConfig(int backend_port) {
  Result<config::Config> config =
      config::FromCommandLine({.taps = {"http://127.0.0.1:0=127.0.0.1:" + std::to_string(backend_port)},
                               .listen = "127.0.0.1:0",
                               .probe_listen = "127.0.0.1:0",
                               .service = "test",
                               .log_format = "text",
                               .log_level = "error"});
  EXPECT_TRUE(config) << config.error().message;
  return *std::move(config);
}

// An App that runs on a thread of its own until the test is over.
class RunningApp {
 public:
  explicit RunningApp(config::Config config, App::ConfigSource reread = nullptr) {
    Result<std::unique_ptr<App>> started = App::Start(std::move(config), std::move(reread));
    EXPECT_TRUE(started) << started.error().message;
    app_ = *std::move(started);
    thread_ = std::thread([this] { app_->Run(); });
  }
  ~RunningApp() {
    if (thread_.joinable()) Stop();
  }
  void Stop() {
    app_->RequestStop();
    Wait();
  }
  void Wait() { thread_.join(); }

  App& operator*() { return *app_; }
  App* operator->() { return app_.get(); }
  int tap_port() const { return app_->addresses().taps.at(0).listen.port(); }
  int api_port() const { return app_->addresses().api.port(); }
  int probe_port() const { return app_->addresses().probes.port(); }

 private:
  std::unique_ptr<App> app_;
  std::thread thread_;
};

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";

TEST(App, MeasuresWhatGoesThroughAndShowsIt) {
  const Backend backend;
  RunningApp app(TestConfig(backend.port()));
  std::thread server([&] { close(backend.AnswerOne(kOk)); });
  EXPECT_EQ(Get(app.tap_port(), "/orders/7"), kOk);
  server.join();

  // The exchange ends when the connection's last byte has been read, which the client sees before the
  // observer does.
  const std::string wanted =
      "http_server_request_duration_seconds_count{http_request_method=\"GET\",http_response_status_code="
      "\"200\","
      "http_route=\"/orders/{id}\",network_protocol_version=\"1.1\",tap=\"http\",url_scheme=\"http\"} 1";
  std::string metrics;
  for (const TimePoint end = SystemClock().Now() + std::chrono::minutes(1);
       SystemClock().Now() < end && metrics.find(wanted) == std::string::npos;) {
    metrics = Get(app.api_port(), "/metrics");
  }
  EXPECT_THAT(metrics, HasSubstr(wanted));
  EXPECT_THAT(metrics, HasSubstr("sidelight_build_info{version=\"0.1.0\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("process_resident_memory_bytes "));
  EXPECT_THAT(metrics, HasSubstr("sidelight_series_limit 10000"));
}

TEST(App, AnswersQueriesOverWhatItSampled) {
  const Backend backend;
  config::Config config = TestConfig(backend.port());
  config.interval = std::chrono::milliseconds(100);
  config.instance = "pod-1";
  RunningApp app(std::move(config));
  EXPECT_THAT(Get(app.api_port(), "/api/v1/query?query=1%2B1"), HasSubstr("\"resultType\":\"scalar\""));
  const std::string wanted =
      R"("metric":{"__name__":"sidelight_build_info","instance":"pod-1","job":"test","version":"0.1.0"})";
  std::string answer;
  for (const TimePoint end = SystemClock().Now() + std::chrono::minutes(1);
       SystemClock().Now() < end && answer.find(wanted) == std::string::npos;) {
    answer = Get(app.api_port(), "/api/v1/query?query=sidelight_build_info");
  }
  EXPECT_THAT(answer, HasSubstr(wanted));
}

TEST(App, AnswersProbesOnBothPorts) {
  const Backend backend;
  RunningApp app(TestConfig(backend.port()));
  for (const int port : {app.probe_port(), app.api_port()}) {
    EXPECT_THAT(Get(port, "/-/healthy"), HasSubstr("Sidelight is healthy.\n"));
    EXPECT_THAT(Get(port, "/-/ready"), HasSubstr("Sidelight is ready.\n"));
    EXPECT_THAT(Get(port, "/healthz"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(Get(port, "/nothing"), StartsWith("HTTP/1.1 404"));
  }
}

TEST(App, IsNotReadyWhileItDrainsAndFinishesWhatIsUnderWay) {
  const Backend backend;
  RunningApp app(TestConfig(backend.port()));
  const int client = Connect(app.tap_port());
  SendAll(client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  const int served = backend.AnswerOne("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhal");
  app->RequestStop();
  EXPECT_FALSE(app->ready());
  EXPECT_THAT(Get(app.probe_port(), "/-/ready"), HasSubstr("Sidelight is not ready: draining.\n"));
  EXPECT_THAT(Get(app.probe_port(), "/-/healthy"), StartsWith("HTTP/1.1 200"));
  SendAll(served, "f");
  EXPECT_THAT(ReadAll(client), HasSubstr("half"));
  close(served);
  app.Wait();
}

TEST(App, EndsAtOnceWhenToldTwice) {
  const Backend backend;
  RunningApp app(TestConfig(backend.port()));
  const int client = Connect(app.tap_port());
  SendAll(client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  const int served = backend.AnswerOne("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhal");
  app->RequestStop();
  app->RequestStop();
  app.Wait();  // the exchange never ends: only the second call lets this return before limits.drain
  close(served);
  close(client);
}

TEST(App, AReloadThatFailsLeavesTheOldConfigurationAndSaysSo) {
  const Backend backend;
  bool good = false;
  RunningApp app(TestConfig(backend.port()), [&]() -> Result<config::Config> {
    if (!good) return Fail(ErrorCode::kInvalidArgument, "sidelight.yaml:3:1: unknown key \"tap\"");
    return TestConfig(backend.port());
  });
  EXPECT_THAT(Get(app.api_port(), "/metrics"), HasSubstr("sidelight_config_last_reload_successful 1"));
  const Status failed = app->Reload();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("unknown key"));
  EXPECT_THAT(Get(app.api_port(), "/-/reload", "POST"), HasSubstr("unknown key"));
  EXPECT_THAT(Get(app.api_port(), "/metrics"), HasSubstr("sidelight_config_last_reload_successful 0"));
  good = true;
  EXPECT_THAT(Get(app.api_port(), "/-/reload", "POST"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get(app.api_port(), "/metrics"), HasSubstr("sidelight_config_last_reload_successful 1"));
}

TEST(App, AnAddressInUseIsAnErrorAndLeavesNothingListening) {
  const Backend backend;
  RunningApp first(TestConfig(backend.port()));
  for (int which = 0; which < 3; ++which) {
    config::Config config = TestConfig(backend.port());
    const int taken = which == 0 ? first.tap_port() : which == 1 ? first.api_port() : first.probe_port();
    net::Address& address = which == 0   ? config.taps[0].tap.listen
                            : which == 1 ? config.listen
                                         : config.probe_listen;
    address = net::Address::Tcp("127.0.0.1", static_cast<uint16_t>(taken));
    const Result<std::unique_ptr<App>> second = App::Start(std::move(config), nullptr);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("127.0.0.1:" + std::to_string(taken)));
  }
}

TEST(App, SeveralWorkersShareATap) {
  const Backend backend;
  config::Config config = TestConfig(backend.port());
  config.workers = 3;
  RunningApp app(std::move(config));
  for (int i = 0; i < 20; ++i) {
    std::thread server([&] { close(backend.AnswerOne(kOk)); });
    EXPECT_EQ(Get(app.tap_port(), "/"), kOk);
    server.join();
  }
  EXPECT_THAT(Get(app.api_port(), "/metrics"), HasSubstr("sidelight_tap_connections_total{tap=\"http\"} 20"));
}

}  // namespace
}  // namespace sidelight::app
