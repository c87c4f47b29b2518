#include "core/storage/exemplar_ring.h"

namespace sidelight::storage {

bool ExemplarRing::Add(const Labels& labels, const Exemplar& exemplar, uint32_t* last) {
  if (capacity_ == 0) return false;
  const std::lock_guard guard(mutex_);
  if (*last < entries_.size() && entries_[*last].labels == labels &&
      entries_[*last].exemplar.time >= exemplar.time) {
    return false;
  }
  if (entries_.size() < capacity_) {
    *last = static_cast<uint32_t>(entries_.size());
    entries_.push_back({labels, exemplar});
    return true;
  }
  *last = static_cast<uint32_t>(next_);
  entries_[next_] = {labels, exemplar};
  next_ = (next_ + 1) % capacity_;
  return true;
}

std::vector<ExemplarRing::Entry> ExemplarRing::Read(UnixMillis from, UnixMillis to) const {
  std::vector<Entry> read;
  const std::lock_guard guard(mutex_);
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[(next_ + i) % entries_.size()];
    if (entry.exemplar.time >= from && entry.exemplar.time <= to) read.push_back(entry);
  }
  return read;
}

size_t ExemplarRing::size() const {
  const std::lock_guard guard(mutex_);
  return entries_.size();
}

}  // namespace sidelight::storage
