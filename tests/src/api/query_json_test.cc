// What Prometheus prints, to the last digit. The texts of floats and times were compared with a Prometheus
// 2.42 that was asked the same.
#include "src/api/query_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sidelight::api {
namespace {

using promql::Matrix;
using promql::QueryResult;
using promql::SampleSeries;
using promql::Scalar;
using promql::String;
using promql::Vector;

constexpr size_t kNoLimit = 1 << 30;

std::string Written(promql::Value value, size_t series = 0) {
  QueryResult result;
  result.value = std::move(value);
  const Result<std::string> text = WriteAnswer(result, "q", {.series = series, .bytes = kNoLimit});
  return text ? *text : text.error().message;
}

std::string Data(const std::string& type, const std::string& result) {
  return "{\"status\":\"success\",\"data\":{\"resultType\":\"" + type + "\",\"result\":" + result + "}}";
}

FloatHistogramPtr Exponential() {
  FloatHistogram histogram;
  histogram.schema = 0;
  histogram.zero_threshold = 0.5;
  histogram.zero_count = 2;
  histogram.count = 8.5;
  histogram.sum = 18.25;
  histogram.positive_spans = {{.offset = 0, .length = 3}};
  histogram.positive = {1, 0, 3};
  histogram.negative_spans = {{.offset = 1, .length = 1}};
  histogram.negative = {2.5};
  return std::make_shared<const FloatHistogram>(histogram);
}

constexpr char kExponential[] =
    R"({"count":"8.5","sum":"18.25","buckets":[[1,"-2","-1","2.5"],[3,"-0.5","0.5","2"],[0,"0.5","1","1"],[0,"2","4","3"]]})";

TEST(QueryJsonTest, EachType) {
  const Labels labels{{"__name__", "up"}, {"job", "a\"b\\c\nd\x01\xc3\xa9\xff"}};
  const std::string metric = "{\"__name__\":\"up\",\"job\":\"a\\\"b\\\\c\\nd\\u0001\xc3\xa9\xef\xbf\xbd\"}";
  const std::vector<std::pair<promql::Value, std::string>> rows = {
      {Scalar{.time = 1'700'000'000'100, .value = 1e21},
       Data("scalar", R"([1700000000.1,"1000000000000000000000"])")},
      {Scalar{.time = 1'700'000'000'000, .value = -0.0}, Data("scalar", R"([1700000000,"-0"])")},
      {Scalar{.time = -1500, .value = 1e-7}, Data("scalar", R"([-1.5,"0.0000001"])")},
      {String{.time = 1'700'000'000'120, .value = "a\"\xff"},
       Data("string", "[1700000000.12,\"a\\\"\xef\xbf\xbd\"]")},
      {Vector{}, Data("vector", "[]")},
      {Vector{{.labels = labels, .time = 1'700'000'000'100, .value = 0.1, .histogram = nullptr},
              {.labels = {}, .time = 1'700'000'000'000, .value = 0, .histogram = Exponential()}},
       Data("vector", "[{\"metric\":" + metric +
                          R"(,"value":[1700000000.100,"0.1"]},{"metric":{},"histogram":[1700000000,)" +
                          kExponential + "]}]")},
      {Matrix{}, Data("matrix", "[]")},
      {Matrix{{.labels = labels,
               .floats = {{.time = 0, .value = 1}, {.time = -1, .value = 2.5}},
               .histograms = {}},
              {.labels = {},
               .floats = {{.time = 1000, .value = 3}},
               .histograms = {{.time = 2000, .histogram = Exponential()},
                              {.time = 2005, .histogram = Exponential()}}}},
       Data("matrix",
            "[{\"metric\":" + metric +
                R"(,"values":[[0,"1"],[-0.001,"2.5"]]},{"metric":{},"values":[[1,"3"]],"histograms":[[2,)" +
                kExponential + "],[2.005," + kExponential + "]]}]")},
  };
  for (const auto& [value, want] : rows) {
    const std::string got = Written(value);
    EXPECT_EQ(got, want);
    EXPECT_TRUE(nlohmann::json::accept(got)) << got;
  }
}

TEST(QueryJsonTest, Values) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<double, std::string>> rows = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-12, "-12"},
      {0.1, "0.1"},
      {1.0 / 3, "0.3333333333333333"},
      {100000, "100000"},
      {1e20, "100000000000000000000"},
      {1e21, "1e+21"},
      {-1.5e300, "-1.5e+300"},
      {123456789012345680000.0, "123456789012345680000"},
      {9007199254740991, "9007199254740991"},
      {9007199254740993, "9007199254740992"},
      {0.000001, "0.000001"},
      {0.0000015, "0.0000015"},
      {0.00000123456789012345678, "0.0000012345678901234567"},
      {9.99e-7, "9.99e-07"},
      {1e-7, "1e-07"},
      {5e-324, "5e-324"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {std::nan(""), "NaN"},
      {infinity, "+Inf"},
      {-infinity, "-Inf"},
  };
  for (const auto& [value, want] : rows) {
    EXPECT_EQ(Written(Vector{{.labels = {}, .time = 0, .value = value, .histogram = nullptr}}),
              Data("vector", "[{\"metric\":{},\"value\":[0,\"" + want + "\"]}]"));
  }
}

