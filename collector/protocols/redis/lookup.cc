#include "collector/protocols/redis/lookup.h"

#include <algorithm>

namespace sidelight::redis {

void Lookup::Element(PendingQueue& commands, const Value& element) {
  KeyRun run = commands.FrontRun(run_);
  if (commands.front().rule() == CacheRule::kEachKey) {
    if (of_run_ == run.keys) {
      run = commands.FrontRun(++run_);
      of_run_ = 0;
    }
    ++of_run_;
  }
  Add(run.keyspace, element.null ? 0 : 1, element.null ? 1 : 0);
}

void Lookup::ReplyTo(CacheRule rule, PendingQueue& commands, const Value& reply) {
  if (reply.is_error()) return result_.clear();
  const uint32_t keyspace = commands.front().first_keys.keyspace;
  bool hit = false;
  switch (rule) {
    case CacheRule::kNone:
    case CacheRule::kValue:
    case CacheRule::kEachKey:
    case CacheRule::kEachField:
      return;
    case CacheRule::kNumber:
      if (reply.type != ':') return;
      hit = reply.integer > 0;
      break;
    case CacheRule::kCount:
      if (reply.type != ':') return;
      return AddCount(commands, reply.integer);
    case CacheRule::kFilled:
      hit = !reply.null && !reply.empty;
      break;
  }
  Add(keyspace, hit ? 1 : 0, hit ? 0 : 1);
}

// A count of keys of several keyspaces tells of which they were only when all were there, or none.
void Lookup::AddCount(PendingQueue& commands, int64_t count) {
  const uint64_t keys = commands.FrontKeys();
  const uint64_t hits = count <= 0 ? 0 : std::min(static_cast<uint64_t>(count), keys);
  const size_t more_runs = commands.front().more_runs;
  if (more_runs > 0 && hits != 0 && hits != keys) return Add(0, hits, keys - hits);
  if (more_runs == 0) return Add(commands.FrontRun(0).keyspace, hits, keys - hits);
  for (size_t i = 0; i <= more_runs; ++i) {
    const KeyRun run = commands.FrontRun(i);
    Add(run.keyspace, hits == 0 ? 0 : run.keys, hits == 0 ? run.keys : 0);
  }
}

void Lookup::Add(uint32_t keyspace, uint64_t hits, uint64_t misses) {
  if (hits == 0 && misses == 0) return;
  const auto same = [&](const CacheLookup& lookup) { return lookup.keyspace == keyspace; };
  auto found = std::find_if(result_.begin(), result_.end(), same);
  if (found == result_.end() && result_.size() + 1 >= kMaxKeyspaces && keyspace != 0) {
    // The last place is for what is under no keyspace.
    keyspace = 0;
    found = std::find_if(result_.begin(), result_.end(), same);
  }
  if (found == result_.end()) {
    result_.push_back({keyspace, 0, 0});
    found = result_.end() - 1;
  }
  found->hits += static_cast<uint32_t>(hits);
  found->misses += static_cast<uint32_t>(misses);
}

}  // namespace sidelight::redis
