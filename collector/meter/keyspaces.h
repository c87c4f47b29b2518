// Keyspaces: which group of keys a key belongs to, for one tap of a cache: the first of the configured
// patterns that matches, else what the shape of the key says ("user:{id}").
//
// Shapes are a tree of segments. Segments stand between `:`, `/`, `.`, `|`, `{` and `}`. A segment that is
// data by its looks (path.h) is {id}; of one that is letters and then data after '-' or '_' ("order_1234")
// the letters stay. Anything else is a name and gets a place of its own until its parent has enough of them;
// from then on a new one is an {id} too. A key of more than kDepth segments ends in {rest...}.
// docs/metrics.md has the rules.
//
// Keys themselves are kept nowhere; names are parts of keys, under the caps below. Places that were given
// stay.
//
// Thread-safe. Resolve() takes no lock and allocates nothing unless a new shape is learned: what it walks is
// only ever added to.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/meter/keyspace_names.h"
#include "collector/meter/keyspace_pattern.h"

namespace sidelight::meter {

class Keyspaces final : public KeyspaceNames {
 public:
  struct Limits {
    size_t learned = 100;  // keyspaces; whatever comes then is "_OTHER"
    size_t names = 10;     // of one parent
    size_t roots = 50;     // names that a key begins with and that more follows
  };
  static constexpr size_t kDepth = 6;
  static constexpr size_t kLongestKey = 256;  // only so much of a key is looked at for its shape

  explicit Keyspaces(std::vector<KeyspacePattern> patterns) : Keyspaces(std::move(patterns), Limits{}) {}
  Keyspaces(std::vector<KeyspacePattern> patterns, Limits limits);
  Keyspaces(const Keyspaces&) = delete;
  Keyspaces& operator=(const Keyspaces&) = delete;

  KeyspaceId Resolve(std::string_view key) {
    for (size_t i = 0; i < patterns_.size(); ++i) {
      if (patterns_[i].Matches(key)) return static_cast<KeyspaceId>(i + 1);
    }
    return ByShape(key.substr(0, kLongestKey));
  }
  std::string Text(KeyspaceId id) const override;
  size_t size() const override { return size_.load(std::memory_order_acquire); }
  size_t capacity() const override { return first_learned_ + limits_.learned; }

 private:
  // A segment as the tree has it: what stays of it as it is, whether {id} follows, and what ends it (kEnd,
  // kRest or a separator).
  struct Segment {
    std::string_view name;
    bool data = false;
    char end = 0;
    bool operator==(const Segment&) const = default;
  };
  struct Place;
  struct Node {
    std::atomic<Place*> first{nullptr};
    std::atomic<size_t> inner{0};  // names that more follows
    std::atomic<size_t> last{0};   // names at the end of keys
  };
  // One segment below a node: the node of what follows or, at the end of the key, the keyspace.
  struct Place {
    explicit Place(const Segment& segment) : name(segment.name), data(segment.data), end(segment.end) {}
    Segment segment() const { return {name, data, end}; }

    const std::string name;
    const bool data;
    const char end;
    KeyspaceId keyspace = kNoKeyspace;  // of a key that ends here
    Node below;
    std::atomic<Place*> next{nullptr};
  };

  static Segment Next(std::string_view* key, size_t depth);
  static Place* Find(const Node& node, const Segment& segment);

  bool full() const { return size() == capacity(); }
  bool HasRoom(const Node& node, const Segment& segment, size_t depth) const;
  KeyspaceId ByShape(std::string_view key);
  KeyspaceId Learn(std::string_view key);

  const std::vector<KeyspacePattern> patterns_;
  const Limits limits_;
  const KeyspaceId other_;          // after the configured ones
  const KeyspaceId first_learned_;  // after that
  Node root_;
  std::atomic<size_t> size_;
  mutable std::mutex mutex_;
  std::deque<Place> places_;
  std::vector<std::string> learned_;
};

}  // namespace sidelight::meter
