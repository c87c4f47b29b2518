#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <protozero/pbf_writer.hpp>

#include "core/wire/otlp/decode.h"
#include "tests/core/wire/otlp_text.h"

namespace sidelight::otlp {
namespace {

using protozero::pbf_writer;
using testing::HasSubstr;

// A request with one metric; `fill` writes the metric's fields.
template <class Fill>
std::string Request(const Fill& fill) {
  std::string out;
  {
    pbf_writer request(out);
    pbf_writer resource(request, 1);
    pbf_writer scope(resource, 2);
    pbf_writer metric(scope, 2);
    fill(metric);
  }
  return out;
}

std::string Text(const Result<MetricsRequest>& message) {
  return message ? TextOf(*message) : "error: " + message.error().message;
}

TEST(DecodeProtobuf, TakesListsPackedAndUnpacked) {
  for (const bool packed : {true, false}) {
    const std::string bytes = Request([&](pbf_writer& metric) {
      metric.add_string(1, "h");
      {
        pbf_writer data(metric, 9);
        data.add_enum(2, 1);
        pbf_writer point(data, 1);
        const std::vector<uint64_t> counts = {1, 2};
        const std::vector<double> bounds = {0.5};
        if (packed) {
          point.add_packed_fixed<uint64_t>(6, counts.begin(), counts.end());
          point.add_packed_double(7, bounds.begin(), bounds.end());
        } else {
          for (const uint64_t n : counts) point.add_fixed64(6, n);
          for (const double n : bounds) point.add_double(7, n);
        }
        point.add_double(11, -1);
        point.add_double(12, 2);
      }
    });
    EXPECT_EQ(Text(DecodeProtobuf(bytes)),
              "resource {}\nscope /{}\nhistogram h ()  t1\n  {} 0-0 count:0 min:-1 max:2 [1 2] [0.5]\n");
    const std::string exponential = Request([&](pbf_writer& metric) {
      pbf_writer data(metric, 10);
      pbf_writer point(data, 1);
      point.add_sint32(6, -3);
      pbf_writer buckets(point, 8);
      buckets.add_sint32(1, -5);
      const std::vector<uint64_t> counts = {300, 0};
      if (packed) {
        buckets.add_packed_uint64(2, counts.begin(), counts.end());
      } else {
        for (const uint64_t n : counts) buckets.add_uint64(2, n);
      }
    });
    EXPECT_EQ(
        Text(DecodeProtobuf(exponential)),
        "resource {}\nscope /{}\nexponential  ()  t0\n  {} 0-0 count:0 scale:-3 zero:0/0 +-5[300 0] -0[]\n");
  }
}

TEST(DecodeProtobuf, SkipsFieldsThatItDoesNotKnow) {
  const std::string bytes = Request([&](pbf_writer& metric) {
    metric.add_uint64(1, 7);  // a name of another wire type
    metric.add_string(1, "g");
    metric.add_string(999, "later");
    pbf_writer data(metric, 5);
    data.add_enum(2, 1);  // a gauge has no temporality
    data.add_bool(3, true);
    pbf_writer point(data, 1);
    point.add_uint64(3, 1);
    point.add_fixed64(3, 9);
    point.add_sfixed64(6, -2);
    point.add_fixed32(70, 1);
  });
  EXPECT_EQ(Text(DecodeProtobuf(bytes)), "resource {}\nscope /{}\ngauge g () \n  {} 0-9 -2i\n");
}

TEST(DecodeProtobuf, TakesTheLastOfAOneof) {
  const std::string bytes = Request([&](pbf_writer& metric) {
    {
      pbf_writer data(metric, 5);
      pbf_writer point(data, 1);
      point.add_double(4, 1);
    }
    pbf_writer data(metric, 7);
    pbf_writer point(data, 1);
    point.add_double(4, 1);
    point.add_sfixed64(6, 3);
  });
  EXPECT_EQ(Text(DecodeProtobuf(bytes)), "resource {}\nscope /{}\nsum  ()  t0\n  {} 0-0 3i\n");
}

TEST(DecodeProtobuf, RefusesWhatIsBroken) {
  const std::string good = Request([](pbf_writer& metric) { metric.add_string(1, "name"); });
  const struct {
    const char* name;
    std::string bytes;
    const char* want;
    ErrorCode code = ErrorCode::kInvalidArgument;
  } cases[] = {
      {"cut off", good.substr(0, good.size() - 1), "not a protobuf message"},
      {"a text that is not UTF-8", Request([](pbf_writer& m) { m.add_string(1, "\xff"); }), "not UTF-8"},
      {"a group", std::string("\x0b\x0c", 2), "not a protobuf message"},
      {"field 0", std::string("\x02\x00", 2), "not a protobuf message"},
      {"a packed list that is cut", Request([](pbf_writer& m) {
         pbf_writer data(m, 9);
         pbf_writer point(data, 1);
         point.add_bytes(6, "123");
       }),
       "not a protobuf message"},
      {"a varint without end", std::string(20, '\xff'), "not a protobuf message"},
  };
  for (const auto& c : cases) {
    const auto got = DecodeProtobuf(c.bytes);
    ASSERT_FALSE(got) << c.name;
    EXPECT_THAT(got.error().message, HasSubstr(c.want)) << c.name;
    EXPECT_EQ(got.error().code, c.code) << c.name;
  }
}

std::string NestedProtobuf(int depth) {
  std::string value;
  pbf_writer(value).add_string(1, "x");
  for (int i = 0; i < depth; ++i) {
    std::string list;
    pbf_writer(list).add_message(1, value);
    value.clear();
    pbf_writer(value).add_message(5, list);
  }
  std::string key_value;
  pbf_writer(key_value).add_message(2, value);
  return Request([&](pbf_writer& metric) { metric.add_message(12, key_value); });
}

std::string NestedJson(int depth) {
  std::string value = "{\"stringValue\":\"x\"}";
  for (int i = 0; i < depth; ++i) value = "{\"arrayValue\":{\"values\":[" + value + "]}}";
  return R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"k","value":)" + value + "}]}}]}";
}

