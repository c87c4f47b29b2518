#include "src/api/api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "core/http/server.h"
#include "core/wire/gzip.h"
#include "tests/core/http/raw_client.h"
#include "tests/support/fake_clock.h"

namespace sidelight::api {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string HeaderOf(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

class ApiTest : public ::testing::Test {
 protected:
  Hooks MakeHooks() {
    return {.scrape =
                [this](std::string_view accept, const std::vector<std::string>& names) {
                  std::string body = fmt::format("accept={}", accept);
                  for (const std::string& name : names) body += " name=" + name;
                  return Scrape{"text/plain; version=0.0.4", body + padding_};
                },
            .healthy = [this] { return healthy_.load(); },
            .ready = [this] { return ready_.load(); },
            .reload = [this]() -> Status {
              ++reloads_;
              if (!reload_error_.empty()) return Fail(ErrorCode::kInvalidArgument, reload_error_);
              return {};
            },
            .federate =
                [this](const std::vector<std::vector<Matcher>>& selectors) {
                  std::string body = "selected:";
                  for (const std::vector<Matcher>& selector : selectors) {
                    body += " |";
                    for (const Matcher& matcher : selector)
                      body += " " + matcher.name() + " " + matcher.value();
                  }
                  return Scrape{"text/plain; version=0.0.4", body + padding_};
                },
            .self = &self_,
            .clock = &clock_,
            .lifecycle = lifecycle_,
            .front_page = {.service = "shop", .version = "1.2.3", .taps = {}}};
  }

  Api& api() {
    if (api_ == nullptr) api_ = std::make_unique<Api>(MakeHooks());
    return *api_;
  }

  http::Response Call(std::string method, std::string path, bool loopback = true, http::Fields headers = {}) {
    http::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.headers = std::move(headers);
    request.from_loopback = loopback;
    request.remote_address = loopback ? "127.0.0.1" : "10.1.2.3";
    return api().Handle(request);
  }

  double Counted(std::string_view path, std::string_view method, std::string_view status) {
    return self_
        .Counter("sidelight_api_requests_total", "", {{"path", path}, {"method", method}, {"status", status}})
        .Value();
  }

  FakeClock clock_;
  metrics::Self self_;
  std::atomic<bool> healthy_{true};
  std::atomic<bool> ready_{true};
  std::atomic<int> reloads_{0};
  std::string reload_error_;
  std::string padding_;
  Lifecycle lifecycle_ = Lifecycle::kLoopback;
  std::unique_ptr<Api> api_;
};

TEST_F(ApiTest, AnswersEachRoute) {
  struct Row {
    std::string method;
    std::string path;
    int status;
    std::string content_type;
    std::string body;
  };
  const std::string text = "text/plain; charset=utf-8";
  const std::vector<Row> rows = {
      {"GET", "/-/healthy", 200, text, "Sidelight is healthy.\n"},
      {"HEAD", "/-/healthy", 200, text, "Sidelight is healthy.\n"},
      {"GET", "/healthz", 200, text, "Sidelight is healthy.\n"},
      {"GET", "/-/ready", 200, text, "Sidelight is ready.\n"},
      {"GET", "/metrics", 200, "text/plain; version=0.0.4", "accept="},
      {"POST", "/-/reload", 200, text, "Sidelight has reloaded its configuration.\n"},
      {"PUT", "/-/reload", 200, text, "Sidelight has reloaded its configuration.\n"},
  };
  for (const Row& row : rows) {
    const http::Response response = Call(row.method, row.path);
    EXPECT_EQ(response.status, row.status) << row.method << " " << row.path;
    EXPECT_EQ(response.content_type, row.content_type) << row.method << " " << row.path;
    EXPECT_EQ(response.body, row.body) << row.method << " " << row.path;
    EXPECT_THAT(HeaderOf(response, "X-Correlation-Id"), MatchesRegex("[0-9a-f]{32}")) << row.path;
    EXPECT_EQ(Counted(row.path, row.method, "200"), 1) << row.path;
  }
  EXPECT_EQ(reloads_, 2);
}

TEST_F(ApiTest, FederatesWhatMatches) {
  const auto ask = [&](std::vector<std::string> matches) {
    http::Request request{.method = "GET", .path = "/federate"};
    for (std::string& match : matches) request.query.emplace_back("match[]", std::move(match));
    return api().Handle(request);
  };
  const http::Response response = ask({"{job=\"a\"}", "up"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4");
  EXPECT_EQ(response.body, "selected: | job a | __name__ up");
  EXPECT_EQ(HeaderOf(response, "Vary"), "Accept-Encoding");
  // As Prometheus: nothing was asked for, and that is no error.
  EXPECT_EQ(ask({}).status, 200);
  EXPECT_EQ(ask({}).body, "selected:");
  const struct {
    const char* match;
    const char* wanted;
  } cases[] = {{"{job=", "parse error"},
               {"sum(up)", "parse error"},
               {"{}", "at least one non-empty matcher"},
               {"", ""}};
  for (const auto& c : cases) {
    const http::Response refused = ask({"up", c.match});
    EXPECT_EQ(refused.status, 400) << c.match;
    EXPECT_THAT(refused.body, HasSubstr(c.wanted)) << c.match;
    EXPECT_THAT(refused.body, HasSubstr("\"bad_data\"")) << c.match;
  }
}

TEST_F(ApiTest, SaysWhenItIsNotHealthyOrNotReady) {
  healthy_ = false;
  ready_ = false;
  EXPECT_EQ(Call("GET", "/-/healthy").status, 503);
  EXPECT_EQ(Call("GET", "/healthz").status, 503);
  const http::Response ready = Call("GET", "/-/ready");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, "Sidelight is not ready: draining.\n");
}

TEST_F(ApiTest, RefusesInOneShape) {
  struct Row {
    std::string method;
    std::string path;
    int status;
    std::string code;
    std::string allow;
    std::string counted_path;
    std::string counted_method;
  };
  const std::vector<Row> rows = {
      {"GET", "/nothing", 404, "not_found", "", "other", "GET"},
      {"GET", "/metrics/", 404, "not_found", "", "other", "GET"},
      {"BREW", "/\xff\x01<b>", 404, "not_found", "", "other", "_OTHER"},
      {"POST", "/metrics", 405, "method_not_allowed", "GET, HEAD", "/metrics", "POST"},
      {"GET", "/-/reload", 405, "method_not_allowed", "POST, PUT", "/-/reload", "GET"},
      {"DELETE", "/", 405, "method_not_allowed", "GET, HEAD", "/", "DELETE"},
  };
  for (const Row& row : rows) {
    const http::Response response = Call(row.method, row.path, true, {{"X-Correlation-Id", "caller-1"}});
    EXPECT_EQ(response.status, row.status) << row.path;
    EXPECT_EQ(response.content_type, "application/json") << row.path;
    EXPECT_EQ(HeaderOf(response, "Allow"), row.allow) << row.path;
    EXPECT_EQ(HeaderOf(response, "X-Correlation-Id"), "caller-1") << row.path;
    const auto json = nlohmann::json::parse(response.body);
    EXPECT_EQ(json["error"]["code"], row.code) << row.path;
    EXPECT_NE(json["error"]["message"], "") << row.path;
    EXPECT_EQ(json["error"]["details"]["field"], row.status == 404 ? "path" : "method") << row.path;
    EXPECT_EQ(json["error"]["details"]["issue"], row.status == 404 ? "unknown" : "expected " + row.allow)
        << row.path;
    EXPECT_EQ(json["error"]["correlation_id"], "caller-1") << row.path;
    EXPECT_EQ(json["error"]["timestamp"], FormatRfc3339(clock_.UnixNow())) << row.path;
    EXPECT_GE(Counted(row.counted_path, row.counted_method, std::to_string(row.status)), 1) << row.path;
  }
}

TEST_F(ApiTest, KeepsLongPathsOutOfMessages) {
  EXPECT_LT(Call("GET", "/" + std::string(20'000, 'x')).body.size(), 1000u);
  EXPECT_LT(Call(std::string(20'000, 'X'), "/").body.size(), 1000u);
}

TEST_F(ApiTest, ReloadsOnlyForThoseWhoMay) {
  struct Row {
    Lifecycle lifecycle;
    bool loopback;
    int status;
  };
  const std::vector<Row> rows = {
      {Lifecycle::kLoopback, true, 200}, {Lifecycle::kLoopback, false, 403}, {Lifecycle::kOff, true, 403},
      {Lifecycle::kOff, false, 403},     {Lifecycle::kAny, true, 200},       {Lifecycle::kAny, false, 200},
  };
  for (const Row& row : rows) {
    lifecycle_ = row.lifecycle;
    api_.reset();
    reloads_ = 0;
    const http::Response response = Call("POST", "/-/reload", row.loopback);
    EXPECT_EQ(response.status, row.status) << static_cast<int>(row.lifecycle) << row.loopback;
    EXPECT_EQ(reloads_, row.status == 200 ? 1 : 0);
    if (row.status == 403) {
      EXPECT_EQ(nlohmann::json::parse(response.body)["error"]["code"], "forbidden");
    }
  }
}

TEST_F(ApiTest, SaysWhyAReloadFailed) {
  reload_error_ = "sidelight.yaml:3:1: unknown key\n  3 | foo\n    | ^";
  const http::Response response = Call("POST", "/-/reload");
  EXPECT_EQ(response.status, 500);
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json["error"]["code"], "reload_failed");
  EXPECT_THAT(std::string(json["error"]["message"]), HasSubstr(reload_error_));
}

TEST_F(ApiTest, PassesTheScrapersWishesOn) {
  http::Request request;
  request.method = "GET";
  request.path = "/metrics";
  request.query = {{"name[]", "a"}, {"x", "y"}, {"name[]", "b"}};
  request.headers = {{"Accept", "text/plain"}, {"accept-encoding", "gzip"}, {"Accept", "*/*"}};
  const http::Response response = api().Handle(request);
  EXPECT_EQ(response.body, "accept=text/plain, */* name=a name=b");
  EXPECT_EQ(HeaderOf(response, "Vary"), "Accept, Accept-Encoding");
}

TEST_F(ApiTest, PacksWhateverIsLarge) {
  padding_ = std::string(2000, 'x');
  const struct {
    std::string method;
    std::string path;
    std::string plain;
  } cases[] = {{"GET", "/metrics", "accept=" + padding_},
               {"HEAD", "/metrics", "accept=" + padding_},
               {"GET", "/federate", "selected:" + padding_}};
  for (const auto& c : cases) {
    for (const bool packed : {true, false}) {
      const http::Response response =
          Call(c.method, c.path, true, {{"Accept-Encoding", packed ? "gzip" : "identity"}});
      EXPECT_EQ(HeaderOf(response, "Content-Encoding"), packed ? "gzip" : "") << c.path;
      EXPECT_TRUE(response.body == (packed ? *wire::Gzip(c.plain) : c.plain)) << c.method << " " << c.path;
      EXPECT_THAT(HeaderOf(response, "Vary"), testing::EndsWith("Accept-Encoding")) << c.path;
    }
  }
  // An error as long as that, too.
  reload_error_ = padding_;
  const http::Response refused = Call("POST", "/-/reload", true, {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(HeaderOf(refused, "Content-Encoding"), "gzip");
}

TEST_F(ApiTest, ShowsAPageWithoutScripts) {
  const http::Response response = Call("GET", "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("shop"));
  EXPECT_THAT(HeaderOf(response, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
}

TEST_F(ApiTest, ServesOverHttp) {
  const auto address = net::Address::Parse("127.0.0.1:0");
  const auto server = http::Server::Start(
      {.listen = *address, .max_head_bytes = 4096, .error_page = api().error_page()}, api().handler());
  ASSERT_TRUE(server) << server.error().message;
  struct Row {
    std::string request;
    int status;
    std::string id;
  };
  const std::vector<Row> rows = {
      {"GET /metrics HTTP/1.1\r\nX-Correlation-Id: mine\r\n\r\n", 200, "mine"},
      {"GET /metrics HTTP/1.1\r\nX-Correlation-Id: %0d%0aX-Evil: 1\r\n\r\n", 200, "[0-9a-f]{32}"},
      {"GET /nothing HTTP/1.1\r\nX-Correlation-Id: mine\r\n\r\n", 404, "mine"},
      {"DELETE /metrics HTTP/1.1\r\n\r\n", 405, "[0-9a-f]{32}"},
      {"POST /-/reload HTTP/1.1\r\n\r\n", 200, "[0-9a-f]{32}"},
      {"POST /metrics HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", 413, "[0-9a-f]{32}"},
      {"GET / HTTP/1.1\r\nX-Correlation-Id: mine\r\nContent-Length: x\r\n\r\n", 400, "mine"},
      {"GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", 431, "[0-9a-f]{32}"},
  };
  for (const Row& row : rows) {
    RawClient client((*server)->address());
    client.Send(row.request);
    const auto response = client.Receive();
    ASSERT_TRUE(response) << row.request.substr(0, 80);
    EXPECT_EQ(response->status, row.status) << row.request.substr(0, 80);
    EXPECT_THAT(response->Header("X-Correlation-Id"), MatchesRegex(row.id)) << row.request.substr(0, 80);
    EXPECT_EQ(response->Header("X-Evil"), "");
    if (row.status < 400) continue;
    const auto json = nlohmann::json::parse(response->body);
    EXPECT_EQ(json["error"]["correlation_id"], response->Header("X-Correlation-Id"));
  }
  EXPECT_EQ(Counted("other", "_OTHER", "431"), 1);
  EXPECT_EQ(Counted("/metrics", "POST", "413"), 1);
}

TEST_F(ApiTest, ServesConcurrentScrapes) {
  const auto address = net::Address::Parse("127.0.0.1:0");
  const auto server =
      http::Server::Start({.listen = *address, .error_page = api().error_page()}, api().handler());
  ASSERT_TRUE(server) << server.error().message;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      RawClient client((*server)->address());
      for (int n = 0; n < 50; ++n) {
        const std::string id = fmt::format("{}-{}", i, n);
        client.Send("GET /metrics?name[]=" + id + " HTTP/1.1\r\nX-Correlation-Id: " + id + "\r\n\r\n");
        const auto response = client.Receive();
        if (response && response->Header("X-Correlation-Id") == id &&
            response->body == "accept= name=" + id) {
          ++good;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 8 * 50);
  EXPECT_EQ(Counted("/metrics", "GET", "200"), 8 * 50);
}

}  // namespace
}  // namespace sidelight::api
