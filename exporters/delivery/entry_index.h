// EntryIndex: what is queued, for whom, and in which order; without the bodies, but for those that are not on
// disk. A plain value; some 60 bytes for an entry.
//
// Ids grow with time, over all destinations and restarts, so that the lowest is the oldest. Internal to
// exporters/delivery.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporters/delivery/queue.h"
#include "exporters/delivery/request.h"

namespace sidelight::delivery {

struct Item {
  uint64_t id = 0;
  UnixMillis time = 0;
  uint64_t points = 0;
  uint64_t bytes = 0;  // of the body
  uint32_t lane = 0;   // as it was pushed
  uint16_t attempts = 0;
  uint8_t unread = 0;  // times in a row that the disk did not give it
  bool under_way = false;
  std::unique_ptr<std::string> body;  // null: it is on disk

  bool saved() const { return body == nullptr; }
};

class EntryIndex {
 public:
  struct Target {
    Destination destination;
    bool attended = false;
    std::vector<std::deque<Item>> lanes = std::vector<std::deque<Item>>(1);  // each by id
    uint64_t entries = 0;
    uint64_t bytes = 0;
    uint64_t points = 0;
    uint64_t in_memory = 0;
    // What was queued before somebody attended goes first, from whichever lane.
    uint64_t first_new = 0;  // ids below are old
    uint64_t old = 0;        // so many there are
  };
  // Where an entry is, until its target is attended or left.
  struct Place {
    Target* target = nullptr;  // null: nowhere
    uint32_t lane = 0;         // of target->lanes
    uint64_t id = 0;
  };

  Target& For(const Destination& destination);
  // Null when nothing is queued and nobody attends.
  Target* Find(const Destination& destination);
  const Target* Find(const Destination& destination) const;

  // `next_id` is above all ids that there are.
  void Attend(Target& target, uint32_t lanes, uint64_t next_id);
  // What was under way is not any more.
  void Leave(const Destination& destination);

  // Its id is in no lane yet; fastest when it is the highest or the lowest of its lane.
  void Add(Target& target, Item item);
  // Null when it is not there; until the next change.
  Item* Get(const Place& place);
  // The next one of the lane (of `target.lanes`), when there is one that may go now.
  const Item* Next(const Target& target, uint32_t lane) const;
  void Begin(const Place& place);  // it is under way
  std::optional<Place> UnderWay(uint64_t id) const;
  void End(const Place& place);    // it is not any more
  void Saved(const Place& place);  // its body is on disk from now on
  void Remove(const Place& place);

  // What is on disk and not under way, oldest first, at most `max`; with `until` only what is older.
  std::vector<Place> Oldest(size_t max, std::optional<UnixMillis> until = std::nullopt);
  // All that is on disk.
  std::vector<Place> OnDisk();
  // In memory, oldest first; nothing behind the last one. `after` is the id of the one before.
  std::optional<Place> InMemory(uint64_t after = 0) const;

  std::vector<Waiting> Stats() const;
  uint64_t entries() const { return entries_; }
  uint64_t saved() const { return entries_ - memory_.size(); }
  uint64_t in_memory() const { return memory_.size(); }
  uint64_t memory_bytes() const { return memory_bytes_; }  // of their bodies

 private:
  void Forget(Target& target);

  std::map<Destination, Target> targets_;
  std::map<uint64_t, Place> under_way_;
  std::map<uint64_t, Place> memory_;
  uint64_t entries_ = 0;
  uint64_t memory_bytes_ = 0;
};

}  // namespace sidelight::delivery
