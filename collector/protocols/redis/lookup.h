// Lookup: counts what one reply tells of the keys that were looked up, for each of their keyspaces, by the
// command's CacheRule. One for each connection; replies come one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "collector/protocols/exchange.h"
#include "collector/protocols/redis/pending.h"
#include "collector/protocols/redis/reply_parser.h"

namespace sidelight::redis {

class Lookup {
 public:
  // Beyond, hits and misses are counted under no keyspace.
  static constexpr size_t kMaxKeyspaces = 64;

  // Whether the rule wants the elements of the reply, one by one.
  static bool WantsElements(CacheRule rule) {
    return rule == CacheRule::kEachKey || rule == CacheRule::kEachField;
  }

  void Begin() {
    result_.clear();
    run_ = 0;
    of_run_ = 0;
  }
  // The next element of the reply to the front of `commands`.
  void Element(PendingQueue& commands, const Value& element);
  // The reply itself, once it is whole.
  void Reply(PendingQueue& commands, const Value& reply) {
    const Pending& command = commands.front();
    const CacheRule rule = command.rule();
    if (rule == CacheRule::kNone) return;
    if (rule != CacheRule::kValue || reply.is_error()) return ReplyTo(rule, commands, reply);
    result_.push_back({command.first_keys.keyspace, reply.null ? 0u : 1u, reply.null ? 1u : 0u});
  }

  // Until the next Begin. Empty when the reply told nothing.
  std::span<const CacheLookup> result() const { return result_; }

 private:
  void ReplyTo(CacheRule rule, PendingQueue& commands, const Value& reply);
  void Add(uint32_t keyspace, uint64_t hits, uint64_t misses);
  void AddCount(PendingQueue& commands, int64_t hits);

  std::vector<CacheLookup> result_;
  size_t run_ = 0;       // the run of keys that the next element belongs to
  uint32_t of_run_ = 0;  // how many elements of that were seen
};

}  // namespace sidelight::redis
