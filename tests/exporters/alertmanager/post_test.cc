// Requests: what one says, what becomes of an answer, and of the connection. TLS is core/http's to test.
#include "exporters/alertmanager/post.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/core/http/certificates.h"
#include "tests/core/http/files.h"
#include "tests/core/http/tls_server.h"
#include "tests/exporters/alertmanager/fake_alertmanager.h"

namespace sidelight::alertmanager {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Duration kKept = std::chrono::seconds(90);
constexpr const char* kSecret = "hunter2";

// A file that is gone with the test.
class SecretFile {
 public:
  explicit SecretFile(const std::string& text) {
    std::string path = testing::TempDir() + "secret-XXXXXX";
    const int fd = ::mkstemp(path.data());
    EXPECT_GE(fd, 0) << path;
    ::close(fd);
    path_ = path;
    Write(text);
  }
  ~SecretFile() { std::remove(path_.c_str()); }

  void Write(const std::string& text) { std::ofstream(path_, std::ios::trunc) << text; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Status PostOnce(const Destination& destination) {
  return Poster(destination, kKept).Post("[]");
}

// The connection that each request came on.
std::vector<int> ConnectionsOf(const std::vector<http::TlsServer::Seen>& seen) {
  std::vector<int> connections;
  for (const auto& one : seen) connections.push_back(one.connection);
  return connections;
}

// What the one request to `a` says in this header.
std::string HeaderOf(const FakeAlertmanager& a, const char* name) {
  const auto requests = a.Requests();
  EXPECT_EQ(requests.size(), 1u);
  return requests.empty() ? "" : std::string(requests.front().Header(name));
}

TEST(PostTest, WhoWeAre) {
  const SecretFile secret(std::string(kSecret) + "\n");
  const http::SecretSource user{.value = Secret("us")};
  const http::SecretSource from_file{.file = secret.path()};
  const struct {
    const char* what;
    http::ClientSettings client;
    const char* header;
    std::string wanted;
  } cases[] = {
      {"nobody", {}, "Authorization", ""},
      {"basic",
       {.basic_auth = {{user, {.value = Secret(kSecret)}}}},
       "Authorization",
       "Basic dXM6aHVudGVyMg=="},
      {"basic, from a file", {.basic_auth = {{user, from_file}}}, "Authorization", "Basic dXM6aHVudGVyMg=="},
      {"bearer",
       {.authorization = {{.credentials = {.value = Secret("tok")}}}},
       "Authorization",
       "Bearer tok"},
      {"another scheme, from a file",
       {.authorization = {{.type = "Token", .credentials = from_file}}},
       "Authorization",
       "Token hunter2"},
      {"a header", {.headers = {{"X-Scope-OrgID", {.value = Secret("7")}}}}, "X-Scope-OrgID", "7"},
  };
  for (const auto& c : cases) {
    const FakeAlertmanager a;
    const Status posted = PostOnce({.url = a.url(), .client = c.client});
    ASSERT_TRUE(posted) << c.what << ": " << posted.error().message;
    EXPECT_EQ(HeaderOf(a, c.header), c.wanted) << c.what;
    EXPECT_EQ(a.Requests().front().body, "[]") << c.what;
  }
}

TEST(PostTest, ASecretIsReadForEachRequest) {
  const FakeAlertmanager a;
  SecretFile secret("old");
  const Destination destination{.url = a.url(),
                                .client = {.authorization = {{.credentials = {.file = secret.path()}}}}};
  Poster poster(destination, kKept);
  ASSERT_TRUE(poster.Post("[]"));
  secret.Write("new");
  ASSERT_TRUE(poster.Post("[]"));
  ASSERT_EQ(a.Requests().size(), 2u);
  EXPECT_EQ(a.Requests()[0].Header("Authorization"), "Bearer old");
  EXPECT_EQ(a.Requests()[1].Header("Authorization"), "Bearer new");

  std::filesystem::remove(secret.path());
  const Status posted = poster.Post("[]");
  ASSERT_FALSE(posted);
  EXPECT_THAT(posted.error().message, HasSubstr(secret.path()));
  EXPECT_EQ(a.Requests().size(), 2u) << "without its secret a request is not sent";
}

TEST(PostTest, OnlyA2xxIsSuccessAndNoErrorShowsASecret) {
  for (const int status : {200, 202, 204, 301, 302, 307, 400, 401, 404, 429, 500, 503}) {
    FakeAlertmanager a;
    a.Answer(status, status == 204 ? "" : kSecret);
    const Destination destination{.url = a.url(),
                                  .client = {.authorization = {{.credentials = {.value = Secret(kSecret)}}}}};
    const Status posted = PostOnce(destination);
    EXPECT_EQ(posted.has_value(), status < 300) << status;
    EXPECT_EQ(a.Requests().size(), 1u) << status;
    if (posted) continue;
    EXPECT_THAT(posted.error().message, HasSubstr("it answered " + std::to_string(status)));
    EXPECT_THAT(posted.error().message, HasSubstr(a.url().authority));
    EXPECT_THAT(posted.error().message, Not(HasSubstr(kSecret)));
  }
}

TEST(PostTest, OneThatHangsIsGivenUp) {
  const SilentServer silent;
  const TimePoint start = SystemClock().Now();
  const Status posted = PostOnce({.url = silent.url(), .timeout = milliseconds(100)});
  ASSERT_FALSE(posted);
  EXPECT_EQ(posted.error().code, ErrorCode::kTimeout) << posted.error().message;
  EXPECT_GE(SystemClock().Now() - start, milliseconds(100));
}

TEST(PostTest, AConnectionIsKept) {
  const http::TlsServer server({.end = http::TlsServer::End::kStay});
  Poster poster({.url = server.url()}, kKept);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(poster.Post("[]")) << i;
  EXPECT_THAT(ConnectionsOf(server.Await(3)), ElementsAre(1, 1, 1));
  poster.Close();
  ASSERT_TRUE(poster.Post("[]"));
  EXPECT_THAT(ConnectionsOf(server.Await(4)), ElementsAre(1, 1, 1, 2));
}

// The Alertmanager closes it in the very moment of the second batch.
TEST(PostTest, AKeptConnectionThatEndsCostsNothing) {
  const http::Authority authority;
  const http::Files files;
  const std::string trusted = files.Write("ca.pem", authority.certificate());
  for (const bool tls : {false, true}) {
    const http::TlsServer server({.identity = tls ? authority.Issue() : http::Authority::Issued(),
                                  .end = http::TlsServer::End::kStay,
                                  .answers = 1});
    Poster poster({.url = server.url(), .client = {.tls = {.ca_file = trusted}}}, kKept);
    for (int i = 0; i < 2; ++i) {
      const Status posted = poster.Post("[]");
      ASSERT_TRUE(posted) << tls << i << posted.error().message;
    }
    EXPECT_THAT(ConnectionsOf(server.Await(3)), ElementsAre(1, 1, 2)) << tls;
  }
}

TEST(PostTest, WhereTo) {
  const struct {
    const char* url;
    const char* wanted;
  } cases[] = {
      {"http://am:9093", "http://am:9093/api/v2/alerts"},
      {"https://am", "https://am/api/v2/alerts"},
      {"http://am/a/b", "http://am/a/b/api/v2/alerts"},
      {"http://[::1]:9093/", "http://[::1]:9093/api/v2/alerts"},
  };
  for (const auto& c : cases) {
    const Result<http::Url> url = http::Url::Parse(c.url);
    ASSERT_TRUE(url) << c.url;
    EXPECT_EQ(Endpoint({.url = *url}), c.wanted) << c.url;
  }
}

}  // namespace
}  // namespace sidelight::alertmanager
