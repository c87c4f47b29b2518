// `sidelight query` against a server that plays the API.
#include "src/cli/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/http/form.h"
#include "core/http/server.h"
#include "tests/support/fake_clock.h"

namespace sidelight::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kTwo[] = R"({"status":"success","data":{"resultType":"scalar","result":[1,"2"]}})";

class QueryTest : public ::testing::Test {
 protected:
  QueryTest() {
    auto server = http::Server::Start(
        {.listen = net::Address::Tcp("127.0.0.1", 0),
         .error_page = [](const http::Request&, const http::Failure&) { return http::Response{}; }},
        [this](const http::Request& request) {
          const std::lock_guard<std::mutex> lock(mutex_);
          asked_ = request;
          return answer_;
        });
    EXPECT_TRUE(server);
    server_ = *std::move(server);
    query_.url = "http://" + server_->address().ToString();
    query_.expression = "1 + 1";
  }

  // The request that came in, as "path name=value name=value".
  std::string Asked() {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::string text = asked_.method + " " + asked_.path;
    const http::Fields form = http::ParseForm(asked_.body).value_or(http::Fields());
    for (const auto& [name, value] : form) text += " " + name + "=" + value;
    return text;
  }
  void Answer(int status, const std::string& body) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answer_ = {.status = status, .content_type = "application/json", .body = body};
  }
  Report Run() { return RunQuery(query_, clock_); }

  FakeClock clock_{1'699'999'999'000};  // which is a second ahead
  Query query_;
  std::mutex mutex_;
  http::Request asked_;
  http::Response answer_{.body = kTwo};
  std::unique_ptr<http::Server> server_;
};

TEST_F(QueryTest, AsksWhatWasSaid) {
  const Report instant = Run();
  EXPECT_EQ(instant.exit_code, 0) << instant.errors;
  EXPECT_EQ(instant.output, "2\n");
  EXPECT_EQ(instant.errors, "");
  EXPECT_EQ(Asked(), "POST /api/v1/query query=1 + 1 timeout=30s");

  query_.time = "5";
  query_.timeout = "1m";
  query_.url += "/prefix/";
  Run();
  EXPECT_EQ(Asked(), "POST /prefix/api/v1/query query=1 + 1 timeout=1m time=5");

  query_.time = "";
  query_.start = "2023-11-14T22:00:00Z";
  query_.step = "15s";
  Run();
  EXPECT_EQ(Asked(),
            "POST /prefix/api/v1/query_range query=1 + 1 timeout=1m start=2023-11-14T22:00:00Z "
            "end=2023-11-14T22:13:20.000Z step=15s");
  query_.end = "9";
  Run();
  EXPECT_THAT(Asked(), HasSubstr(" end=9 "));
}

TEST_F(QueryTest, JsonIsTheAnswerItself) {
  query_.format = Query::Format::kJson;
  const Report report = Run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.output, std::string(kTwo) + "\n");
}

TEST_F(QueryTest, SaysWhatWentWrong) {
  struct Row {
    int status;
    std::string body;
    std::string error;
  };
  const std::vector<Row> rows = {
      {400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:2: parse error"})",
       "sidelight query: invalid parameter \"query\": 1:2: parse error\n"},
      {404, "404 page not found",
       "sidelight query: the answer is none of Prometheus' API (status 404); does --url name a Sidelight?\n"},
      {200, "<html>",
       "sidelight query: the answer is none of Prometheus' API (status 200); does --url name a Sidelight?\n"},
      {200, "{}",
       "sidelight query: the answer is none of Prometheus' API (status 200); does --url name a Sidelight?\n"},
  };
  for (const Row& row : rows) {
    for (const auto format : {Query::Format::kTable, Query::Format::kJson}) {
      if (row.body == "{}" && format == Query::Format::kJson) continue;  // JSON it is
      query_.format = format;
      Answer(row.status, row.body);
      const Report report = Run();
      EXPECT_EQ(report.exit_code, 1) << row.body;
      EXPECT_EQ(report.output, "") << row.body;
      EXPECT_EQ(report.errors, row.error);
    }
  }
  const std::string where = server_->address().ToString();
  server_->Stop();
  EXPECT_EQ(Run().errors, "sidelight query: " + where +
                              ": cannot connect: Connection refused; does a Sidelight "
                              "listen there? --url says where to ask\n");
}

TEST_F(QueryTest, WrongUse) {
  query_.url = "127.0.0.1:9464";
  EXPECT_EQ(Run().exit_code, kUsageError);
  EXPECT_EQ(Run().errors,
            "sidelight query: --url: \"127.0.0.1:9464\" is not a URL; write http://host:port or "
            "https://host:port\n");
  query_.url = "http://127.0.0.1:9464";
  query_.timeout = "soon";
  EXPECT_EQ(Run().exit_code, kUsageError);
  EXPECT_THAT(Run().errors, HasSubstr("sidelight query: --timeout: \"soon\" is no duration"));
}

}  // namespace
}  // namespace sidelight::cli
