#include "src/api/problem.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::api {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'123;  // 2023-11-14T22:13:20.123Z

TEST(RenderProblem, HasOneShape) {
  struct Row {
    Problem problem;
    std::string body;
  };
  const std::string tail = R"("correlation_id":"id-1","timestamp":"2023-11-14T22:13:20.123Z"}})"
                           "\n";
  const std::vector<Row> rows = {
      {{.status = 404, .code = "not_found", .message = "nothing here"},
       R"({"error":{"code":"not_found","message":"nothing here",)" + tail},
      {{.status = 400,
        .code = "bad_request",
        .message = "the time is no time",
        .details = Problem::Details{"time", "expected RFC 3339"}},
       R"({"error":{"code":"bad_request","message":"the time is no time",)"
       R"("details":{"field":"time","issue":"expected RFC 3339"},)" +
           tail},
      {{.status = 500, .code = "internal", .message = "a \"quote\",\na line\x01 and \xff bytes <b>"},
       R"({"error":{"code":"internal","message":"a \"quote\",\na line\u0001 and )"
       "\xEF\xBF\xBD"
       R"( bytes <b>",)" +
           tail},
  };
  for (const Row& row : rows) {
    const http::Response response = RenderProblem(row.problem, "id-1", kNow);
    EXPECT_EQ(response.body, row.body);
    EXPECT_EQ(response.status, row.problem.status);
    EXPECT_EQ(response.content_type, "application/json");
  }
}

TEST(RenderProblem, KeepsTheProblemsHeaders) {
  const http::Response response =
      RenderProblem({.status = 405, .code = "c", .message = "m", .headers = {{"Allow", "GET"}}}, "x", kNow);
  EXPECT_EQ(response.headers, (http::Fields{{"Allow", "GET"}}));
}

}  // namespace
}  // namespace sidelight::api
