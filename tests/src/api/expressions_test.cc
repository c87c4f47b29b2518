// /api/v1/format_query and /api/v1/parse_query, as requests of them.
#include "src/api/expressions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/http/form.h"

namespace sidelight::api {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

http::Request Get(std::string query) {
  return {.method = "GET", .path = "/", .query = {{"query", std::move(query)}}};
}
http::Request Post(const std::string& query) {
  return {.method = "POST",
          .path = "/",
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
          .body = http::FormatForm({{"query", query}})};
}

// The data of an answer that is a success; the Problem's message otherwise.
json DataOf(const Answer& answer) {
  if (!answer) return "refused: " + answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->content_type, "application/json");
  const json document = json::parse(answer->body);
  EXPECT_EQ(document["status"], "success");
  return document["data"];
}
json TreeOf(const std::string& query, bool experimental = true) {
  return DataOf(ParseQuery(Get(query), {.experimental = experimental}));
}

TEST(FormatQueryTest, SpellsAsPrometheusDoes) {
  const std::string name(60, 'n');
  const struct {
    std::string query;
    std::string wanted;
  } kRows[] = {
      {"sum(up)by(job)", "sum by (job) (up)"},
      {"rate( up [300s] )", "rate(up[5m])"},
      {"\"\xc3\xa9\\\"\"", "\"\xc3\xa9\\\"\""},
      {name + "+" + name, "  " + name + "\n+\n  " + name},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(DataOf(FormatQuery(Get(row.query), {})), row.wanted) << row.query;
    EXPECT_EQ(DataOf(FormatQuery(Post(row.query), {})), row.wanted) << row.query;
  }
}

TEST(FormatQueryTest, RefusesWhatIsNoExpression) {
  const struct {
    std::string query;
    std::string message;
  } kRows[] = {
      {"", "invalid parameter \"query\": 1:1: parse error: no expression found in input"},
      {"sum(", "invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis"},
      {"limitk(1, up)", "is experimental and must be enabled"},
      {std::string(70'000, '1'), "65536"},
  };
  for (const auto& row : kRows) {
    for (const Answer& answer : {FormatQuery(Get(row.query), {}), ParseQuery(Post(row.query), {})}) {
      ASSERT_FALSE(answer) << row.query.substr(0, 80);
      EXPECT_EQ(answer.error().status, 400);
      EXPECT_EQ(answer.error().code, "bad_data");
      EXPECT_THAT(answer.error().message, HasSubstr(row.message));
    }
  }
}

constexpr char kUp[] = R"({"type": "vectorSelector", "name": "up", "offset": 0, "timestamp": null,
    "startOrEnd": null, "anchored": false, "smoothed": false,
    "matchers": [{"name": "__name__", "type": "=", "value": "up"}]})";

// With each word UP of `text` replaced by the tree of `up`.
json Tree(std::string text) {
  for (size_t at = text.find("UP"); at != std::string::npos; at = text.find("UP", at))
    text.replace(at, 2, kUp);
  return json::parse(text);
}

