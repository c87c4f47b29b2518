#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "collector/protocols/redis/commands.h"

namespace sidelight::redis {
namespace {

TEST(RedisCommands, AreFoundWhateverTheirCase) {
  for (size_t i = 1; i < Commands().size(); ++i) {
    const std::string name(Commands()[i].name);
    EXPECT_EQ(&FindCommand(name), &Commands()[i]) << name;
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    EXPECT_EQ(&FindCommand(lower), &Commands()[i]) << lower;
    EXPECT_NE(&FindCommand(name.substr(1)), &Commands()[i]) << name;
    EXPECT_EQ(&FindCommand(name + "_"), &Commands().front()) << name;
  }
}

TEST(RedisCommands, AnythingElseIsOther) {
  EXPECT_EQ(Commands().front().name, "_OTHER");
  for (const std::string& name :
       {std::string(), std::string("_OTHER"), std::string("FT.SEARCH"), std::string("GE"),
        std::string("GETT"), std::string("GET "), std::string("G\0T", 3), std::string("RESTORE\rASKING"),
        std::string("Ge\x14"), std::string(1000, 'G')}) {
    EXPECT_EQ(&FindCommand(name), &Commands().front()) << name;
  }
}

TEST(RedisCommands, HaveRules) {
  const struct {
    std::string_view name;
    CacheRule rule;
    Kind kind;
  } rows[] = {
      {"GET", CacheRule::kValue, Kind::kPlain},
      {"GETEX", CacheRule::kValue, Kind::kPlain},
      {"MGET", CacheRule::kEachKey, Kind::kPlain},
      {"HMGET", CacheRule::kEachField, Kind::kPlain},
      {"STRLEN", CacheRule::kNumber, Kind::kPlain},
      {"EXISTS", CacheRule::kCount, Kind::kPlain},
      {"HGETALL", CacheRule::kFilled, Kind::kPlain},
      {"SET", CacheRule::kNone, Kind::kSet},
      {"SISMEMBER", CacheRule::kNone, Kind::kPlain},
      {"TTL", CacheRule::kNone, Kind::kPlain},
      {"BLPOP", CacheRule::kNone, Kind::kBlocking},
      {"WAITAOF", CacheRule::kNone, Kind::kBlocking},
      {"XREAD", CacheRule::kNone, Kind::kStreamRead},
      {"PSYNC", CacheRule::kNone, Kind::kSync},
      {"SUNSUBSCRIBE", CacheRule::kNone, Kind::kSubscribe},
  };
  for (const auto& row : rows) {
    const Command& command = FindCommand(row.name);
    EXPECT_EQ(command.name, row.name);
    EXPECT_EQ(command.rule, row.rule) << row.name;
    EXPECT_EQ(command.kind, row.kind) << row.name;
  }
}

}  // namespace
}  // namespace sidelight::redis
