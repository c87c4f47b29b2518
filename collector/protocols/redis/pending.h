// PendingQueue: the commands of one connection that have no whole reply yet, oldest first. Of their keys it
// holds the keyspaces only, as numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "collector/protocols/redis/commands.h"
#include "collector/protocols/redis/ring.h"
#include "core/base/clock.h"

namespace sidelight::redis {

// So many keys in a row are of one keyspace.
struct KeyRun {
  uint32_t keyspace = 0;
  uint32_t keys = 0;
};

struct Pending {
  TimePoint readable{};        // its first byte could be read
  TimePoint start{};           // its own clock started; unset while `waiting`
  uint64_t request_bytes = 0;  // of the whole command, once that is whole
  KeyRun first_keys;           // of a lookup
  uint32_t more_runs = 0;      // how many further runs of keys the queue holds for it
  uint32_t argument = 0;       // SELECT: the database; HELLO: the version; SUBSCRIBE ...: how many channels
  const Command* command = nullptr;
  bool pipelined = false;  // it came while another was being answered
  bool waiting = false;    // ... which still goes on
  bool blocking = false;
  bool set_get = false;    // SET with the option GET
  bool announced = false;  // its exchange has Started

  CacheRule rule() const { return set_get ? CacheRule::kValue : command->rule; }
};

class PendingQueue {
 public:
  static constexpr size_t kMaxCommands = 32 * 1024;
  // Beyond so many runs, of all commands or of one, the further keys of a command are of no keyspace.
  static constexpr size_t kMaxRuns = 64 * 1024;
  static constexpr size_t kMaxRunsOfOne = 1024;

  bool empty() const { return commands_.empty(); }
  size_t size() const { return commands_.size(); }
  bool full() const { return size() >= kMaxCommands; }
  Pending& front() { return commands_.front(); }
  Pending& back() { return commands_.back(); }

  // Appends one without keys, which is returned.
  Pending& Push() { return commands_.Push(); }
  // A key of the back.
  void AddKey(uint32_t keyspace) {
    KeyRun& run = back().first_keys;
    if (run.keys != 0 && (run.keyspace != keyspace || back().more_runs != 0)) return AddFurtherKey(keyspace);
    run.keyspace = keyspace;
    ++run.keys;
  }
  // The i-th run of keys of the front; the last one for any i beyond.
  KeyRun FrontRun(size_t i);
  uint64_t FrontKeys();
  void Pop() {
    if (front().more_runs > 0) runs_.Pop(front().more_runs);
    commands_.Pop();
  }
  // Appends a copy of the front of `from` with its keys; of no keyspace when that were too many runs.
  void PushFrontOf(PendingQueue& from);
  // Forgets all, and the memory too.
  void Clear();

 private:
  void AddFurtherKey(uint32_t keyspace);

  Ring<Pending> commands_;
  Ring<KeyRun> runs_;
};

}  // namespace sidelight::redis
