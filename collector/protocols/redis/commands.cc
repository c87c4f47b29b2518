#include "collector/protocols/redis/commands.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sidelight::redis {
namespace {

constexpr std::array kCommands = {
    Command{"_OTHER"},
    Command{"ACL"},
    Command{"APPEND"},
    Command{"ASKING"},
    Command{"AUTH"},
    Command{"BGREWRITEAOF"},
    Command{"BGSAVE"},
    Command{"BITCOUNT"},
    Command{"BITFIELD"},
    Command{"BITFIELD_RO"},
    Command{"BITOP"},
    Command{"BITPOS"},
    Command{"BLMOVE", CacheRule::kNone, Kind::kBlocking},
    Command{"BLMPOP", CacheRule::kNone, Kind::kBlocking},
    Command{"BLPOP", CacheRule::kNone, Kind::kBlocking},
    Command{"BRPOP", CacheRule::kNone, Kind::kBlocking},
    Command{"BRPOPLPUSH", CacheRule::kNone, Kind::kBlocking},
    Command{"BZMPOP", CacheRule::kNone, Kind::kBlocking},
    Command{"BZPOPMAX", CacheRule::kNone, Kind::kBlocking},
    Command{"BZPOPMIN", CacheRule::kNone, Kind::kBlocking},
    Command{"CLIENT", CacheRule::kNone, Kind::kClient},
    Command{"CLUSTER"},
    Command{"COMMAND"},
    Command{"CONFIG"},
    Command{"COPY"},
    Command{"DBSIZE"},
    Command{"DEBUG"},
    Command{"DECR"},
    Command{"DECRBY"},
    Command{"DEL"},
    Command{"DISCARD", CacheRule::kNone, Kind::kDiscard},
    Command{"DUMP", CacheRule::kValue},
    Command{"ECHO"},
    Command{"EVAL"},
    Command{"EVALSHA"},
    Command{"EVALSHA_RO"},
    Command{"EVAL_RO"},
    Command{"EXEC", CacheRule::kNone, Kind::kExec},
    Command{"EXISTS", CacheRule::kCount},
    Command{"EXPIRE"},
    Command{"EXPIREAT"},
    Command{"EXPIRETIME"},
    Command{"FAILOVER"},
    Command{"FCALL"},
    Command{"FCALL_RO"},
    Command{"FLUSHALL"},
    Command{"FLUSHDB"},
    Command{"FUNCTION"},
    Command{"GEOADD"},
    Command{"GEODIST"},
    Command{"GEOHASH"},
    Command{"GEOPOS"},
    Command{"GEORADIUS"},
    Command{"GEORADIUSBYMEMBER"},
    Command{"GEORADIUSBYMEMBER_RO"},
    Command{"GEORADIUS_RO"},
    Command{"GEOSEARCH"},
    Command{"GEOSEARCHSTORE"},
    Command{"GET", CacheRule::kValue},
    Command{"GETBIT"},
    Command{"GETDEL", CacheRule::kValue},
    Command{"GETEX", CacheRule::kValue},
    Command{"GETRANGE", CacheRule::kFilled},
    Command{"GETSET", CacheRule::kValue},
    Command{"HDEL"},
    Command{"HELLO", CacheRule::kNone, Kind::kHello},
    Command{"HEXISTS", CacheRule::kNumber},
    Command{"HEXPIRE"},
    Command{"HEXPIREAT"},
    Command{"HEXPIRETIME"},
    Command{"HGET", CacheRule::kValue},
    Command{"HGETALL", CacheRule::kFilled},
    Command{"HGETDEL", CacheRule::kEachField},
    Command{"HGETEX", CacheRule::kEachField},
    Command{"HINCRBY"},
    Command{"HINCRBYFLOAT"},
    Command{"HKEYS", CacheRule::kFilled},
    Command{"HLEN"},
    Command{"HMGET", CacheRule::kEachField},
    Command{"HMSET"},
    Command{"HPERSIST"},
    Command{"HPEXPIRE"},
    Command{"HPEXPIREAT"},
    Command{"HPEXPIRETIME"},
    Command{"HPTTL"},
    Command{"HRANDFIELD"},
    Command{"HSCAN"},
    Command{"HSET"},
    Command{"HSETEX"},
    Command{"HSETNX"},
    Command{"HSTRLEN", CacheRule::kNumber},
    Command{"HTTL"},
    Command{"HVALS", CacheRule::kFilled},
    Command{"INCR"},
    Command{"INCRBY"},
    Command{"INCRBYFLOAT"},
    Command{"INFO"},
    Command{"KEYS"},
    Command{"LASTSAVE"},
    Command{"LATENCY"},
    Command{"LCS"},
    Command{"LINDEX"},
    Command{"LINSERT"},
    Command{"LLEN"},
    Command{"LMOVE"},
    Command{"LMPOP"},
    Command{"LOLWUT"},
    Command{"LPOP"},
    Command{"LPOS"},
    Command{"LPUSH"},
    Command{"LPUSHX"},
    Command{"LRANGE"},
    Command{"LREM"},
    Command{"LSET"},
    Command{"LTRIM"},
    Command{"MEMORY"},
    Command{"MGET", CacheRule::kEachKey},
    Command{"MIGRATE"},
    Command{"MODULE"},
    Command{"MONITOR", CacheRule::kNone, Kind::kMonitor},
    Command{"MOVE"},
    Command{"MSET"},
    Command{"MSETNX"},
    Command{"MULTI", CacheRule::kNone, Kind::kMulti},
    Command{"OBJECT"},
    Command{"PERSIST"},
    Command{"PEXPIRE"},
    Command{"PEXPIREAT"},
    Command{"PEXPIRETIME"},
    Command{"PFADD"},
    Command{"PFCOUNT"},
    Command{"PFDEBUG"},
    Command{"PFMERGE"},
    Command{"PFSELFTEST"},
    Command{"PING"},
    Command{"PSETEX"},
    Command{"PSUBSCRIBE", CacheRule::kNone, Kind::kSubscribe},
    Command{"PSYNC", CacheRule::kNone, Kind::kSync},
    Command{"PTTL"},
    Command{"PUBLISH"},
    Command{"PUBSUB"},
    Command{"PUNSUBSCRIBE", CacheRule::kNone, Kind::kSubscribe},
    Command{"QUIT"},
    Command{"RANDOMKEY"},
    Command{"READONLY"},
    Command{"READWRITE"},
    Command{"RENAME"},
    Command{"RENAMENX"},
    Command{"REPLCONF"},
    Command{"REPLICAOF"},
    Command{"RESET", CacheRule::kNone, Kind::kReset},
    Command{"RESTORE"},
    Command{"RESTORE-ASKING"},
    Command{"ROLE"},
    Command{"RPOP"},
    Command{"RPOPLPUSH"},
    Command{"RPUSH"},
    Command{"RPUSHX"},
    Command{"SADD"},
    Command{"SAVE"},
    Command{"SCAN"},
    Command{"SCARD"},
    Command{"SCRIPT"},
    Command{"SDIFF"},
    Command{"SDIFFSTORE"},
    Command{"SELECT", CacheRule::kNone, Kind::kSelect},
    Command{"SET", CacheRule::kNone, Kind::kSet},
    Command{"SETBIT"},
    Command{"SETEX"},
    Command{"SETNX"},
    Command{"SETRANGE"},
    Command{"SHUTDOWN"},
    Command{"SINTER"},
    Command{"SINTERCARD"},
    Command{"SINTERSTORE"},
    Command{"SISMEMBER"},
    Command{"SLAVEOF"},
    Command{"SLOWLOG"},
    Command{"SMEMBERS", CacheRule::kFilled},
    Command{"SMISMEMBER"},
    Command{"SMOVE"},
    Command{"SORT"},
    Command{"SORT_RO"},
    Command{"SPOP"},
    Command{"SPUBLISH"},
    Command{"SRANDMEMBER"},
    Command{"SREM"},
    Command{"SSCAN"},
    Command{"SSUBSCRIBE", CacheRule::kNone, Kind::kSubscribe},
    Command{"STRLEN", CacheRule::kNumber},
    Command{"SUBSCRIBE", CacheRule::kNone, Kind::kSubscribe},
    Command{"SUBSTR", CacheRule::kFilled},
    Command{"SUNION"},
    Command{"SUNIONSTORE"},
    Command{"SUNSUBSCRIBE", CacheRule::kNone, Kind::kSubscribe},
    Command{"SWAPDB"},
    Command{"SYNC", CacheRule::kNone, Kind::kSync},
    Command{"TIME"},
    Command{"TOUCH", CacheRule::kCount},
    Command{"TTL"},
    Command{"TYPE"},
    Command{"UNLINK"},
    Command{"UNSUBSCRIBE", CacheRule::kNone, Kind::kSubscribe},
    Command{"UNWATCH"},
    Command{"WAIT", CacheRule::kNone, Kind::kBlocking},
    Command{"WAITAOF", CacheRule::kNone, Kind::kBlocking},
    Command{"WATCH"},
    Command{"XACK"},
    Command{"XADD"},
    Command{"XAUTOCLAIM"},
    Command{"XCLAIM"},
    Command{"XDEL"},
    Command{"XGROUP"},
    Command{"XINFO"},
    Command{"XLEN"},
    Command{"XPENDING"},
    Command{"XRANGE"},
    Command{"XREAD", CacheRule::kNone, Kind::kStreamRead},
    Command{"XREADGROUP", CacheRule::kNone, Kind::kStreamReadGroup},
    Command{"XREVRANGE"},
    Command{"XSETID"},
    Command{"XTRIM"},
    Command{"ZADD"},
    Command{"ZCARD"},
    Command{"ZCOUNT"},
    Command{"ZDIFF"},
    Command{"ZDIFFSTORE"},
    Command{"ZINCRBY"},
    Command{"ZINTER"},
    Command{"ZINTERCARD"},
    Command{"ZINTERSTORE"},
    Command{"ZLEXCOUNT"},
    Command{"ZMPOP"},
    Command{"ZMSCORE", CacheRule::kEachField},
    Command{"ZPOPMAX"},
    Command{"ZPOPMIN"},
    Command{"ZRANDMEMBER"},
    Command{"ZRANGE"},
    Command{"ZRANGEBYLEX"},
    Command{"ZRANGEBYSCORE"},
    Command{"ZRANGESTORE"},
    Command{"ZRANK"},
    Command{"ZREM"},
    Command{"ZREMRANGEBYLEX"},
    Command{"ZREMRANGEBYRANK"},
    Command{"ZREMRANGEBYSCORE"},
    Command{"ZREVRANGE"},
    Command{"ZREVRANGEBYLEX"},
    Command{"ZREVRANGEBYSCORE"},
    Command{"ZREVRANK"},
    Command{"ZSCAN"},
    Command{"ZSCORE", CacheRule::kValue},
    Command{"ZUNION"},
    Command{"ZUNIONSTORE"},
};

constexpr char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

static_assert(std::is_sorted(kCommands.begin() + 1, kCommands.end(),
                             [](const Command& a, const Command& b) { return a.name < b.name; }));
static_assert(std::all_of(kCommands.begin(), kCommands.end(),
                          [](const Command& c) { return c.name.size() <= kMaxName; }));

// The first and the last four letters of a name, in upper case; of a short one all of them. With its length
// that tells names of up to eight letters apart.
constexpr uint64_t EndsOf(std::string_view name) {
  constexpr uint64_t kCapitals = 0xdfdfdfdfdfdfdfdf;
  const auto byte = [&](size_t i) { return uint64_t{static_cast<unsigned char>(name[i])}; };
  const size_t n = name.size();
  if (n < 4) return n == 0 ? 0 : (byte(0) | byte(n / 2) << 8 | byte(n - 1) << 16) & kCapitals;
  const uint64_t first = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
  const uint64_t last = byte(n - 4) | byte(n - 3) << 8 | byte(n - 2) << 16 | byte(n - 1) << 24;
  return (first | last << 32) & kCapitals;
}

// Whether nothing but the name in any case has its ends and its length.
constexpr bool IsToldByEnds(std::string_view name) {
  return name.size() <= 8 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// An open hash table over kCommands: the look-up stands on the path of every command.
constexpr int kSlotBits = 10;
constexpr size_t kSlots = size_t{1} << kSlotBits;

struct Slot {
  uint64_t ends = 0;
  uint16_t index = 0;  // 0: free
  uint8_t size = 0;
  bool told_by_ends = false;
};

constexpr size_t SlotOf(uint64_t ends, size_t size) {
  return (ends + size) * 0x9e3779b97f4a7c15 >> (64 - kSlotBits);
}

constexpr std::array<Slot, kSlots> MakeSlots() {
  std::array<Slot, kSlots> slots{};
  for (size_t i = 1; i < kCommands.size(); ++i) {
    const std::string_view name = kCommands[i].name;
    const uint64_t ends = EndsOf(name);
    size_t slot = SlotOf(ends, name.size());
    while (slots[slot].index != 0) slot = (slot + 1) % kSlots;
    slots[slot] = {ends, static_cast<uint16_t>(i), static_cast<uint8_t>(name.size()), IsToldByEnds(name)};
  }
  return slots;
}

constexpr std::array<Slot, kSlots> kIndex = MakeSlots();

}  // namespace

std::span<const Command> Commands() {
  return kCommands;
}

bool SameWord(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (Upper(a[i]) != b[i]) return false;
  }
  return true;
}

const Command& FindCommand(std::string_view name) {
  const uint64_t ends = EndsOf(name);
  for (size_t i = SlotOf(ends, name.size()); kIndex[i].index != 0; i = (i + 1) % kSlots) {
    const Slot& slot = kIndex[i];
    if (slot.ends != ends || slot.size != name.size()) continue;
    const Command& command = kCommands[slot.index];
    if (slot.told_by_ends || SameWord(name, command.name)) return command;
  }
  return kCommands[0];
}

}  // namespace sidelight::redis
