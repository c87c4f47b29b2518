// PendingQueue: the requests of one connection that have no whole answer yet, oldest first, and of each
// lookup the keys that it asked for: a hash and a keyspace each, never the key.
//
// The keys lie one behind the other in a single array, so that a queue of lookups costs two allocations and
// not one for each; an idle connection keeps about 2 KiB at most, however long its queue was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "collector/protocols/exchange.h"
#include "collector/protocols/memcached/commands.h"
#include "core/base/clock.h"

namespace sidelight::memcached {

struct Key {
  uint64_t hash = 0;
  uint32_t keyspace = 0;
  bool hit = false;
};

struct Pending {
  std::string_view operation;
  TimePoint readable{};        // its first byte could be read
  TimePoint start{};           // its own clock started; unset while `waiting`
  uint64_t request_bytes = 0;  // of its value
  uint32_t opaque = 0;         // binary: its opaque; meta commands: a hash of the O flag, 0 without
  uint32_t kept_keys = 0;      // in the queue's array
  uint32_t other_keys = 0;     // beyond the limits
  uint32_t other_hits = 0;     // of those
  uint32_t next_key = 0;  // where the next hit is looked for first: answers come in the order of the keys
  Command command = Command::kLine;
  uint8_t opcode = 0;      // binary only, without quietness
  bool quiet = false;      // silence is an answer
  bool started = false;    // the sink knows of it
  bool pipelined = false;  // it came while another was due
  bool waiting = false;    // ... which still is
};

// Tells the keys of one request apart; whoever makes two of them meet has them counted for each other.
inline uint64_t HashOf(std::string_view key) {
  constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;
  uint64_t hash = key.size() * kFactor;
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * kFactor;
    hash ^= hash >> 32;
  };
  uint64_t word = 0;
  for (; key.size() >= sizeof word; key.remove_prefix(sizeof word)) {
    std::memcpy(&word, key.data(), sizeof word);
    mix(word);
  }
  word = 0;
  for (const char c : key) word = word << 8 | static_cast<unsigned char>(c);
  mix(word);
  return hash;
}

class PendingQueue {
 public:
  static constexpr size_t kMaxRequests = 4096;
  static constexpr size_t kMaxKeys = 8192;  // of all requests
  static constexpr size_t kMaxKeysOfOne = 256;

  explicit PendingQueue(ExchangeSink& sink) : sink_(sink) {}

  bool empty() const { return first_ == requests_.size(); }
  size_t size() const { return requests_.size() - first_; }
  bool full() const { return size() >= kMaxRequests; }

  Pending& front() { return requests_[first_]; }
  const Pending& front() const { return requests_[first_]; }
  Pending& back() { return requests_.back(); }
  Pending& at(size_t i) { return requests_[first_ + i]; }
  // The keys of the front.
  std::span<Key> front_keys() { return {keys_.data() + first_key_, front().kept_keys}; }
  // The only kept key of the request `i`, whose predecessors hold `before` keys.
  const Key& key_at(size_t before) const { return keys_[first_key_ + before]; }

  // A key of the request that will be pushed next. `wire` is what an answer would call it.
  void AddKey(std::string_view key, std::string_view wire);
  void AddKey(std::string_view key) { AddKey(key, key); }
  // A request, to be filled in; the keys added since the last push are its.
  Pending& Push();
  void Pop() {
    first_key_ += front().kept_keys;
    ++first_;
    if (empty() || first_ >= kCompactAt) Compact();
  }
  // Forgets all, and the memory too.
  void Clear();

 private:
  // Popped requests are removed in blocks: moving the rest each time would make a long queue quadratic.
  static constexpr size_t kCompactAt = 32;

  void Compact();

  ExchangeSink& sink_;
  std::vector<Pending> requests_;
  std::vector<Key> keys_;
  size_t first_ = 0;         // index of the front in requests_
  size_t first_key_ = 0;     // where its keys start in keys_
  uint32_t next_kept_ = 0;   // keys of the request to come
  uint32_t next_other_ = 0;  //
};

}  // namespace sidelight::memcached
