#include "collector/protocols/memcached/pending.h"

namespace sidelight::memcached {
namespace {

// What an empty queue keeps, so that usual traffic never allocates.
constexpr size_t kKeptRequests = 16;
constexpr size_t kKeptKeys = 64;

}  // namespace

void PendingQueue::AddKey(std::string_view key, std::string_view wire) {
  if (next_kept_ >= kMaxKeysOfOne || keys_.size() - first_key_ >= kMaxKeys) {
    ++next_other_;
    return;
  }
  if (keys_.capacity() == 0) keys_.reserve(4);
  keys_.push_back(Key{HashOf(wire), sink_.Keyspace(key), false});
  ++next_kept_;
}

Pending& PendingQueue::Push() {
  if (requests_.capacity() == 0) requests_.reserve(2);
  Pending& request = requests_.emplace_back();
  request.kept_keys = next_kept_;
  request.other_keys = next_other_;
  next_kept_ = next_other_ = 0;
  return request;
}

void PendingQueue::Compact() {
  if (empty()) {
    requests_.clear();
    first_ = 0;
    if (requests_.capacity() > kKeptRequests) requests_.shrink_to_fit();
  } else {
    if (first_ < requests_.size() / 2) return;
    requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  if (first_key_ == keys_.size()) {
    keys_.clear();
  } else {
    // The keys of a request that is being read stay.
    keys_.erase(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(first_key_));
  }
  first_key_ = 0;
  if (keys_.empty() && keys_.capacity() > kKeptKeys) keys_.shrink_to_fit();
}

void PendingQueue::Clear() {
  // Swapped, since assigning or clearing keeps the capacity.
  std::vector<Pending>().swap(requests_);
  std::vector<Key>().swap(keys_);
  first_ = first_key_ = next_kept_ = next_other_ = 0;
}

}  // namespace sidelight::memcached