TEST(ParseQueryTest, GivesTheTreeOfEachKindOfNode) {
  const struct {
    std::string query;
    std::string wanted;
  } kRows[] = {
      {"up", "UP"},
      {"1.50", R"({"type": "numberLiteral", "val": "1.5"})"},
      {"1e30", R"({"type": "numberLiteral", "val": "1000000000000000000000000000000"})"},
      {"Inf", R"({"type": "numberLiteral", "val": "+Inf"})"},
      {"5m", R"({"type": "numberLiteral", "val": "300"})"},
      {"'a\"b'", R"({"type": "stringLiteral", "val": "a\"b"})"},
      {"(up)", R"({"type": "parenExpr", "expr": UP})"},
      {"-up", R"({"type": "unaryExpr", "op": "-", "expr": UP})"},
      {"+up", R"({"type": "unaryExpr", "op": "+", "expr": UP})"},
      {"sum(up)", R"({"type": "aggregation", "op": "sum", "expr": UP, "param": null, "grouping": [],
                      "without": false})"},
      {"topk without (a, b) (3, up)",
       R"({"type": "aggregation", "op": "topk", "expr": UP, "grouping": ["a", "b"], "without": true,
           "param": {"type": "numberLiteral", "val": "3"}})"},
      {"round(up)", R"({"type": "call", "args": [UP], "func": {"name": "round", "variadic": 1,
                        "argTypes": ["vector", "scalar"], "returnType": "vector"}})"},
      {"pi()", R"({"type": "call", "args": [], "func": {"name": "pi", "variadic": 0, "argTypes": [],
                   "returnType": "scalar"}})"},
      {"1 + 2", R"({"type": "binaryExpr", "op": "+", "bool": false, "matching": null,
                    "lhs": {"type": "numberLiteral", "val": "1"}, "rhs": {"type": "numberLiteral", "val": "2"}})"},
      {"up > bool up", R"({"type": "binaryExpr", "op": ">", "bool": true, "lhs": UP, "rhs": UP,
          "matching": {"card": "one-to-one", "labels": [], "on": false, "include": [],
                       "fillValues": {"lhs": null, "rhs": null}}})"},
      {"up * on (a) group_left (b) up",
       R"({"type": "binaryExpr", "op": "*", "bool": false, "lhs": UP, "rhs": UP,
          "matching": {"card": "many-to-one", "labels": ["a"], "on": true, "include": ["b"],
                       "fillValues": {"lhs": null, "rhs": null}}})"},
      {"up * ignoring (a) group_right () up", R"({"type": "binaryExpr", "op": "*", "bool": false, "lhs": UP,
          "rhs": UP, "matching": {"card": "one-to-many", "labels": ["a"], "on": false, "include": [],
                                  "fillValues": {"lhs": null, "rhs": null}}})"},
      {"up and up", R"({"type": "binaryExpr", "op": "and", "bool": false, "lhs": UP, "rhs": UP,
          "matching": {"card": "many-to-many", "labels": [], "on": false, "include": [],
                       "fillValues": {"lhs": null, "rhs": null}}})"},
      {"up + fill_left (0.5) up", R"({"type": "binaryExpr", "op": "+", "bool": false, "lhs": UP, "rhs": UP,
          "matching": {"card": "one-to-one", "labels": [], "on": false, "include": [],
                       "fillValues": {"lhs": 0.5, "rhs": null}}})"},
      {"up{a=~'b', c!='d'}[5m] offset 1m", R"({"type": "matrixSelector", "name": "up", "range": 300000,
          "offset": 60000, "timestamp": null, "startOrEnd": null, "anchored": false, "smoothed": false,
          "matchers": [{"name": "a", "type": "=~", "value": "b"}, {"name": "c", "type": "!=", "value": "d"},
                       {"name": "__name__", "type": "=", "value": "up"}]})"},
      {"{'up', a='b'} @ 1.5", R"({"type": "vectorSelector", "name": "", "offset": 0, "timestamp": 1500,
          "startOrEnd": null, "anchored": false, "smoothed": false,
          "matchers": [{"name": "__name__", "type": "=", "value": "up"}, {"name": "a", "type": "=", "value": "b"}]})"},
      {"up[1h:30s] @ end() offset -1m", R"({"type": "subquery", "expr": UP, "range": 3600000, "step": 30000,
          "offset": -60000, "timestamp": null, "startOrEnd": "end"})"},
      {"up[1h:] @ start()", R"({"type": "subquery", "expr": UP, "range": 3600000, "step": 0, "offset": 0,
          "timestamp": null, "startOrEnd": "start"})"},
  };
  for (const auto& row : kRows) EXPECT_EQ(TreeOf(row.query), Tree(row.wanted)) << row.query;
  EXPECT_EQ(TreeOf("rate(up[5m] smoothed)")["args"][0]["smoothed"], true);
  EXPECT_EQ(TreeOf("rate(up[5m] anchored)")["args"][0]["anchored"], true);
  EXPECT_EQ(TreeOf("rate(up[5m * 2])")["args"][0]["range"], 0) << "only the engine can reckon it";
}

TEST(ParseQueryTest, TakesADeepTree) {
  std::string query = "up";
  for (int i = 0; i < 200; ++i) query = "(" + query + ")";
  json tree = TreeOf(query);
  for (int i = 0; i < 200; ++i) tree = json(tree["expr"]);
  EXPECT_EQ(tree["type"], "vectorSelector");
}

}  // namespace
}  // namespace sidelight::api
