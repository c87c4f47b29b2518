#include "src/cli/query_table.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sidelight::cli {
namespace {

std::string Shown(const std::string& type, const std::string& result, const std::string& more = "") {
  const nlohmann::json answer = nlohmann::json::parse(R"({"status":"success","data":{"resultType":")" + type +
                                                      R"(","result":)" + result + "}" + more + "}");
  const Result<std::string> text = FormatTable(answer);
  return text ? *text : "error: " + text.error().message;
}

TEST(QueryTableTest, EachType) {
  struct Row {
    std::string type;
    std::string result;
    std::string want;
  };
  const std::vector<Row> rows = {
      {"scalar", R"([1700000000.1,"2"])", "2\n"},
      {"string", R"([1700000000,"a\"b\\\n"])", "\"a\\\"b\\\\\\n\"\n"},
      {"vector", "[]", "no series: nothing matches, or nothing of it has a value at that time\n"},
      {"matrix", "[]", "no series: nothing matches, or nothing of it has a value at that time\n"},
      {"vector", R"([{"metric":{"__name__":"up","job":"a"},"value":[1,"1"]},
                     {"metric":{},"value":[1,"NaN"]},
                     {"metric":{"__name__":"up"},"value":[1,"0.5"]},
                     {"metric":{"__name__":"dotted.name","a.b":"\u00e9\u001b[2J","c":"d"},"value":[1,"3"]}])",
       "SERIES                                    VALUE\n"
       "up{job=\"a\"}                               1\n"
       "{}                                        NaN\n"
       "up                                        0.5\n"
       "{\"dotted.name\", \"a.b\"=\"\xc3\xa9\\x1b[2J\", c=\"d\"}  3\n"},
      {"vector",
       R"([{"metric":{"__name__":"h"},"histogram":[1,{"count":"6","sum":"-1","buckets":[[1,"-2","-1","1"],[3,"-1","1","2"],[2,"1","2","1"],[0,"2","+Inf","2"]]}]},
           {"metric":{"__name__":"e"},"histogram":[1,{"count":"0","sum":"0"}]}])",
       "SERIES  VALUE\n"
       "h       {count:6, sum:-1, [-2,-1):1, [-1,1]:2, (1,2):1, (2,+Inf]:2}\n"
       "e       {count:0, sum:0}\n"},
      {"matrix",
       R"([{"metric":{"__name__":"a"},"values":[[1700000000,"1"],[1700000000.500,"22"]]},
           {"metric":{"__name__":"b"},"values":[[1700000002,"3"]],"histograms":[[1700000001,{"count":"1","sum":"2"}]]}])",
       "a\n"
       "  2023-11-14T22:13:20.000Z  1\n"
       "  2023-11-14T22:13:20.500Z  22\n"
       "\n"
       "b\n"
       "  2023-11-14T22:13:21.000Z  {count:1, sum:2}\n"
       "  2023-11-14T22:13:22.000Z  3\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(Shown(row.type, row.result), row.want) << row.result;
}

TEST(QueryTableTest, NotesStandBelow) {
  EXPECT_EQ(Shown("scalar", R"([1,"2"])", R"(,"warnings":["odd\u0007"],"infos":["to know","more"])"),
            "2\n\nwarning: odd\\x07\ninfo: to know\ninfo: more\n");
}

TEST(QueryTableTest, WhatIsNoAnswer) {
  for (const std::string text :
       {"{}", "[]", "1", R"({"data":{"resultType":1,"result":[]}})",
        R"({"data":{"resultType":"vector","result":[1]}})",
        R"({"data":{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"1"]}]}})",
        R"({"data":{"resultType":"scalar","result":[]}})"}) {
    EXPECT_FALSE(FormatTable(nlohmann::json::parse(text))) << text;
  }
}

}  // namespace
}  // namespace sidelight::cli
