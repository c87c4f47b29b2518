#include "collector/meter/database_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::meter {
namespace {

using ::testing::HasSubstr;

constexpr Protocol kHttp{"http", nullptr, Traffic::kHttp, ""};
constexpr Protocol kTcp{"tcp", nullptr, Traffic::kBytes, ""};
constexpr Protocol kAuto{"auto", nullptr, Traffic::kDetected, ""};
constexpr Protocol kRedis{"redis", nullptr, Traffic::kDatabase, "redis", true};
constexpr Protocol kPostgres{"postgres", nullptr, Traffic::kDatabase, "postgresql"};

struct Decoded {
  DatabaseOptions options;
  std::string error;
};

Decoded Read(const std::string& text, const Protocol& protocol) {
  yaml::Document document = yaml::Document::Parse(text, "tap.yaml", {});
  Decoded decoded;
  yaml::Mapping mapping = document.Root().AsMapping();
  Decode(mapping, &decoded.options);
  CheckKeysFit(mapping, protocol);
  mapping.Finish();
  if (const Status status = document.status(); !status) decoded.error = status.error().message;
  return decoded;
}

TEST(DatabaseOptions, Defaults) {
  const auto [options, error] = Read("{}", kRedis);
  EXPECT_EQ(error, "");
  EXPECT_TRUE(options.keyspaces.empty());
  EXPECT_EQ(options.cache_window, std::chrono::minutes(5));
  EXPECT_FALSE(options.slow_query);
}

TEST(DatabaseOptions, Everything) {
  const auto [cache, cache_error] = Read("{keyspaces: [\"user:*\", \"cart:?\"], cache_window: 1m}", kRedis);
  EXPECT_EQ(cache_error, "");
  ASSERT_EQ(cache.keyspaces.size(), 2u);
  EXPECT_EQ(cache.keyspaces[1].text(), "cart:?");
  EXPECT_EQ(cache.cache_window, std::chrono::minutes(1));
  const auto [database, database_error] = Read("slow_query: 100ms", kPostgres);
  EXPECT_EQ(database_error, "");
  EXPECT_EQ(database.slow_query, std::chrono::milliseconds(100));
  EXPECT_FALSE(database.log_slow_queries);
  const auto [logged, logged_error] = Read("{log_slow_queries: true, slow_query: 1s}", kRedis);
  EXPECT_EQ(logged_error, "");
  EXPECT_TRUE(logged.log_slow_queries);
  const auto [http, http_error] = Read("cache_window: 1m", kHttp);
  EXPECT_EQ(http_error, "");
  EXPECT_EQ(http.cache_window, std::chrono::minutes(1));
}

TEST(DatabaseOptions, AutoTakesTheKeysOfAllProtocols) {
  const auto [options, error] = Read("{keyspaces: [\"user:*\"], cache_window: 1m, slow_query: 100ms}", kAuto);
  EXPECT_EQ(error, "");
  EXPECT_EQ(options.keyspaces.size(), 1u);
  EXPECT_EQ(options.slow_query, std::chrono::milliseconds(100));
}

TEST(DatabaseOptions, ErrorsSayWhereAndWhatToDo) {
  const struct {
    std::string text;
    const Protocol& protocol;
    std::vector<std::string> says;
  } kCases[] = {
      {"keyspaces: [ok, \"user:[ab]\"]", kRedis, {"tap.yaml:1:17", "a pattern looks like \"user:*\""}},
      {"keyspaces: [\"\"]", kRedis, {"tap.yaml:1:13", "it is empty"}},
      {"keyspaces: [\"a:*\", b, \"a:*\"]", kRedis, {"tap.yaml:1:23", "\"a:*\" is in the list already"}},
      {"keyspaces: user", kRedis, {"tap.yaml:1:12"}},
      {"cache_window: 5s", kRedis, {"tap.yaml:1:15", "at least 10s"}},
      {"cache_window: soon", kRedis, {"tap.yaml:1:15"}},
      {"slow_query: 0", kPostgres, {"tap.yaml:1:13", "longer than 0, as 100ms"}},
      {"keyspaces: [\"a:*\"]",
       kHttp,
       {"tap.yaml:1:12", "\"keyspaces\" goes with protocol ", "and not with http"}},
      {"keyspaces: [\"a:*\"]", kPostgres, {"and not with postgres; remove it"}},
      {"cache_window: 1m", kTcp, {"\"cache_window\" goes with protocol ", "and not with tcp"}},
      {"slow_query: 1s", kHttp, {"\"slow_query\" goes with protocol ", "and not with http"}},
      {"cache_window: 1m", kPostgres, {"\"cache_window\" goes with protocol http or ", "not with postgres"}},
      {"log_slow_queries: true", kPostgres, {"tap.yaml:1:19", "needs slow_query beside it, which says what"}},
      {"{slow_query: 1s, log_slow_queries: 1}", kPostgres, {"tap.yaml:1:36"}},
      {"log_slow_queries: false", kTcp, {"\"log_slow_queries\" goes with protocol ", "not with tcp"}},
      {"routes: [/a]",
       kRedis,
       {"tap.yaml:1:9", "\"routes\" goes with protocol http or auto and not with redis; remove it"}},
      {"ignore: [/a]", kTcp, {"\"ignore\" goes with protocol http or auto and not with tcp"}},
  };
  for (const auto& c : kCases) {
    const Decoded decoded = Read(c.text, c.protocol);
    for (const auto& part : c.says) EXPECT_THAT(decoded.error, HasSubstr(part)) << c.text;
  }
}

}  // namespace
}  // namespace sidelight::meter
