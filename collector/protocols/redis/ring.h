// Ring: a first-in first-out queue in one block of memory, which grows by doubling. An empty one keeps a few
// elements' room, so that a connection with small pipelines never allocates, and gives the rest back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

namespace sidelight::redis {

template <class T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return slots_[(first_ + i) & (capacity_ - 1)]; }
  const T& operator[](size_t i) const { return slots_[(first_ + i) & (capacity_ - 1)]; }
  T& front() { return slots_[first_]; }
  T& back() { return (*this)[size_ - 1]; }

  // Appends a fresh element, which is returned.
  T& Push() {
    if (size_ == capacity_) Grow();
    ++size_;
    return back() = T();
  }
  void Pop(size_t n = 1) {
    first_ = n == 0 ? first_ : (first_ + n) & (capacity_ - 1);
    size_ -= n;
    if (size_ == 0 && capacity_ > kKept) Clear();
  }
  // Forgets all, and the memory too.
  void Clear() { *this = Ring(); }

 private:
  static constexpr size_t kFirst = 2;
  static constexpr size_t kKept = 32;

  void Grow() {
    const size_t capacity = std::max(kFirst, 2 * capacity_);
    auto slots = std::make_unique<T[]>(capacity);
    for (size_t i = 0; i < size_; ++i) slots[i] = (*this)[i];
    slots_ = std::move(slots);
    capacity_ = capacity;
    first_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  size_t capacity_ = 0;  // a power of two, or 0
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace sidelight::redis