TEST(QueryJsonTest, CustomBuckets) {
  FloatHistogram histogram;
  histogram.schema = kCustomBucketsSchema;
  histogram.count = 6;
  histogram.sum = 1;
  histogram.custom_values = std::make_shared<const std::vector<double>>(std::vector<double>{0.5, 1});
  histogram.positive_spans = {{.offset = 0, .length = 3}};
  histogram.positive = {1, 2, 3};
  EXPECT_EQ(
      Written(Vector{{.labels = {},
                      .time = 0,
                      .value = 0,
                      .histogram = std::make_shared<const FloatHistogram>(histogram)}}),
      Data(
          "vector",
          R"([{"metric":{},"histogram":[0,{"count":"6","sum":"1","buckets":[[3,"-Inf","0.5","1"],[0,"0.5","1","2"],[0,"1","+Inf","3"]]}]}])"));
  const FloatHistogram empty;
  EXPECT_EQ(
      Written(Vector{
          {.labels = {}, .time = 0, .value = 0, .histogram = std::make_shared<const FloatHistogram>(empty)}}),
      Data("vector", R"([{"metric":{},"histogram":[0,{"count":"0","sum":"0"}]}])"));
}

TEST(QueryJsonTest, WarningsAndInfos) {
  QueryResult result;
  result.value = Vector{};
  result.annotations.Warn({.start = 4, .end = 5}, "something \"odd\"");
  result.annotations.Info({.start = 0, .end = 1}, "to know");
  const Result<std::string> text = WriteAnswer(result, "sum(a)", {.bytes = kNoLimit});
  ASSERT_TRUE(text);
  EXPECT_EQ(
      *text,
      R"j({"status":"success","data":{"resultType":"vector","result":[]},"warnings":["PromQL warning: something \"odd\" (1:5)"],"infos":["PromQL info: to know (1:1)"]})j");
  for (int i = 0; i < 20; ++i) result.annotations.Warn({}, "number " + std::to_string(i));
  const Result<std::string> many = WriteAnswer(result, "sum(a)", {.bytes = kNoLimit});
  ASSERT_TRUE(many);
  EXPECT_LE(nlohmann::json::parse(*many)["warnings"].size(), 11u) << *many;
}

TEST(QueryJsonTest, Limits) {
  Vector vector;
  for (int i = 0; i < 3; ++i) {
    vector.push_back(
        {.labels = Labels{{"i", std::to_string(i)}}, .time = 0, .value = 1, .histogram = nullptr});
  }
  EXPECT_EQ(Written(vector, 3).find("warnings"), std::string::npos);
  const nlohmann::json cut = nlohmann::json::parse(Written(vector, 2));
  EXPECT_EQ(cut["data"]["result"].size(), 2u);
  EXPECT_EQ(cut["warnings"], nlohmann::json::parse(R"(["results truncated due to limit"])"));

  const size_t size = Written(vector).size();
  QueryResult result;
  result.value = vector;
  EXPECT_TRUE(WriteAnswer(result, "q", {.bytes = size}));
  const Result<std::string> refused = WriteAnswer(result, "q", {.bytes = size - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
  EXPECT_EQ(refused.error().message,
            "the result of the query is larger than " + std::to_string(size - 1) +
                " bytes (promql.max_result_size); ask for fewer series or fewer points");
}

TEST(QueryJsonTest, Errors) {
  EXPECT_EQ(WriteError("bad_data", "1:5: \"x\"\t"),
            R"({"status":"error","errorType":"bad_data","error":"1:5: \"x\"\t"})");
}

}  // namespace
}  // namespace sidelight::api
