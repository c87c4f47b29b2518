#include "exporters/delivery/entry_index.h"

#include <algorithm>
#include <utility>

namespace sidelight::delivery {
namespace {

bool IdBelow(const Item& item, uint64_t id) {
  return item.id < id;
}

}  // namespace

EntryIndex::Target& EntryIndex::For(const Destination& destination) {
  Target& target = targets_[destination];
  target.destination = destination;
  return target;
}

EntryIndex::Target* EntryIndex::Find(const Destination& destination) {
  const auto found = targets_.find(destination);
  return found == targets_.end() ? nullptr : &found->second;
}

const EntryIndex::Target* EntryIndex::Find(const Destination& destination) const {
  const auto found = targets_.find(destination);
  return found == targets_.end() ? nullptr : &found->second;
}

void EntryIndex::Attend(Target& target, uint32_t lanes, uint64_t next_id) {
  std::vector<Item> all;
  for (std::deque<Item>& lane : target.lanes) {
    all.insert(all.end(), std::make_move_iterator(lane.begin()), std::make_move_iterator(lane.end()));
  }
  std::sort(all.begin(), all.end(), [](const Item& a, const Item& b) { return a.id < b.id; });
  target.lanes = std::vector<std::deque<Item>>(lanes);
  for (Item& item : all) {
    const uint32_t lane = item.lane % lanes;
    if (!item.saved()) memory_[item.id].lane = lane;
    target.lanes[lane].push_back(std::move(item));
  }
  target.attended = true;
  target.first_new = next_id;
  target.old = target.entries;
}

void EntryIndex::Leave(const Destination& destination) {
  Target* const target = Find(destination);
  if (target == nullptr) return;
  target->attended = false;
  for (std::deque<Item>& lane : target->lanes) {
    for (Item& item : lane) {
      if (item.under_way) under_way_.erase(item.id);
      item.under_way = false;
    }
  }
  Forget(*target);
}

void EntryIndex::Forget(Target& target) {
  if (!target.attended && target.entries == 0) targets_.erase(Destination(target.destination));
}

void EntryIndex::Add(Target& target, Item item) {
  const auto lane = item.lane % static_cast<uint32_t>(target.lanes.size());
  std::deque<Item>& items = target.lanes[lane];
  ++entries_;
  ++target.entries;
  target.bytes += item.bytes;
  target.points += item.points;
  if (item.id < target.first_new) ++target.old;
  if (!item.saved()) {
    memory_[item.id] = {&target, lane, item.id};
    memory_bytes_ += item.bytes;
    ++target.in_memory;
  }
  if (items.empty() || items.back().id < item.id) {
    items.push_back(std::move(item));
  } else {
    items.insert(std::lower_bound(items.begin(), items.end(), item.id, IdBelow), std::move(item));
  }
}

Item* EntryIndex::Get(const Place& place) {
  if (place.target == nullptr || place.lane >= place.target->lanes.size()) return nullptr;
  std::deque<Item>& items = place.target->lanes[place.lane];
  const auto found = std::lower_bound(items.begin(), items.end(), place.id, IdBelow);
  return found == items.end() || found->id != place.id ? nullptr : &*found;
}

const Item* EntryIndex::Next(const Target& target, uint32_t lane) const {
  if (lane >= target.lanes.size() || target.lanes[lane].empty()) return nullptr;
  const Item& first = target.lanes[lane].front();
  const bool waits = first.id >= target.first_new && target.old > 0;
  return first.under_way || waits ? nullptr : &first;
}

void EntryIndex::Begin(const Place& place) {
  Get(place)->under_way = true;
  under_way_[place.id] = place;
}

std::optional<EntryIndex::Place> EntryIndex::UnderWay(uint64_t id) const {
  const auto found = under_way_.find(id);
  return found == under_way_.end() ? std::nullopt : std::make_optional(found->second);
}

void EntryIndex::End(const Place& place) {
  under_way_.erase(place.id);
  if (Item* const item = Get(place)) item->under_way = false;
}

void EntryIndex::Saved(const Place& place) {
  Item* const item = Get(place);
  if (item == nullptr || item->saved()) return;
  item->body.reset();
  memory_.erase(place.id);
  memory_bytes_ -= item->bytes;
  --place.target->in_memory;
}

void EntryIndex::Remove(const Place& place) {
  Item* const item = Get(place);
  if (item == nullptr) return;
  Saved(place);
  under_way_.erase(place.id);
  --entries_;
  --place.target->entries;
  place.target->bytes -= item->bytes;
  place.target->points -= item->points;
  if (place.id < place.target->first_new) --place.target->old;
  std::deque<Item>& items = place.target->lanes[place.lane];
  items.erase(std::lower_bound(items.begin(), items.end(), place.id, IdBelow));
  Forget(*place.target);
}

std::vector<EntryIndex::Place> EntryIndex::Oldest(size_t max, std::optional<UnixMillis> until) {
  // The first ones of each lane, from which the oldest of all are chosen.
  std::vector<Place> places;
  for (auto& [destination, target] : targets_) {
    for (uint32_t lane = 0; lane < target.lanes.size(); ++lane) {
      size_t taken = 0;
      for (const Item& item : target.lanes[lane]) {
        if (taken == max || (until && item.time >= *until)) break;
        if (item.under_way || !item.saved()) continue;
        places.push_back({&target, lane, item.id});
        ++taken;
      }
    }
  }
  const size_t count = std::min(max, places.size());
  std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(count), places.end(),
                    [](const Place& a, const Place& b) { return a.id < b.id; });
  places.resize(count);
  return places;
}

std::vector<EntryIndex::Place> EntryIndex::OnDisk() {
  std::vector<Place> places;
  for (auto& [destination, target] : targets_) {
    for (uint32_t lane = 0; lane < target.lanes.size(); ++lane) {
      for (const Item& item : target.lanes[lane]) {
        if (item.saved()) places.push_back({&target, lane, item.id});
      }
    }
  }
  return places;
}

std::optional<EntryIndex::Place> EntryIndex::InMemory(uint64_t after) const {
  const auto next = memory_.upper_bound(after);
  return next == memory_.end() ? std::nullopt : std::make_optional(next->second);
}

std::vector<Waiting> EntryIndex::Stats() const {
  std::vector<Waiting> all;
  for (const auto& [destination, target] : targets_) {
    Waiting waiting{.destination = destination,
                    .attended = target.attended,
                    .entries = target.entries,
                    .bytes = target.bytes,
                    .points = target.points,
                    .in_memory = target.in_memory};
    for (const std::deque<Item>& lane : target.lanes) {
      if (lane.empty()) continue;
      waiting.oldest = std::min(waiting.oldest.value_or(lane.front().time), lane.front().time);
    }
    all.push_back(std::move(waiting));
  }
  return all;
}

}  // namespace sidelight::delivery