TEST(DecodeLimits, BoundDepthBytesAndMemory) {
  EXPECT_TRUE(DecodeProtobuf(NestedProtobuf(31)));
  EXPECT_TRUE(DecodeJson(NestedJson(31)));
  for (const int depth : {32, 1000}) {
    const auto protobuf = DecodeProtobuf(NestedProtobuf(depth));
    ASSERT_FALSE(protobuf);
    EXPECT_EQ(protobuf.error().code, ErrorCode::kLimit);
    EXPECT_THAT(protobuf.error().message, HasSubstr("32 levels deep"));
    const auto json = DecodeJson(NestedJson(depth));
    ASSERT_FALSE(json);
    EXPECT_EQ(json.error().code, ErrorCode::kLimit) << json.error().message;
  }
  for (const auto& got : {DecodeProtobuf("12345", {.max_bytes = 4}), DecodeJson("12345", {.max_bytes = 4})}) {
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::kLimit);
    EXPECT_THAT(got.error().message, HasSubstr("5 bytes, more than the 4"));
  }
  // 2 bytes of message for each point that it makes.
  std::string points;
  for (int i = 0; i < 100000; ++i) points += std::string("\x0a\x00", 2);
  const std::string request = Request([&](pbf_writer& metric) { metric.add_message(10, points); });
  const auto protobuf = DecodeProtobuf(request, {.max_memory = 1 << 20});
  ASSERT_FALSE(protobuf);
  EXPECT_EQ(protobuf.error().code, ErrorCode::kLimit);
  EXPECT_TRUE(DecodeProtobuf(request));
  const auto json = DecodeJson("[" + std::string(100000, '[') + std::string(100000, ']') + "]");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, ErrorCode::kLimit);
  std::string many = "{\"unknown\":[0";
  for (int i = 0; i < 100000; ++i) many += ",0";
  const auto unknown = DecodeJson(many + "]}", {.max_memory = 1 << 20});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kLimit);
}

