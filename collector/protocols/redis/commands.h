// The commands of Redis that become attribute values, and what an observer must know of each of them.
// Anything else is "_OTHER", so that a client cannot make new series by inventing commands.
//
// The table has every command of Redis 7 and the few that came to hashes later. docs/protocols/redis.md says
// the rules in words.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sidelight::redis {

// How a command's reply tells whether what was looked up was there. An error tells nothing.
enum class CacheRule : uint8_t {
  kNone,       // no lookup, or its reply does not tell
  kValue,      // a null is a miss, anything else a hit
  kEachKey,    // an array with an element for each key: nulls are misses
  kEachField,  // an array with an element for each field of one key: nulls are misses
  kNumber,     // 0 is a miss
  kCount,      // n of the keys asked for are there
  kFilled,     // an empty string or collection is a miss
};

// What is more to a command than a request and its reply.
enum class Kind : uint8_t {
  kPlain,
  kBlocking,  // waits on purpose
  kStreamRead,
  kStreamReadGroup,  // these two only with the option BLOCK
  kSet,              // is a lookup with the option GET
  kSelect,
  kHello,
  kReset,
  kClient,
  kMulti,
  kExec,
  kDiscard,
  kSubscribe,  // all six: they are answered once for each channel
  kMonitor,
  kSync,  // SYNC and PSYNC: the connection becomes a replication stream
};

// MULTI's queue is run or dropped by it.
inline bool EndsTransaction(Kind kind) {
  return kind == Kind::kExec || kind == Kind::kDiscard || kind == Kind::kReset;
}

struct Command {
  std::string_view name;  // in upper case
  CacheRule rule = CacheRule::kNone;
  Kind kind = Kind::kPlain;
};

// Sorted by name; lives as long as the process. The first is the one for unknown commands, "_OTHER".
std::span<const Command> Commands();
// No command's name is longer, in bytes.
inline constexpr size_t kMaxName = 24;

// The one of that name, whatever its case; the first when it is not known.
const Command& FindCommand(std::string_view name);

// `a` and `b`, which is in upper case, are the same but for the case of letters.
bool SameWord(std::string_view a, std::string_view b);

}  // namespace sidelight::redis
