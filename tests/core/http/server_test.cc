#include "core/http/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/core/http/raw_client.h"
#include "tests/core/net/test_socket.h"

namespace sidelight::http {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// More than the socket buffers of both ends hold.
constexpr size_t kBigBody = 16 << 20;

std::string Describe(const Request& request) {
  std::string text = request.method + " " + request.path + "\n";
  for (const auto& [name, value] : request.query) text += "query " + name + "=" + value + "\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\n";
  text += fmt::format("from {} loopback {}\n", request.remote_address, request.from_loopback);
  return text + "body " + request.body + "\n";
}

Response EchoHandler(const Request& request) {
  if (request.path == "/throw") throw std::runtime_error("on purpose");
  if (request.path == "/throw-int") throw 1;
  if (request.path == "/big") return {.content_type = "text/plain", .body = std::string(kBigBody, 'x')};
  if (request.path == "/empty") return {.status = 204};
  if (request.path == "/teapot")
    return {.status = 418, .content_type = "text/plain", .body = "short and stout"};
  if (request.path == "/inject") return {.headers = {{"X-Good", "1"}, {"X-Bad", "a\r\nSet-Cookie: b"}}};
  return {.content_type = "text/plain", .headers = {{"X-Path", request.path}}, .body = Describe(request)};
}

Response TestErrorPage(const Request& request, const Failure& failure) {
  return {.status = failure.status,
          .content_type = "application/json",
          .headers = {{"X-Seen", std::string(request.Header("X-Correlation-Id"))}},
          .body = fmt::format("{{\"code\":\"{}\",\"message\":\"{}\"}}", failure.code, failure.message)};
}

net::Address Parse(const std::string& text) {
  const auto address = net::Address::Parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(net::Address());
}

ServerOptions TestOptions() {
  return {.listen = Parse("127.0.0.1:0"), .error_page = TestErrorPage};
}

std::unique_ptr<Server> MustStart(ServerOptions options, Handler handler = EchoHandler) {
  auto server = Server::Start(std::move(options), std::move(handler));
  if (!server) {
    ADD_FAILURE() << server.error().message;
    std::abort();
  }
  return std::move(*server);
}

::testing::AssertionResult Eventually(const std::function<bool()>& holds) {
  const TimePoint deadline = SystemClock().Now() + std::chrono::minutes(1);
  while (!holds()) {
    if (SystemClock().Now() > deadline) return ::testing::AssertionFailure() << "not within a minute";
    std::this_thread::sleep_for(milliseconds(2));
  }
  return ::testing::AssertionSuccess();
}

size_t ThreadsOfThisProcess() {
  size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
    count += task.exists() ? 1 : 0;
  return count;
}

TEST(Server, HandsTheRequestOverAsItWasSent) {
  const auto server = MustStart(TestOptions());
  RawClient client(server->address());
  client.Send(
      "GET /a%20b?x=1&x=2&q=a=b? HTTP/1.1\r\nHost: h\r\nRange: bytes=nonsense\r\nAccept-Encoding: gzip, "
      "br\r\n"
      "X-Raw: %0d%0aX: y\r\n\r\n");
  const auto response = client.Receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->Header("Content-Type"), "text/plain");
  EXPECT_EQ(response->Header("X-Path"), "/a b");
  EXPECT_EQ(response->Header("Content-Encoding"), "");
  EXPECT_EQ(response->Header("Connection"), "");
  EXPECT_THAT(response->Header("Date"), ::testing::EndsWith(" GMT"));
  EXPECT_EQ(response->body,
            "GET /a b\nquery x=1\nquery x=2\nquery q=a=b?\nHost: h\nRange: bytes=nonsense\n"
            "Accept-Encoding: gzip, br\nX-Raw: %0d%0aX: y\nfrom 127.0.0.1 loopback true\nbody \n");
}