std::string JsonMetric(const std::string& metric) {
  return R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[)" + metric + "]}]}]}";
}
std::string JsonPoint(const std::string& point) {
  return JsonMetric(R"({"name":"g","gauge":{"dataPoints":[)" + point + "]}}");
}

TEST(DecodeJson, FollowsOtlpsRules) {
  const std::string head = "resource {}\nscope /{}\n";
  const struct {
    const char* name;
    std::string text;
    std::string want;
  } cases[] = {
      {"nothing", "{}", ""},
      {"integers in strings keep all bits", JsonPoint(R"({"asInt":"9007199254740993"})"),
       head + "gauge g () \n  {} 0-0 9007199254740993i\n"},
      {"integers as numbers", JsonPoint(R"({"asInt":-12,"timeUnixNano":1700000000000000000})"),
       head + "gauge g () \n  {} 0-1700000000000000000 -12i\n"},
      {"integers with a fraction of zero", JsonPoint(R"({"asInt":3.0,"flags":1e0})"),
       head + "gauge g () \n  {} 0-0 flags:1 3i\n"},
      {"doubles in strings", JsonPoint(R"({"asDouble":"2.5e1"})"), head + "gauge g () \n  {} 0-0 25\n"},
      {"special doubles", JsonPoint(R"({"asDouble":"NaN"},{"asDouble":"Infinity"},{"asDouble":"-Infinity"})"),
       head + "gauge g () \n  {} 0-0 NaN\n  {} 0-0 +Inf\n  {} 0-0 -Inf\n"},
      {"null is absent", JsonPoint(R"({"asDouble":null,"attributes":null,"asInt":"1"})"),
       head + "gauge g () \n  {} 0-0 1i\n"},
      {"names in snake_case are unknown, and what is unknown is ignored",
       JsonPoint(R"({"as_int":"1","time_unix_nano":"1","new":{"a":[1,{"b":null}]}})"),
       head + "gauge g () \n  {} 0-0 none\n"},
      {"ids are hex of either case",
       JsonPoint(
           R"({"exemplars":[{"asDouble":1,"traceId":"000102030405060708090A0B0C0D0E0F","spanId":"aAbBcCdDeEfF0011"}]})"),
       head +
           "gauge g () \n  {} 0-0 none #1@0 trace:000102030405060708090a0b0c0d0e0f span:aabbccddeeff0011\n"},
      {"or empty", JsonPoint(R"({"exemplars":[{"asInt":"1","traceId":"","spanId":""}]})"),
       head + "gauge g () \n  {} 0-0 none #1i@0\n"},
      {"all kinds of attributes",
       JsonPoint(
           R"({"attributes":[{"key":"s","value":{"stringValue":"x"}},{"key":"b","value":{"boolValue":true}},)"
           R"({"key":"i","value":{"intValue":"-1"}},{"key":"d","value":{"doubleValue":0.5}},)"
           R"({"key":"a","value":{"arrayValue":{"values":[{"intValue":1},{}]}}},)"
           R"({"key":"m","value":{"kvlistValue":{"values":[{"key":"x","value":{"intValue":1}}]}}},)"
           R"({"key":"y","value":{"bytesValue":"AQID/w=="}},{"key":"u","value":{"bytesValue":"_w"}},{"key":"n"}]})"),
       head + "gauge g () \n  {s=\"x\" b=true i=-1 d=0.5d a=[1,none,] m={x=1} y=x010203ff u=xff n=none} 0-0 "
              "none\n"},
      {"enums are integers",
       JsonMetric(R"({"name":"s","sum":{"aggregationTemporality":2,"isMonotonic":true}})"),
       head + "sum s ()  t2 monotonic\n"},
      {"an exponential histogram",
       JsonMetric(
           R"({"exponentialHistogram":{"dataPoints":[{"count":"6","sum":-4.5,"scale":1,"zeroCount":"2",)"
           R"("zeroThreshold":0.001,"positive":{"offset":1,"bucketCounts":["1","0","1"]},)"
           R"("negative":{"offset":-3,"bucketCounts":["2"]},"min":-2,"max":4}]}})"),
       head + "exponential  ()  t0\n  {} 0-0 count:6 sum:-4.5 min:-2 max:4 scale:1 zero:2/0.001 +1[1 0 1] -"
              "-3[2]\n"},
      {"a summary",
       JsonMetric(
           R"({"summary":{"dataPoints":[{"count":10,"sum":55.5,"quantileValues":[{"quantile":0.5,"value":5}]}]}})"),
       head + "summary  () \n  {} 0-0 count:10 sum:55.5 0.5=5\n"},
      {"lengths that do not fit are for the receiver",
       JsonMetric(
           R"({"histogram":{"dataPoints":[{"count":"4","bucketCounts":["1","1","2"],"explicitBounds":[1]}]}})"),
       head + "histogram  ()  t0\n  {} 0-0 count:4 [1 1 2] [1]\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(Text(DecodeJson(c.text)), c.want) << c.name;
}

TEST(DecodeJson, SaysWhereAValueIsWrong) {
  const std::string point = "resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0]";
  const struct {
    std::string text;
    std::string want;
  } cases[] = {
      {"", "not JSON"},
      {"{\"resourceMetrics\":[{", "not JSON"},
      {"{} x", "not JSON"},
      {"{\"a\":\"\xff\"}", "not JSON"},
      {"{\"a\":1e999}", "not JSON"},
      {"[]", "the document is no object"},
      {"7", "the document is no object"},
      {R"({"resourceMetrics":"x"})", "resourceMetrics is no list"},
      {R"({"resourceMetrics":[7]})", "resourceMetrics[0] is no object"},
      {JsonPoint(R"({"asInt":"1.5"})"), point + ".asInt is no integer of 64 bits"},
      {JsonPoint(R"({"asInt":1.5})"), point + ".asInt is no integer of 64 bits"},
      {JsonPoint(R"({"asInt":18446744073709551615})"), point + ".asInt is no integer of 64 bits"},
      {JsonPoint(R"({"asInt":1e30})"), point + ".asInt is no integer of 64 bits"},
      {JsonPoint(R"({"asInt":""})"), point + ".asInt is no integer of 64 bits"},
      {JsonPoint(R"({"timeUnixNano":-1})"), point + ".timeUnixNano is no unsigned integer of 64 bits"},
      {JsonPoint(R"({"timeUnixNano":"-1"})"), point + ".timeUnixNano is no unsigned integer of 64 bits"},
      {JsonPoint(R"({"flags":4294967296})"), point + ".flags is no unsigned integer of 32 bits"},
      {JsonPoint(R"({"asDouble":"inf"})"), point + ".asDouble is no number"},
      {JsonPoint(R"({"asDouble":"0x1"})"), point + ".asDouble is no number"},
      {JsonPoint(R"({"asDouble":true})"), point + ".asDouble is no number"},
      {JsonPoint(R"({"exemplars":[{"spanId":"ab"}]})"),
       point + ".exemplars[0].spanId does not have 16 hexadecimal digits"},
      {JsonPoint(R"({"exemplars":[{"spanId":"0011223344556 77"}]})"), "a digit that is not hexadecimal"},
      {JsonPoint(R"({"attributes":[{"key":1}]})"), point + ".attributes[0].key is no string"},
      {JsonPoint(R"({"attributes":[{"value":{"bytesValue":"A"}}]})"), "is not base64"},
      {JsonPoint(R"({"attributes":[{"value":{"bytesValue":"!!"}}]})"), "is not base64"},
      {JsonPoint(R"({"attributes":[{"value":{"boolValue":"true"}}]})"), "is neither true nor false"},
      {JsonMetric(R"({"sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}})"),
       "is a name: OTLP's JSON has enums as integers"},
  };
  for (const auto& c : cases) {
    const auto got = DecodeJson(c.text);
    ASSERT_FALSE(got) << c.text;
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument) << c.text;
    EXPECT_THAT(got.error().message, HasSubstr(c.want)) << c.text;
  }
}

}  // namespace
}  // namespace sidelight::otlp
