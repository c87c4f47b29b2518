#include "core/storage/epochs.h"

#include <algorithm>
#include <cassert>

namespace sidelight::storage {

Epochs::~Epochs() {
  assert(active_.empty());
  Collect();
}

Epochs::Pin Epochs::Enter() {
  const std::lock_guard guard(mutex_);
  active_.push_back(epoch_);
  return Pin(this, epoch_);
}

void Epochs::Leave(uint64_t epoch) {
  const std::lock_guard guard(mutex_);
  const auto at = std::find(active_.begin(), active_.end(), epoch);
  *at = active_.back();
  active_.pop_back();
}

void Epochs::Collect() {
  if (fresh_.empty() && limbo_.empty()) return;
  uint64_t oldest = 0;
  {
    const std::lock_guard guard(mutex_);
    if (!fresh_.empty()) {
      // Whoever enters from here on finds these unlinked.
      for (Retired& retired : fresh_) retired.epoch = epoch_;
      ++epoch_;
    }
    oldest = epoch_;
    for (const uint64_t active : active_) oldest = std::min(oldest, active);
  }
  limbo_.insert(limbo_.end(), fresh_.begin(), fresh_.end());
  fresh_.clear();
  while (!limbo_.empty() && limbo_.front().epoch < oldest) {
    limbo_.front().destroy(limbo_.front().object);
    limbo_.pop_front();
  }
}

}  // namespace sidelight::storage
