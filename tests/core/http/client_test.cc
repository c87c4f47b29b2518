// The client against the server, and against peers that do not behave.
#include "core/http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "core/http/server.h"
#include "core/net/listener.h"
#include "tests/core/http/raw_client.h"

namespace sidelight::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

Response Page(const Request&, const Failure& failure) {
  return {.status = failure.status, .content_type = "text/plain", .body = failure.message};
}

std::unique_ptr<Server> Serve(Handler handler) {
  auto server =
      Server::Start({.listen = net::Address::Tcp("127.0.0.1", 0), .error_page = Page}, std::move(handler));
  EXPECT_TRUE(server) << server.error().message;
  return *std::move(server);
}

Url UrlOf(const net::Address& address, const std::string& path = "") {
  const Result<Url> url = Url::Parse("http://" + address.ToString() + path);
  EXPECT_TRUE(url);
  return *url;
}

std::string Sentence(const Result<Response>& answer) {
  return answer ? "status " + std::to_string(answer->status) : answer.error().message;
}

TEST(ClientTest, SendsAndReceives) {
  const auto server = Serve([](const Request& request) {
    std::string text = request.method + " " + request.path + " host=" + std::string(request.Header("Host")) +
                       " type=" + std::string(request.Header("Content-Type")) +
                       " x=" + std::string(request.Header("X-Mine"));
    for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
    return Response{.status = 418,
                    .content_type = "text/plain",
                    .headers = {{"X-Out", "1"}},
                    .body = text + " " + request.body};
  });
  const std::string host = server->address().ToString();
  const Result<Response> get = Fetch(UrlOf(server->address()), {.target = "/a?b=c"});
  ASSERT_TRUE(get) << get.error().message;
  EXPECT_EQ(get->status, 418);
  EXPECT_EQ(get->content_type, "text/plain");
  EXPECT_EQ(get->body, "GET /a host=" + host + " type= x= b=c ");
  EXPECT_THAT(get->headers, testing::Contains(std::pair<std::string, std::string>("X-Out", "1")));

  const Result<Response> post =
      Fetch(UrlOf(server->address(), "/prefix/"), {.method = "POST",
                                                   .target = "/a",
                                                   .content_type = "text/x",
                                                   .headers = {{"X-Mine", "2"}},
                                                   .body = std::string(300'000, 'b')});
  ASSERT_TRUE(post) << post.error().message;
  EXPECT_EQ(post->body, "POST /prefix/a host=" + host + " type=text/x x=2 " + std::string(300'000, 'b'));
}

TEST(ClientTest, TakesTheAnswerOfAServerThatDidNotReadTheRequest) {
  const auto server = Serve([](const Request&) { return Response{}; });
  const Result<Response> answer =
      Fetch(UrlOf(server->address()), {.method = "POST", .body = std::string(2 << 20, 'b')});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 413);
}

TEST(ClientTest, SaysWhyThereIsNoAnswer) {
  const auto big = Serve([](const Request&) { return Response{.body = std::string(1000, 'x')}; });
  EXPECT_EQ(Sentence(Fetch(UrlOf(big->address()), {}, {.max_body_bytes = 999})),
            big->address().ToString() + ": its body is larger than 999 bytes");

  const net::Address gone = big->address();
  big->Stop();
  EXPECT_EQ(Sentence(Fetch(UrlOf(gone), {})), gone.ToString() + ": cannot connect: Connection refused");

  // Connections are made by the kernel, and nobody reads them.
  auto silent = net::Listener::Open(net::Address::Tcp("127.0.0.1", 0));
  ASSERT_TRUE(silent);
  const Result<Response> late = Fetch(UrlOf((*silent)->bound()), {}, {.timeout = milliseconds(500)});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  EXPECT_THAT(late.error().message, HasSubstr("the response was not whole after 0.5 s"));

  const Result<Url> nobody = Url::Parse("http://nobody.invalid:1");
  ASSERT_TRUE(nobody);
  const Result<Response> unknown = Fetch(*nobody, {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound) << unknown.error().message;
}

// A handler that runs until it learns that its client has left.
TEST(ClientTest, AHandlerLearnsThatItsClientHasLeft) {
  std::mutex mutex;
  std::condition_variable changed;
  bool begun = false;
  bool gone = false;
  std::atomic<int> patient{0};
  const auto server = Serve([&](const Request& request) {
    if (request.path == "/quick") {
      const uint64_t watch = request.client->WhenGone([&] { ++patient; });
      request.client->Forget(watch);
      return Response{};
    }
    const uint64_t watch = request.client->WhenGone([&] {
      const std::lock_guard<std::mutex> lock(mutex);
      gone = true;
      changed.notify_all();
    });
    std::unique_lock<std::mutex> lock(mutex);
    begun = true;
    changed.notify_all();
    EXPECT_TRUE(changed.wait_for(lock, seconds(60), [&] { return gone; }));
    lock.unlock();
    request.client->Forget(watch);
    return Response{};
  });
  RawClient stays(server->address());
  EXPECT_TRUE(stays.Send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(stays.Receive());
  {
    RawClient leaves(server->address());
    EXPECT_TRUE(leaves.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
    std::unique_lock<std::mutex> lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, seconds(60), [&] { return begun; }));
    EXPECT_FALSE(gone);
  }
  std::unique_lock<std::mutex> lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, seconds(60), [&] { return gone; }));
  EXPECT_EQ(patient, 0);
}

}  // namespace
}  // namespace sidelight::http