TEST(Server, AnswersHeadWithTheLengthAndNoBody) {
  const auto server = MustStart(TestOptions());
  RawClient client(server->address());
  client.Send("HEAD /teapot HTTP/1.1\r\n\r\nHEAD /empty HTTP/1.1\r\n\r\nGET /teapot HTTP/1.1\r\n\r\n");
  const auto head = client.Receive(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 418);
  EXPECT_EQ(head->Header("Content-Length"), "15");
  const auto empty = client.Receive(true);
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->status, 204);
  EXPECT_EQ(empty->Header("Content-Length"), "");
  const auto get = client.Receive();
  ASSERT_TRUE(get);
  EXPECT_EQ(get->body, "short and stout");
}

TEST(Server, KeepsAndClosesConnectionsAsAsked) {
  struct Row {
    std::string request;
    std::string connection;
    bool stays;
  };
  const std::vector<Row> rows = {
      {"GET / HTTP/1.1\r\n\r\n", "", true},
      {"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", "close", false},
      {"GET / HTTP/1.0\r\n\r\n", "close", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", true},
  };
  const auto server = MustStart(TestOptions());
  for (const Row& row : rows) {
    RawClient client(server->address());
    client.Send(row.request);
    const auto response = client.Receive();
    ASSERT_TRUE(response) << row.request;
    EXPECT_EQ(response->Header("Connection"), row.connection) << row.request;
    if (row.stays) {
      client.Send("GET /again HTTP/1.1\r\n\r\n");
      EXPECT_TRUE(client.Receive()) << row.request;
    } else {
      EXPECT_TRUE(client.WaitForEnd()) << row.request;
    }
  }
}

TEST(Server, ReadsBodies) {
  const std::string chunked =
      "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n";
  struct Row {
    std::string request;
    std::string body;
  };
  const std::vector<Row> rows = {
      {"POST /no-length HTTP/1.1\r\n\r\n", ""},
      {"PUT /l HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "hello"},
      {"GET /l HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "hello"},
      {"DELETE /l HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "hello"},
      {"REPORT /l HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "hello"},
      {chunked, "abcde"},
      {"POST /m HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 3\r\n\r\n--x",
       "--x"},
  };
  const auto server = MustStart(TestOptions());
  RawClient client(server->address());
  for (const Row& row : rows) {
    client.Send(row.request);
    const auto response = client.Receive();
    ASSERT_TRUE(response) << row.request;
    EXPECT_EQ(response->status, 200) << row.request;
    EXPECT_THAT(response->body, HasSubstr("\nbody " + row.body + "\n")) << row.request;
  }
  for (const char c : chunked) client.Send(std::string_view(&c, 1));
  const auto response = client.Receive();
  ASSERT_TRUE(response);
  EXPECT_THAT(response->body, HasSubstr("body abcde\n"));
}

TEST(Server, SaysContinueOnceAndOnlyWhenItWantsTheBody) {
  ServerOptions options = TestOptions();
  options.max_body_bytes = 10;
  const auto server = MustStart(options);
  RawClient client(server->address());
  client.Send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const auto interim = client.Receive();
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->status, 100);
  client.Send("hello");
  const auto response = client.Receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  client.Send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  const auto refused = client.Receive();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413);
}

TEST(Server, RefusesInTheErrorPagesShapeAndCloses) {
  struct Row {
    std::string request;
    int status;
    std::string code;
  };
  const std::vector<Row> rows = {
      {"nonsense\r\n\r\n", 501, "not_implemented"},
      {"BREW / HTTP/1.1\r\n\r\n", 501, "not_implemented"},
      {"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", 415,
       "unsupported_media_type"},
      {"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400, "bad_request"},
      {"\x16\x03\x01\x02\r\n\r\n", 400, "bad_request"},
      {"GET / HTTP/3.0\r\n\r\n", 505, "version_not_supported"},
      {"GET / HTTP/1.1\r\nExpect: x\r\n\r\n", 417, "expectation_failed"},
      {"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "not_implemented"},
      {"GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", 431, "headers_too_large"},
      {"GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'x'), 431, "headers_too_large"},
      {"GET /" + std::string(5000, 'x') + " HTTP/1.1\r\n\r\n", 414, "uri_too_long"},
      {"GET /" + std::string(1 << 20, 'x'), 414, "uri_too_long"},
      {"POST / HTTP/1.1\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'), 413, "payload_too_large"},
      {"POST / HTTP/1.1\r\nContent-Length: 100000000000\r\n\r\n", 413, "payload_too_large"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5000\r\n", 413, "payload_too_large"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "bad_request"},
  };
  ServerOptions options = TestOptions();
  options.max_head_bytes = 4096;
  options.max_body_bytes = 1000;
  const auto server = MustStart(options);
  for (const Row& row : rows) {
    RawClient client(server->address());
    client.Send(row.request);
    const auto response = client.Receive();
    ASSERT_TRUE(response) << row.request.substr(0, 80);
    EXPECT_EQ(response->status, row.status) << row.request.substr(0, 80);
    EXPECT_THAT(response->body, HasSubstr("\"code\":\"" + row.code + "\"")) << row.request.substr(0, 80);
    EXPECT_EQ(response->Header("Content-Type"), "application/json") << row.request.substr(0, 80);
    EXPECT_EQ(response->Header("Connection"), "close") << row.request.substr(0, 80);
    EXPECT_TRUE(client.WaitForEnd()) << row.request.substr(0, 80);
  }
}

TEST(Server, GivesTheErrorPageWhatItUnderstood) {
  const auto server = MustStart(TestOptions());
  RawClient client(server->address());
  client.Send("GET /%zz HTTP/1.1\r\nX-Correlation-Id: abc\r\n\r\n");
  const auto response = client.Receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->Header("X-Seen"), "abc");
}

TEST(Server, AnswersWhatAHandlerThrowsWith500) {
  const auto server = MustStart(TestOptions());
  RawClient client(server->address());
  for (const std::string path : {"/throw", "/throw-int"}) {
    client.Send("GET " + path + " HTTP/1.1\r\n\r\n");
    const auto response = client.Receive();
    ASSERT_TRUE(response) << path;
    EXPECT_EQ(response->status, 500) << path;
    EXPECT_THAT(response->body, HasSubstr("\"code\":\"internal\"")) << path;
    EXPECT_THAT(response->head + response->body, Not(HasSubstr("on purpose"))) << path;
  }
}

TEST(Server, DropsHeadersWithLineBreaks) {
  const auto server = MustStart(TestOptions());
  RawClient client(server->address());
  client.Send("GET /inject HTTP/1.1\r\n\r\n");
  const auto response = client.Receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->Header("X-Good"), "1");
  EXPECT_THAT(response->head, Not(HasSubstr("Set-Cookie")));
}

TEST(Server, CutsSlowClientsAfterTheWholeDeadline) {
  ServerOptions options = TestOptions();
  options.header_deadline = std::chrono::seconds(1);
  options.body_deadline = std::chrono::seconds(1);
  const auto server = MustStart(options);
  struct Row {
    std::string at_once;
    std::string slowly;
  };
  const std::vector<Row> rows = {
      {"G", "ET / HTTP/1.1\r\nX: " + std::string(2000, 'x')},
      {"GET /first HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nX: " + std::string(2000, 'x')},
      {"POST / HTTP/1.1\r\nContent-Length: 2000\r\n\r\n", std::string(2000, 'x')},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "5;" + std::string(900, 'x')},
  };
  for (const Row& row : rows) {
    const TimePoint begin = SystemClock().Now();
    RawClient client(server->address());
    client.Send(row.at_once);
    if (row.at_once.starts_with("GET")) {
      ASSERT_TRUE(client.Receive());
    }
    client.SendSlowly(row.slowly, milliseconds(20));
    const auto response = client.Receive();
    const double took = Seconds(SystemClock().Now() - begin);
    ASSERT_TRUE(response) << row.at_once << row.slowly.substr(0, 40);
    EXPECT_EQ(response->status, 408) << row.at_once << row.slowly.substr(0, 40);
    EXPECT_THAT(response->body, HasSubstr("\"code\":\"request_timeout\""));
    EXPECT_GE(took, 0.9) << row.at_once << row.slowly.substr(0, 40);
    EXPECT_LT(took, 18) << row.at_once << row.slowly.substr(0, 40)
                        << ": not even half of it was sent by then";
    EXPECT_TRUE(client.WaitForEnd());
  }
}

TEST(Server, ClosesSilentAndIdleConnectionsWithoutAWord) {
  ServerOptions options = TestOptions();
  options.header_deadline = std::chrono::seconds(1);
  options.idle_deadline = milliseconds(200);
  const auto server = MustStart(options);
  RawClient silent(server->address());
  EXPECT_FALSE(silent.Receive());
  RawClient idle(server->address());
  idle.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(idle.Receive());
  EXPECT_FALSE(idle.Receive());
  EXPECT_TRUE(Eventually([&] { return server->connections() == 0; }));
}

TEST(Server, CutsAClientThatDoesNotRead) {
  ServerOptions options = TestOptions();
  options.write_deadline = std::chrono::seconds(2);
  const auto server = MustStart(options);
  RawClient client(server->address());
  client.Send("GET /big HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return server->connections() == 1; }));
  EXPECT_TRUE(Eventually([&] { return server->connections() == 0; }));
}

TEST(Server, SendsLargeResponsesWhole) {
  const auto server = MustStart(TestOptions());
  RawClient client(server->address());
  client.Send("GET /big HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto response = client.Receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.size(), kBigBody);
}

TEST(Server, RefusesConnectionsBeyondTheCapAtOnceAndServesTheOthers) {
  ServerOptions options = TestOptions();
  options.max_connections = 3;
  std::atomic<int> refused{0};
  options.error_page = [&refused](const Request& request, const Failure& failure) {
    EXPECT_EQ(request.remote_address, "127.0.0.1");
    if (failure.status == 503) ++refused;
    return TestErrorPage(request, failure);
  };
  const auto server = MustStart(options);
  std::vector<std::unique_ptr<RawClient>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<RawClient>(server->address()));
    held.back()->Send("GET / HT");
  }
  ASSERT_TRUE(Eventually([&] { return server->connections() == 3; }));
  for (int i = 0; i < 20; ++i) {
    RawClient extra(server->address());
    extra.Send("GET / HTTP/1.1\r\n\r\n");
    const auto response = extra.Receive();
    ASSERT_TRUE(response) << i;
    EXPECT_EQ(response->status, 503);
    EXPECT_EQ(response->Header("Connection"), "close");
    EXPECT_THAT(response->body, HasSubstr("\"code\":\"overloaded\""));
    EXPECT_TRUE(extra.WaitForEnd());
  }
  EXPECT_EQ(refused, 20);
  for (const auto& client : held) {
    client->Send("TP/1.1\r\n\r\n");
    const auto response = client->Receive();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
  }
  held.pop_back();
  ASSERT_TRUE(Eventually([&] { return server->connections() == 2; }));
  RawClient next(server->address());
  next.Send("GET / HTTP/1.1\r\n\r\n");
  const auto response = next.Receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
}

TEST(Server, HasNoThreadPerConnectionLeftOver) {
  const auto server = MustStart(TestOptions());
  const size_t before = ThreadsOfThisProcess();
  for (int round = 0; round < 5; ++round) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<RawClient>(server->address()));
    ASSERT_TRUE(Eventually([&] { return server->connections() == 20; }));
    EXPECT_GE(ThreadsOfThisProcess(), before + 20);
    clients.clear();
    ASSERT_TRUE(Eventually([&] { return server->connections() == 0; }));
  }
  EXPECT_TRUE(Eventually([&] { return ThreadsOfThisProcess() == before; }));
}

TEST(Server, SaysWhatToDoAboutAPortInUse) {
  const auto first = MustStart(TestOptions());
  ServerOptions options = TestOptions();
  options.listen = first->address();
  const auto second = Server::Start(options, EchoHandler);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr(first->address().ToString()));
  EXPECT_THAT(second.error().message, HasSubstr("already in use"));
  RawClient client(first->address());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(client.Receive());
}

TEST(Server, GivesThePortBackWhenItStops) {
  ServerOptions options = TestOptions();
  for (int i = 0; i < 5; ++i) {
    const auto server = MustStart(options);
    options.listen = server->address();
    RawClient client(server->address());
    client.Send("GET / HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(client.Receive());
    server->Stop();
    server->Stop();
    EXPECT_TRUE(client.WaitForEnd());
  }
}

TEST(Server, ListensOnIpv6AndUnixSockets) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("sidelight-http-{}", ::getpid());
  std::filesystem::create_directory(folder);
  struct Row {
    std::string listen;
    std::string connect;  // "" for where it listens
    std::string from;
  };
  std::vector<Row> rows = {
      {"unix:" + (folder / "api.sock").string(), "", "from unix loopback true"},
      {"0.0.0.0:0", "127.0.0.1", "from 127.0.0.1 loopback true"},
  };
  if (net::HasIpv6()) {
    rows.push_back({"[::1]:0", "", "from ::1 loopback true"});
    rows.push_back({"[::]:0", "127.0.0.1", "from 127.0.0.1 loopback true"});
  }
  for (const Row& row : rows) {
    ServerOptions options = TestOptions();
    options.listen = Parse(row.listen);
    const auto server = MustStart(options);
    RawClient client(row.connect.empty() ? server->address()
                                         : net::Address::Tcp(row.connect, server->address().port()));
    client.Send("GET / HTTP/1.1\r\n\r\n");
    const auto response = client.Receive();
    ASSERT_TRUE(response) << row.listen;
    EXPECT_THAT(response->body, HasSubstr(row.from)) << row.listen;
  }
  std::filesystem::remove_all(folder);
}

TEST(Server, StopsPromptlyWhateverTheClientsDo) {
  ServerOptions options = TestOptions();
  options.header_deadline = options.body_deadline = options.idle_deadline = options.write_deadline =
      std::chrono::hours(1);
  auto server = MustStart(options);
  std::vector<std::unique_ptr<RawClient>> clients;
  const std::vector<std::string> beginnings = {"", "GET / HT",
                                               "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
                                               "GET /big HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"};
  for (int round = 0; round < 3; ++round) {
    for (const std::string& beginning : beginnings) {
      clients.push_back(std::make_unique<RawClient>(server->address()));
      clients.back()->Send(beginning);
    }
  }
  ASSERT_TRUE(Eventually([&] { return server->connections() == clients.size(); }));
  const TimePoint begin = SystemClock().Now();
  server->Stop();
  EXPECT_LT(Seconds(SystemClock().Now() - begin), 60);
  EXPECT_EQ(server->connections(), 0u);
  server.reset();
}

TEST(Server, LetsAResponseInTheMakingGoOutWhenItStops) {
  std::atomic<bool> in_handler{false};
  const auto server = MustStart(TestOptions(), [&in_handler](const Request&) -> Response {
    in_handler = true;
    std::this_thread::sleep_for(milliseconds(50));
    return {.content_type = "text/plain", .body = "done"};
  });
  RawClient client(server->address());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return in_handler.load(); }));
  server->Stop();
  const auto response = client.Receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "done");
}

TEST(Server, ServesManyAtOnce) {
  const auto server = MustStart(TestOptions());
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      RawClient client(server->address());
      for (int n = 0; n < 50; ++n) {
        client.Send(fmt::format("POST /{}/{} HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", i, n));
        const auto response = client.Receive();
        if (response && response->Header("X-Path") == fmt::format("/{}/{}", i, n)) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 8 * 50);
}

TEST(Server, WorksWithDescriptorsBeyondFdSetsize) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur < 2200) {
    ASSERT_GE(limit.rlim_max, 2200u) << "this test needs 2200 file descriptors (ulimit -n)";
    rlimit raised = limit;
    raised.rlim_cur = 2200;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &raised), 0);
  }
  std::vector<int> taken;
  while (taken.empty() || taken.back() < 1100) taken.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto server = MustStart(TestOptions());
  RawClient client(server->address());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  const auto response = client.Receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  for (const int fd : taken) ::close(fd);
}

}  // namespace
}  // namespace sidelight::http
