#include "exporters/alertmanager/queue.h"

#include <algorithm>
#include <iterator>

namespace sidelight::alertmanager {

size_t Queue::Push(std::span<const SharedAlert> alerts, size_t capacity) {
  const size_t all = alerts_.size() + alerts.size();
  const size_t dropped = all > capacity ? all - capacity : 0;
  const size_t from_queue = std::min(dropped, alerts_.size());
  alerts_.erase(alerts_.begin(), alerts_.begin() + static_cast<std::ptrdiff_t>(from_queue));
  const auto kept = alerts.subspan(dropped - from_queue);
  alerts_.insert(alerts_.end(), kept.begin(), kept.end());
  return dropped;
}

std::vector<SharedAlert> Queue::Take(size_t max) {
  const auto end = alerts_.begin() + static_cast<std::ptrdiff_t>(std::min(max, alerts_.size()));
  std::vector<SharedAlert> taken(std::make_move_iterator(alerts_.begin()), std::make_move_iterator(end));
  alerts_.erase(alerts_.begin(), end);
  return taken;
}

size_t Queue::Clear() {
  const size_t dropped = alerts_.size();
  alerts_.clear();
  return dropped;
}

}  // namespace sidelight::alertmanager
