// Queue: the alerts that wait for one Alertmanager, oldest first. When it is full the oldest make room, for
// what is newer says more about how things stand. A plain value.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "exporters/alertmanager/payload.h"

namespace sidelight::alertmanager {

class Queue {
 public:
  // How many alerts were dropped for these: of the queue or, when there are more than it holds, of
  // themselves.
  size_t Push(std::span<const SharedAlert> alerts, size_t capacity);
  // The oldest, at most `max` of them.
  std::vector<SharedAlert> Take(size_t max);
  // Empties it: how many there were.
  size_t Clear();

  size_t size() const { return alerts_.size(); }
  bool empty() const { return alerts_.empty(); }

 private:
  std::deque<SharedAlert> alerts_;
};

}  // namespace sidelight::alertmanager
