#include "collector/protocols/http1/pending.h"

namespace sidelight::http1 {
namespace {

// What an empty queue keeps, so that a connection with one short request at a time never allocates.
constexpr size_t kKeptRequests = 2;
constexpr size_t kKeptTargetBytes = 256;
// Popped requests are removed in blocks: moving the rest each time would make a long queue quadratic.
constexpr size_t kCompactAt = 32;

}  // namespace

std::string_view PendingQueue::front_target() const {
  return std::string_view(targets_).substr(text_first_, requests_[first_].target_length);
}

std::string_view PendingQueue::back_target() const {
  const size_t length = requests_.back().target_length;
  return std::string_view(targets_).substr(text_end_ - length, length);
}

void PendingQueue::Push(const Pending& request) {
  if (requests_.size() == requests_.capacity() && requests_.capacity() > 0) {
    requests_.reserve(8 * requests_.capacity());
  }
  requests_.push_back(request);
  text_end_ += request.target_length;
}

void PendingQueue::Pop() {
  text_first_ += requests_[first_].target_length;
  ++first_;
  if (empty() || first_ >= kCompactAt) Compact();
}

void PendingQueue::Compact() {
  if (empty()) {
    requests_.clear();
    first_ = 0;
    if (requests_.capacity() > kKeptRequests) requests_.shrink_to_fit();
    if (text_first_ == targets_.size()) {
      targets_.clear();
    } else {
      targets_.erase(0, text_first_);  // a target that is being read stays
    }
    if (targets_.empty() && targets_.capacity() > kKeptTargetBytes) targets_.shrink_to_fit();
  } else {
    if (first_ < requests_.size() / 2) return;
    requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    targets_.erase(0, text_first_);
  }
  text_end_ -= text_first_;
  text_first_ = 0;
}

void PendingQueue::Clear() {
  // Swapped, since assigning or clearing keeps the capacity.
  std::vector<Pending>().swap(requests_);
  std::string().swap(targets_);
  first_ = text_first_ = text_end_ = 0;
}

}  // namespace sidelight::http1
