#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <protozero/pbf_writer.hpp>

#include "core/wire/otlp/answer.h"

namespace sidelight::otlp {
namespace {

using namespace std::chrono_literals;
using protozero::pbf_writer;
using testing::HasSubstr;

std::string AnswerBytes(int64_t rejected, std::string_view message) {
  std::string out;
  pbf_writer answer(out);
  pbf_writer partial(answer, 1);
  partial.add_int64(1, rejected);
  partial.add_bytes(2, message.data(), message.size());
  partial.add_string(9, "later");
  return out;
}

TEST(DecodeAnswer, SaysHowManyPointsWereRejected) {
  const struct {
    const char* name;
    Encoding encoding;
    std::string bytes;
    int64_t rejected;
    std::string message;
  } cases[] = {
      {"no bytes", Encoding::kProtobuf, "", 0, ""},
      {"no JSON", Encoding::kJson, "", 0, ""},
      {"nothing to say", Encoding::kJson, "{}", 0, ""},
      {"nothing in it", Encoding::kJson, R"({"partialSuccess":{}})", 0, ""},
      {"null", Encoding::kJson, R"({"partialSuccess":null})", 0, ""},
      {"rejected points", Encoding::kJson,
       R"({"partialSuccess":{"rejectedDataPoints":"7","errorMessage":"too old"}})", 7, "too old"},
      {"as a number", Encoding::kJson, R"({"partialSuccess":{"rejectedDataPoints":7,"x":[]}})", 7, ""},
      {"a warning", Encoding::kProtobuf, AnswerBytes(0, "beware"), 0, "beware"},
      {"both", Encoding::kProtobuf, AnswerBytes(12, "too old"), 12, "too old"},
      {"broken text", Encoding::kProtobuf, AnswerBytes(1, "a\xff"), 1, "a\xef\xbf\xbd"},
      {"a long text", Encoding::kProtobuf, AnswerBytes(1, std::string(kMaxMessageBytes + 1, 'x')), 1,
       std::string(kMaxMessageBytes, 'x') + "..."},
  };
  for (const auto& c : cases) {
    const auto got = DecodeAnswer(c.bytes, c.encoding);
    ASSERT_TRUE(got) << c.name << ": " << got.error().message;
    EXPECT_EQ(got->rejected_data_points, c.rejected) << c.name;
    EXPECT_EQ(got->error_message, c.message) << c.name;
    EXPECT_EQ(got->partial(), c.rejected != 0 || !c.message.empty()) << c.name;
  }
}

std::string StatusBytes(int32_t code, std::string_view message, std::string_view type, int64_t seconds,
                        int32_t nanos) {
  std::string out;
  pbf_writer status(out);
  status.add_int32(1, code);
  status.add_bytes(2, message.data(), message.size());
  std::string info;
  {
    pbf_writer retry(info);
    pbf_writer delay(retry, 1);
    delay.add_int64(1, seconds);
    delay.add_int32(2, nanos);
  }
  pbf_writer detail(status, 3);
  detail.add_bytes(1, type.data(), type.size());
  detail.add_bytes(2, info);
  return out;
}

TEST(DecodeStatus, SaysWhatWentWrongAndWhenToComeBack) {
  const std::string retry = "type.googleapis.com/google.rpc.RetryInfo";
  const struct {
    const char* name;
    Encoding encoding;
    std::string bytes;
    int32_t code;
    std::string message;
    std::optional<Duration> delay;
  } cases[] = {
      {"nothing", Encoding::kProtobuf, "", 0, "", std::nullopt},
      {"a status", Encoding::kJson, R"({"code":3,"message":"bad","details":[]})", 3, "bad", std::nullopt},
      {"a delay", Encoding::kProtobuf, StatusBytes(8, "full", retry, 2, 500'000'000), 8, "full", 2500ms},
      {"another detail", Encoding::kProtobuf, StatusBytes(8, "full", "x/google.rpc.DebugInfo", 2, 0), 8,
       "full", std::nullopt},
      {"a delay below zero", Encoding::kProtobuf, StatusBytes(8, "", retry, -5, 0), 8, "", 0s},
      {"a delay beyond all time", Encoding::kProtobuf, StatusBytes(8, "", retry, INT64_MAX, INT32_MAX), 8, "",
       1'000'000'001s},
      {"a delay in JSON", Encoding::kJson,
       R"({"code":8,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]})",
       8, "", 1500ms},
      {"one beyond all time", Encoding::kJson,
       R"({"code":8,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"99999999999999s"}]})",
       8, "", 1'000'000'000s},
      {"an empty detail", Encoding::kJson, R"({"details":[{}]})", 0, "", std::nullopt},
  };
  for (const auto& c : cases) {
    const auto got = DecodeStatus(c.bytes, c.encoding);
    ASSERT_TRUE(got) << c.name << ": " << got.error().message;
    EXPECT_EQ(got->code, c.code) << c.name;
    EXPECT_EQ(got->message, c.message) << c.name;
    EXPECT_EQ(got->retry_delay.has_value(), c.delay.has_value()) << c.name;
    if (got->retry_delay && c.delay) {
      EXPECT_LT(std::chrono::abs(*got->retry_delay - *c.delay), 2s) << c.name;
    }
  }
}

TEST(DecodeAnswer, RefusesWhatIsNone) {
  const struct {
    Encoding encoding;
    std::string bytes;
    const char* want;
    ErrorCode code = ErrorCode::kInvalidArgument;
  } cases[] = {
      {Encoding::kProtobuf, "\x0a\x7f", "not a protobuf message"},
      {Encoding::kProtobuf, "<html>", "not a protobuf message"},
      {Encoding::kJson, "<html>", "not JSON"},
      {Encoding::kJson, "[]", "is no object"},
      {Encoding::kJson, R"({"partialSuccess":{"rejectedDataPoints":"x"}})",
       "partialSuccess.rejectedDataPoints is no integer"},
      {Encoding::kJson, std::string(1000, '['), "levels deep", ErrorCode::kLimit},
      {Encoding::kJson, std::string(5000, ' '), "5000 bytes, more than the 4096", ErrorCode::kLimit},
  };
  for (const auto& c : cases) {
    const auto got = DecodeAnswer(c.bytes, c.encoding, 4096);
    ASSERT_FALSE(got) << c.bytes;
    EXPECT_EQ(got.error().code, c.code) << c.bytes;
    EXPECT_THAT(got.error().message, HasSubstr(c.want)) << c.bytes;
  }
  const auto bad = DecodeStatus(R"({"details":[{"retryDelay":"soon"}]})", Encoding::kJson);
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("details[0].retryDelay is no duration"));
}

}  // namespace
}  // namespace sidelight::otlp
